#!/usr/bin/env python3
"""How many cached artifacts a second does Larder serve, with the token checked, beside nginx proxy_cache without one?

Two cores for client and server together; wrk with one thread and 64 connections; both warmed up; alternating rounds;
medians and ranges. Run: dotnet build -c Release && python3 bench/warm_hits.py
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile

from peers import Larder, Nginx, clean

SIZES = {"2 KiB": 2 << 10, "64 KiB": 64 << 10, "1 MiB": 1 << 20}
ROUNDS = int(os.environ.get("ROUNDS", 5))
SECONDS = int(os.environ.get("SECONDS_EACH", 5))


def wrk(url, headers=(), connections=64):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(out)
    unit = {"us": 0.001, "ms": 1, "s": 1000}
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), float(p99[1]) * unit[p99[2]]


def main():
    with tempfile.TemporaryDirectory(prefix="larder-bench-") as folder:
        nginx = Nginx(clean(folder + "/nginx"))
        larder = Larder(clean(folder + "/larder"))
        try:
            larder.set_up(nginx.origin)
            token = "Private-Token: " + Larder.TOKEN
            print("| size | Larder req/s (range) | nginx req/s (range) | ratio | Larder p99 ms | nginx p99 ms |")
            print("|---|---|---|---|---|---|")
            for name, size in SIZES.items():
                path = f"org/acme/tool/1.0/tool-{size}.jar"
                (nginx.files / path).parent.mkdir(parents=True, exist_ok=True)
                (nginx.files / path).write_bytes(os.urandom(size))
                ours, theirs = (larder.maven + "/" + path, [token]), (nginx.cache + "/" + path, [])
                for target in (ours, theirs):
                    wrk(*target)
                results = {"ours": [], "theirs": []}
                for _ in range(ROUNDS):
                    results["ours"].append(wrk(*ours))
                    results["theirs"].append(wrk(*theirs))
                rate = {who: statistics.median(r for r, _ in rows) for who, rows in results.items()}
                p99 = {who: statistics.median(p for _, p in rows) for who, rows in results.items()}
                spread = {who: f"{rate[who]:,.0f} ({min(r for r, _ in rows):,.0f}-{max(r for r, _ in rows):,.0f})" for who, rows in results.items()}
                print(f"| {name} | {spread['ours']} | {spread['theirs']} | {rate['ours'] / rate['theirs']:.2f} "
                      f"| {p99['ours']:.2f} | {p99['theirs']:.2f} |", flush=True)
            print(f"\nResident memory after the run: {larder.resident_mib():.0f} MiB; start to ready: {larder.seconds_to_ready:.2f} s.")
        finally:
            larder.stop()
            nginx.stop()


if __name__ == "__main__":
    sys.exit(main())
