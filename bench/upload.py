#!/usr/bin/env python3
"""How fast is a 256 MiB upload with four digests and fsync, beside nginx WebDAV PUT with neither?

One curl at a time; both warmed up; alternating rounds; medians and ranges.
Run: dotnet build -c Release && python3 bench/upload.py
"""

import os
import statistics
import subprocess
import sys
import tempfile

from peers import Larder, Nginx, clean

ROUNDS = int(os.environ.get("ROUNDS", 5))
SIZE = 256 << 20


def put(file, url, headers=()):
    command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{speed_upload}", "--upload-file", file]
    for header in headers:
        command += ["-H", header]
    status, speed = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout.split()
    if status not in ("201", "204"):
        raise SystemExit(f"{url} answered {status}")
    return float(speed) / 1e6


def main():
    with tempfile.TemporaryDirectory(prefix="larder-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        nginx = Nginx(clean(folder + "/nginx"))
        larder = Larder(clean(folder + "/larder"))
        try:
            larder.set_up(nginx.origin)
            file = folder + "/body"
            token = "PRIVATE-TOKEN: " + Larder.TOKEN
            results = {"ours": [], "theirs": []}
            for round_ in range(ROUNDS + 1):
                with open(file, "wb") as body:  # new content each time: the same would be stored only once
                    body.write(os.urandom(1 << 20) * (SIZE >> 20))
                ours = put(file, f"{larder.generic}/bench/1.0.{round_}/body.bin", [token])
                theirs = put(file, f"{nginx.dav}/body-{round_}.bin")
                if round_ > 0:
                    results["ours"].append(ours)
                    results["theirs"].append(theirs)
            median = {who: statistics.median(rows) for who, rows in results.items()}
            print("| upload of 256 MiB | MB/s (range) |\n|---|---|")
            for who, name in (("ours", "Larder, four digests, fsync"), ("theirs", "nginx WebDAV PUT")):
                print(f"| {name} | {median[who]:.0f} ({min(results[who]):.0f}-{max(results[who]):.0f}) |")
            print(f"| ratio | {median['ours'] / median['theirs']:.2f} |")
            print(f"\nResident memory after the run: {larder.resident_mib():.0f} MiB.")
        finally:
            larder.stop()
            nginx.stop()


if __name__ == "__main__":
    sys.exit(main())
