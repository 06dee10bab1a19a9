#!/usr/bin/env python3
"""What do PostgreSQL and S3 cost a cached artifact beside SQLite and a folder, and what does a second node on the same cores bring?

Two cores for clients and servers together; 64 connections to one node, or 32 to each of two at once; all warmed up;
alternating rounds; medians and ranges. Run: dotnet build -c Release && python3 bench/nodes.py
"""

import concurrent.futures
import os
import statistics
import sys
import tempfile

from databases import Postgres
from gateways import Gateway
from peers import Larder, Nginx, clean
from warm_hits import ROUNDS, SIZES, wrk


def rate(nodes, path, registry):
    """Requests a second of all these nodes together, and the worst 99th percentile in ms."""
    token = "Private-Token: " + Larder.TOKEN
    with concurrent.futures.ThreadPoolExecutor() as pool:
        rows = list(pool.map(lambda node: wrk(f"{node.url}/api/v4/virtual_registries/packages/maven/{registry}/{path}", [token], 64 // len(nodes)), nodes))
    return sum(row[0] for row in rows), max(row[1] for row in rows)


def main():
    with tempfile.TemporaryDirectory(prefix="larder-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        running = []

        def begin(part):
            running.append(part)
            return part

        try:
            nginx = begin(Nginx(clean(folder + "/nginx")))
            postgres, gateway = begin(Postgres(folder + "/postgres")), begin(Gateway(folder + "/ceph"))
            shared = {"Larder__Database": postgres.connection, **gateway.environment}
            alone = begin(Larder(clean(folder + "/alone")))
            first, second = (begin(Larder(clean(f"{folder}/{name}"), shared)) for name in ("first", "second"))
            alone.set_up(nginx.origin)
            first.set_up(nginx.origin)  # the second node has it from the database
            setups = {"SQLite, folder": ([alone], alone.registry), "PostgreSQL, S3": ([first], first.registry),
                      "two nodes": ([first, second], first.registry)}
            print("| size | setup | req/s (range) | to SQLite, folder | to one node | p99 ms |\n|---|---|---|---|---|---|")
            for name, size in SIZES.items():
                path = f"org/acme/tool/1.0/tool-{size}.jar"
                (nginx.files / path).parent.mkdir(parents=True, exist_ok=True)
                (nginx.files / path).write_bytes(os.urandom(size))
                for nodes, registry in setups.values():  # cold: the gateway makes its pools at the first object, which takes seconds
                    for node in nodes:
                        node.fetch(registry, path)
                results = {setup: [] for setup in setups}
                for round_ in range(ROUNDS + 1):  # the first one warms up
                    for setup, (nodes, registry) in setups.items():
                        row = rate(nodes, path, registry)
                        if round_ > 0:
                            results[setup].append(row)
                median = {setup: statistics.median(r for r, _ in rows) for setup, rows in results.items()}
                for setup, rows in results.items():
                    to_one = f"{median[setup] / median['PostgreSQL, S3']:.2f}" if setup == "two nodes" else ""
                    print(f"| {name} | {setup} | {median[setup]:,.0f} ({min(r for r, _ in rows):,.0f}-{max(r for r, _ in rows):,.0f}) "
                          f"| {median[setup] / median['SQLite, folder']:.2f} | {to_one} | {statistics.median(p for _, p in rows):.2f} |", flush=True)
        finally:
            for part in reversed(running):
                part.stop()


if __name__ == "__main__":
    sys.exit(main())
