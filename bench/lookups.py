#!/usr/bin/env python3
"""Does a download cost the same beside 1,000,000 cache entries as beside 1,000, and what do listing and searching them cost? On
SQLite and on PostgreSQL, both throw-away.

Every request asks for another file, so that each one reaches the database. The rows are made by SQL.
Run: dotnet build -c Release && python3 bench/lookups.py
"""

import hashlib
import http.client
import os
import statistics
import sys
import tempfile
import time

from databases import Postgres, Sqlite
from peers import Larder

FEW, MANY = 1_000, int(os.environ.get("ENTRIES", 1_000_000))
REQUESTS = int(os.environ.get("REQUESTS", 900))
BODY = b"bytes of a cached file"


def fill(database, upstream, sha256, first, last):
    database.execute(f"""
        with recursive numbers (i) as (select {first} union all select i + 1 from numbers where i < {last})
        insert into maven_cache_entries (upstream_id, relative_path, sha256, size, content_type, upstream_checked_at,
          downloads_count, downloaded_at, created_at, updated_at)
        select {upstream}, '/org/acme/' || (i % 997) || '/tool-' || i || '/1.0/tool-' || i || '-1.0.jar', '{sha256}', {len(BODY)},
          'application/java-archive', {int(time.time() * 1000)}, 0, 0, 0, 0 from numbers""")


def ask(connection, path):
    began = time.perf_counter()
    connection.request("GET", "/api/v4" + path, headers={"PRIVATE-TOKEN": Larder.TOKEN})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path} answered {answer.status}")
    return (time.perf_counter() - began) * 1000


def lookups(larder, connection, count, salt):
    # Files all over the range, none of them twice.
    step = max(1, count // REQUESTS)
    times = []
    for i in range(1, REQUESTS + 1):
        n = (i * step + salt) % count + 1
        path = f"/org/acme/{n % 997}/tool-{n}/1.0/tool-{n}-1.0.jar"
        times.append(ask(connection, f"/virtual_registries/packages/maven/{larder.registry}{path}"))
    return times[len(times) // 10:]


def row(name, what, few, many):
    ratio = statistics.median(many) / statistics.median(few)
    p99 = [statistics.quantiles(times, n=100)[98] for times in (few, many)]
    print(f"| {name} | {what} | {statistics.median(few):.2f}, p99 {p99[0]:.2f} | {statistics.median(many):.2f}, p99 {p99[1]:.2f} | {ratio:.2f} |", flush=True)


def measure(name, larder, database):
    larder.set_up("http://127.0.0.1:9")  # nobody is asked: everything is cached
    registry = larder.call("GET", f"/virtual_registries/packages/maven/registries/{larder.registry}")
    upstream = registry["registry_upstreams"][0]["upstream_id"]
    # One blob, stored as a package, stands behind all entries.
    connection = http.client.HTTPConnection("127.0.0.1", larder.port)
    connection.request("PUT", f"/api/v4/projects/{larder.project}/packages/generic/bench/1/file.jar", BODY, {"PRIVATE-TOKEN": Larder.TOKEN})
    answer = connection.getresponse()
    answer.read()
    sha256 = hashlib.sha256(BODY).hexdigest()
    entries = f"/virtual_registries/packages/maven/upstreams/{upstream}/cache_entries"
    queries = {"list, first page": "per_page=20", "list by keyset": "per_page=20&pagination=keyset", "search, one word that all have": "search=tool",
               "search, a word that one has": "search=tool-77-1.0.jar"}
    fill(database, upstream, sha256, 1, FEW)
    lookups(larder, connection, FEW, 0)  # warms up the program
    time.sleep(6)                        # and lets its memory of hits lapse
    few = lookups(larder, connection, FEW, 0)
    few_listed = {what: [ask(connection, f"{entries}?{query}") for _ in range(20)] for what, query in queries.items()}
    fill(database, upstream, sha256, FEW + 1, MANY)
    if database.connection:
        database.execute("vacuum analyze maven_cache_entries")  # what autovacuum does a minute later
    row(name, "download", few, lookups(larder, connection, MANY, 7))
    for what, query in queries.items():
        row(name, what, few_listed[what], [ask(connection, f"{entries}?{query}") for _ in range(20)])


def main():
    print(f"| database | what | {FEW:,} entries, ms | {MANY:,} entries, ms | ratio of medians |\n|---|---|---|---|---|")
    for name, kind in (("SQLite", Sqlite), ("PostgreSQL", Postgres)):
        with tempfile.TemporaryDirectory(prefix="larder-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
            database = kind(f"{folder}/database" if kind is Postgres else folder)
            larder = Larder(folder, {"Larder__Database": database.connection} if database.connection else {})
            try:
                measure(name, larder, database)
            finally:
                larder.stop()
                database.stop()


if __name__ == "__main__":
    sys.exit(main())
