#!/usr/bin/env python3
"""Does a page of packages cost the same in a project of 100,000 packages as in one of 100, and is a package with 10,000 files
deleted at once? On SQLite and on PostgreSQL, both throw-away.

The packages are made by SQL. One connection that is kept open, requests to both projects by turns, medians with the 5th and 95th
percentile. Run: dotnet build -c Release && python3 bench/listing.py
"""

import http.client
import os
import statistics
import sys
import time

from databases import on_both
from peers import Larder

PACKAGES = int(os.environ.get("PACKAGES", 100_000))
SMALL = 100
FILES = 10_000
REQUESTS = int(os.environ.get("REQUESTS", 300))
SHA256 = "0" * 64

QUERIES = {
    "first page": "",
    "of a type, as glab asks": "package_type=generic",
    "newest first": "sort=desc",
    "by name": "order_by=name",
    "by version": "order_by=version&sort=desc",
    "by type": "order_by=type",
    "hidden ones": "status=hidden",
    "one version": "package_version=1.0.50",
}


def fill(database, project, count):
    database.execute(f"""
        with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < {count})
        insert into packages (project_id, type, name, version, status, created_at, updated_at)
        select {project}, 'generic', 'app-' || (i % 1000), '1.0.' || i, case when i % 1000 = 7 then 'hidden' else 'default' end,
          1767000000000 + i * 1000, 1767000000000 from numbers""")


class Client:
    def __init__(self, larder):
        self.connection = http.client.HTTPConnection("127.0.0.1", larder.port)

    def ask(self, path, method="GET"):
        began = time.perf_counter()
        self.connection.request(method, "/api/v4" + path, headers={"PRIVATE-TOKEN": Larder.TOKEN})
        answer = self.connection.getresponse()
        answer.read()
        if answer.status not in (200, 204):
            raise SystemExit(f"{path} answered {answer.status}")
        return (time.perf_counter() - began) * 1000


def spread(times):
    rank = statistics.quantiles(times, n=20)
    return f"{statistics.median(times):.2f} ({rank[0]:.2f}-{rank[-1]:.2f})"


def measure(name, larder, database):
    group = larder.call("POST", "/groups", {"name": "bench", "path": "bench"})["id"]
    small, large = (larder.call("POST", "/projects", {"name": n, "path": n, "namespace_id": group})["id"] for n in ("small", "large"))
    fill(database, small, SMALL)
    fill(database, large, PACKAGES)
    if database.connection:
        database.execute("vacuum analyze packages")  # what autovacuum does a minute later
    client = Client(larder)
    for label, query in QUERIES.items():
        times = {small: [], large: []}
        for i in range(REQUESTS + 20):
            for project, found in times.items():
                took = client.ask(f"/projects/{project}/packages?{query}")
                if i >= 20:
                    found.append(took)
        ratio = statistics.median(times[large]) / statistics.median(times[small])
        print(f"| {name} | {label} | {spread(times[small])} | {spread(times[large])} | {ratio:.2f} |", flush=True)
    for label, path in (("page 4,000", f"/projects/{large}/packages?page=4000"), ("part of a name", f"/projects/{large}/packages?package_name=app-7"),
                        ("its group", f"/groups/{group}/packages")):
        print(f"| {name} | {label} | | {spread([client.ask(path) for _ in range(40)])} | |", flush=True)
    database.execute(f"insert into blobs (sha256, length, md5, sha1, sha512, created_at) values ('{SHA256}', 0, '', '', '', 0)")
    took = []
    for i in range(1, 6):
        package = f"(select max(id) from packages where project_id = {large} and version = '1.0.{i}')"
        database.execute(f"""
            with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < {FILES})
            insert into package_files (package_id, file_name, sha256, size, status, created_at, updated_at)
            select {package}, 'file-' || i, '{SHA256}', 0, 'default', 0, 0 from numbers""")
        found = larder.call("GET", f"/projects/{large}/packages?package_version=1.0.{i}")[0]["id"]
        took.append(client.ask(f"/projects/{large}/packages/{found}", "DELETE"))
    print(f"| {name} | delete a package of {FILES:,} files | | {statistics.median(took):.2f} ({min(took):.2f}-{max(took):.2f}) | |", flush=True)


def main():
    print(f"| database | what | {SMALL} packages, ms | {PACKAGES:,} packages, ms | ratio |\n|---|---|---|---|---|")
    on_both(measure)


if __name__ == "__main__":
    sys.exit(main())
