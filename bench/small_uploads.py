#!/usr/bin/env python3
"""How many small durable uploads a second, beside one fsync for each, one after the other, on the same disk?

1,000 files of 4 KiB by 16 clients; the yardstick writes, syncs and renames the same files, each by itself.
Run: dotnet build -c Release && python3 bench/small_uploads.py
"""

import http.client
import os
import sys
import tempfile
import threading
import time

from peers import Larder, Nginx, clean

UPLOADS, CLIENTS, SIZE = 1000, 16, 4096


def yardstick(folder):
    started = time.perf_counter()
    for i in range(UPLOADS):
        descriptor = os.open(f"{folder}/{i}.new", os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, os.urandom(SIZE))
        os.fsync(descriptor)
        os.close(descriptor)
        os.rename(f"{folder}/{i}.new", f"{folder}/{i}")
    return UPLOADS / (time.perf_counter() - started)


def upload(port, base, numbers):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for i in numbers:
        connection.request("PUT", f"{base}/{i}.bin", os.urandom(SIZE), {"PRIVATE-TOKEN": Larder.TOKEN})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 201, answer.status


def larder_rate(larder, version):
    base = f"{larder.generic[len(larder.url):]}/bench/{version}"
    clients = [threading.Thread(target=upload, args=(larder.port, base, range(k, UPLOADS, CLIENTS))) for k in range(CLIENTS)]
    started = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return UPLOADS / (time.perf_counter() - started)


def main():
    with tempfile.TemporaryDirectory(prefix="larder-bench-", dir=os.path.abspath(os.environ.get("BENCH_DIR", "."))) as folder:
        nginx = Nginx(clean(folder + "/nginx"))
        larder = Larder(clean(folder + "/larder"))
        try:
            larder.set_up(nginx.origin)
            larder_rate(larder, "warm-up")
            rows = []
            for i in range(5):
                rows.append((larder_rate(larder, f"1.{i}"), yardstick(clean(f"{folder}/yardstick"))))
            ours, theirs = (sorted(row[k] for row in rows) for k in (0, 1))
            print("| 4 KiB uploads, each durable | a second (range) |\n|---|---|")
            print(f"| Larder, 16 clients | {ours[2]:.0f} ({ours[0]:.0f}-{ours[-1]:.0f}) |")
            print(f"| one fsync for each, one after the other | {theirs[2]:.0f} ({theirs[0]:.0f}-{theirs[-1]:.0f}) |")
            print(f"| ratio | {ours[2] / theirs[2]:.2f} |")
        finally:
            larder.stop()
            nginx.stop()


if __name__ == "__main__":
    sys.exit(main())
