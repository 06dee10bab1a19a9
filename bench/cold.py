#!/usr/bin/env python3
"""What does a cold artifact cost? First byte beside the upstream's own, and 100 clients on one cold 256 MiB file.

Run: dotnet build -c Release && python3 bench/cold.py
"""

import http.client
import os
import statistics
import sys
import tempfile
import threading
import time

from peers import Larder, Nginx, clean

FILES = int(os.environ.get("FILES", 200))
CLIENTS = int(os.environ.get("CLIENTS", 100))
LARGE = 256 << 20


def first_byte(connection, path, headers):
    started = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read(1)
    elapsed = time.perf_counter() - started
    assert answer.status == 200, answer.status
    answer.read()
    return elapsed * 1000


def drain(port, path, headers, results):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    started = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    length, buffer = 0, bytearray(1 << 20)
    while (count := answer.readinto(buffer)) > 0:
        length += count
    results.append((time.perf_counter() - started, length))


def main():
    with tempfile.TemporaryDirectory(prefix="larder-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        nginx = Nginx(clean(folder + "/nginx"))
        larder = Larder(clean(folder + "/larder"))
        try:
            larder.set_up(nginx.origin)
            token = {"Private-Token": Larder.TOKEN}
            base = larder.maven[len(larder.url):] + "/"
            (nginx.files / "org/acme/tool").mkdir(parents=True)
            for i in range(FILES + 20):
                (nginx.files / f"org/acme/tool/{i}.jar").write_bytes(os.urandom(64 << 10))
            ours = http.client.HTTPConnection("127.0.0.1", larder.port)
            theirs = http.client.HTTPConnection("127.0.0.1", nginx.origin_port)
            rows = []
            for i in range(FILES + 20):
                own = first_byte(theirs, f"/org/acme/tool/{i}.jar", {})
                cold = first_byte(ours, f"{base}org/acme/tool/{i}.jar", token)
                if i >= 20:  # warm up the code, not the files
                    rows.append((own, cold))
            own, cold = (statistics.median(row[k] for row in rows) for k in (0, 1))
            print("| cold 64 KiB, first byte | median ms |\n|---|---|")
            print(f"| upstream alone | {own:.2f} |\n| through Larder | {cold:.2f} |\n| beyond the upstream's own | {cold - own:.2f} |")

            with open(nginx.files / "org/acme/tool/large.bin", "wb") as body:
                for _ in range(LARGE >> 20):
                    body.write(os.urandom(1 << 20))
            before = larder.resident_mib()
            peak, done = [before], threading.Event()

            def watch():
                while not done.wait(0.05):
                    peak.append(larder.resident_mib())

            watcher = threading.Thread(target=watch)
            watcher.start()
            results = []
            clients = [threading.Thread(target=drain, args=(larder.port, base + "org/acme/tool/large.bin", token, results)) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            done.set()
            watcher.join()
            assert all(length == LARGE for _, length in results), results
            times = sorted(seconds for seconds, _ in results)
            print(f"\n{CLIENTS} clients on one cold 256 MiB file: first done after {times[0]:.1f} s, last after {times[-1]:.1f} s, "
                  f"slowest/median {times[-1] / statistics.median(times):.2f}; resident memory {before:.0f} MiB before, {max(peak):.0f} MiB at its peak.")
        finally:
            larder.stop()
            nginx.stop()


if __name__ == "__main__":
    sys.exit(main())
