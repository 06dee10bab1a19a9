#!/usr/bin/env python3
"""Does an upload through Larder to S3 keep up with AWSSDK's PutObject of the same file alone?

256 MiB, five times each, alternating; the gateway is Ceph on memory, on the same two cores. Larder digests, spools to the disk and
then sends; the yardstick only sends. Each file has bytes of its own: the same content would not be sent twice.
Run: dotnet build -c Release && python3 bench/s3_upload.py
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from databases import Postgres
from gateways import Gateway
from peers import ROOT, Larder, clean

SIZE = 256 << 20
TIMES = 5


def make(path):
    with open(path, "wb") as file:
        for _ in range(SIZE >> 20):
            file.write(os.urandom(1 << 20))


def through_larder(larder, path, number):
    started = time.monotonic()
    status = subprocess.run(
        ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--header", "PRIVATE-TOKEN: " + Larder.TOKEN,
         "--upload-file", path, f"{larder.generic}/big/1.0/file-{number}.bin"], capture_output=True, text=True, check=True).stdout
    if status != "201":
        raise SystemExit(f"the upload was answered {status}")
    return time.monotonic() - started


def main():
    with tempfile.TemporaryDirectory(prefix="larder-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        running = []

        def begin(part):
            running.append(part)
            return part

        try:
            postgres, gateway = begin(Postgres(folder + "/postgres")), begin(Gateway(folder + "/ceph"))
            larder = begin(Larder(clean(folder + "/larder"), {"Larder__Database": postgres.connection, **gateway.environment}))
            larder.set_up("http://127.0.0.1:1")
            s3 = {name.rsplit("__", 1)[1]: value for name, value in gateway.environment.items()}
            path = folder + "/file"
            yardstick = ["dotnet", "run", "--configuration", "Release", str(ROOT / "bench/s3put.cs"), "--",
                         s3["ServiceUrl"], s3["Bucket"], s3["AccessKey"], s3["SecretKey"], path, "1"]
            ours, alone = [], []
            for number in range(TIMES + 1):  # the first one warms up
                make(path)
                seconds = through_larder(larder, path, number)
                direct = float(subprocess.run(yardstick, capture_output=True, text=True, check=True).stdout.split()[-1])
                if number > 0:
                    ours.append(seconds)
                    alone.append(direct)
            print("| | seconds (range) | MB/s | ratio |\n|---|---|---|---|")
            for name, rows in (("Larder, to S3", ours), ("PutObject of AWSSDK", alone)):
                median = statistics.median(rows)
                ratio = f"{statistics.median(alone) / median:.2f}"
                print(f"| {name} | {median:.2f} ({min(rows):.2f}-{max(rows):.2f}) | {SIZE / median / 1e6:,.0f} | {ratio} |")
        finally:
            for part in reversed(running):
                part.stop()


if __name__ == "__main__":
    sys.exit(main())
