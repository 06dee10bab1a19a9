#!/usr/bin/env python3
"""Does a sweep of a million blobs slow downloads down?

SQLite and a folder. A million rows of blobs that nothing names, their grace long over, and a small file for each; then 64 KiB of a
cached artifact are asked for by 8 connections, at rest and while the sweep runs. Sweeps begin by themselves when their lease is
made due. Run: dotnet build -c Release && python3 bench/sweep.py [BLOBS]
"""

import hashlib
import os
import sqlite3
import statistics
import sys
import tempfile
import time

from peers import Larder, Nginx, clean
from warm_hits import wrk

CONNECTIONS = 8


def seed(folder, count):
    """Rows and files; a file is named by a digest that is not its own, which nobody asks about here."""
    old = int((time.time() - 90 * 86400) * 1000)
    database = sqlite3.connect(f"{folder}/larder.db")
    columns = [row[1] for row in database.execute("pragma table_info(blobs)")]
    values = {"md5": "0" * 32, "sha1": "0" * 40, "sha512": "0" * 128, "length": 1, "created_at": old, "unused_since": old}
    marks = ", ".join("?" for _ in columns)
    for first in range(0, count, 50_000):
        digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(first, min(count, first + 50_000))]
        database.executemany(f"insert into blobs ({', '.join(columns)}) values ({marks})",
                             [[digest if column == "sha256" else values[column] for column in columns] for digest in digests])
        database.commit()
        for digest in digests:
            path = f"{folder}/blobs/sha256/{digest[:2]}/{digest}"
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            os.utime(path, (old / 1000, old / 1000))
    database.close()


def left(folder):
    with sqlite3.connect(f"file:{folder}/larder.db?mode=ro", uri=True, timeout=30) as database:
        return database.execute("select count(*) from blobs where unused_since is not null").fetchone()[0]


def is_running(folder):
    with sqlite3.connect(f"file:{folder}/larder.db?mode=ro", uri=True, timeout=30) as database:
        return database.execute("select holder from leases where name = 'sweep'").fetchone()[0] is not None


def main(count):
    with tempfile.TemporaryDirectory(prefix="larder-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        nginx, data = Nginx(clean(folder + "/nginx")), clean(folder + "/data")
        larder = Larder(data)
        try:
            path = "org/acme/tool/1.0/tool-65536.jar"
            (nginx.files / path).parent.mkdir(parents=True, exist_ok=True)
            (nginx.files / path).write_bytes(os.urandom(65536))
            larder.set_up(nginx.origin)
            registry = larder.registry
            larder.stop()
            seed(data, count)
            with sqlite3.connect(f"{data}/larder.db") as database:  # not yet: first the figures at rest
                database.executemany("insert or replace into leases (name, holder, held_until, next_run_at) values (?, null, 0, ?)",
                                     [(name, int((time.time() + 86400) * 1000)) for name in ("sweep", "orphan_sweep")])
            larder = Larder(data)
            larder.registry = registry
            url, headers = f"{larder.maven}/{path}", ["Private-Token: " + Larder.TOKEN]
            for _ in range(5):  # until the program is compiled for good
                wrk(url, headers, CONNECTIONS)
            rest = [wrk(url, headers, CONNECTIONS) for _ in range(15)]
            with sqlite3.connect(f"{data}/larder.db", timeout=30) as database:
                database.execute("update leases set next_run_at = 0 where name = 'sweep'")
            before = left(data)
            while not is_running(data):
                time.sleep(0.2)
            swept, started = [], time.monotonic()
            while left(data) > 0 and len(swept) < 60:
                swept.append(wrk(url, headers, CONNECTIONS))
            seconds, gone = time.monotonic() - started, before - left(data)
            print("| | req/s | p99 ms |\n|---|---|---|")
            for name, rows in (("at rest", rest), ("while sweeping", swept)):
                print(f"| {name} | {statistics.median(r for r, _ in rows):,.0f} | {statistics.median(p for _, p in rows):.2f} |")
            print(f"\np99 while sweeping / at rest: {statistics.median(p for _, p in swept) / statistics.median(p for _, p in rest):.2f}; "
                  f"{gone:,} of {count:,} blobs went in {seconds:.0f} s")
        finally:
            larder.stop()
            nginx.stop()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
