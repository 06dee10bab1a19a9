#!/usr/bin/env python3
"""How long does the server take for each of its pages with 100,000 packages and 1,000,000 cache entries? On SQLite and on
PostgreSQL, both throw-away. Target: below 100 ms.

The rows are made by SQL. An administrator signs in as a person does; from the first page on every link is followed, one of each
shape, and each page found is asked for again and again over one connection. Run: dotnet build -c Release && python3 bench/pages.py
ONLY, a regular expression, leaves the other pages out: ONLY='search=|audit' bench/pages.py
"""

import hashlib
import http.client
import os
import re
import statistics
import sys
import time
import urllib.parse

from databases import on_both
from html import unescape
from peers import Larder

PACKAGES = int(os.environ.get("PACKAGES", 100_000))
ENTRIES = int(os.environ.get("ENTRIES", 1_000_000))
EVENTS = 100_000
REQUESTS = int(os.environ.get("REQUESTS", 100))
ONLY = os.environ.get("ONLY", "")
MOST_PAGES = 90
TARGET = 100
BODY = b"bytes of a file"

# What no link leads to.
FORMS = ["/?search=app-77", "/?search=nothing-like-it", "/?search=a", "/bench/bench?search=app-77&order_by=version", "/bench/bench?page=4000",
         "/bench/bench/-/settings/cleanup?keep_n_duplicated_package_files=1&delete_generic_packages_not_downloaded_in_days=30",
         "/bench/bench/-/settings/cleanup?keep_n_duplicated_package_files=1", "/-/admin/audit?who=root&what=package_file_published&from=2026-01-01", "/-/admin/audit?where=bench/bench&before=50000"]


class Browser:
    def __init__(self, larder):
        self.connection = http.client.HTTPConnection("127.0.0.1", larder.port)
        self.cookies = {}
        self.location = None

    def ask(self, path, body=None):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        began = time.perf_counter()
        self.connection.request("POST" if body else "GET", path, urllib.parse.urlencode(body) if body else None, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        took = (time.perf_counter() - began) * 1000
        self.location = answer.headers.get("Location")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer.status, text, took

    def sign_in(self):
        _, form, _ = self.ask("/-/sign_in")
        token = re.search(r'name="form_token" value="([^"]+)"', form)[1]
        status, _, _ = self.ask("/-/sign_in", {"form_token": token, "token": Larder.TOKEN})
        if status != 303:
            raise SystemExit(f"signing in answered {status}")


def fill(database, larder):
    larder.set_up("http://127.0.0.1:9")  # nobody is asked
    registry = larder.call("GET", f"/virtual_registries/packages/maven/registries/{larder.registry}")
    upstream = registry["registry_upstreams"][0]["upstream_id"]
    connection = http.client.HTTPConnection("127.0.0.1", larder.port)
    project = larder.project
    connection.request("PUT", f"/api/v4/projects/{project}/packages/generic/real/1/file.jar", BODY, {"PRIVATE-TOKEN": Larder.TOKEN})
    connection.getresponse().read()
    sha256 = hashlib.sha256(BODY).hexdigest()
    numbers = "with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < {})"
    for sql in (
        f"""{numbers.format(PACKAGES)} insert into packages (project_id, type, name, version, status, created_at, updated_at)
            select {project}, 'generic', 'app-' || (i % 20000), '1.0.' || i, 'default', 1767000000000 + i * 1000, 1767000000000 from numbers""",
        f"""insert into package_names (project_id, name, name_key) select distinct project_id, name, lower(name) from packages
            where project_id = {project} and name <> 'real'""",
        f"""insert into package_files (package_id, file_name, sha256, size, status, created_at, updated_at)
            select id, 'file.jar', '{sha256}', {len(BODY)}, 'default', 0, 0 from packages where project_id = {project} and name <> 'real'""",
        f"""{numbers.format(ENTRIES)} insert into maven_cache_entries (upstream_id, relative_path, sha256, size, content_type,
              upstream_checked_at, downloads_count, downloaded_at, created_at, updated_at)
            select {upstream}, '/org/acme/' || (i % 997) || '/tool-' || i || '/1.0/tool-' || i || '-1.0.jar', '{sha256}', {len(BODY)},
              'application/java-archive', 0, 0, i, 0, 0 from numbers""",
        f"""{numbers.format(EVENTS)} insert into audit_events (created_at, event_name, author_id, author_name, entity_type, entity_id,
              entity_path, target, parameters, ip_address)
            select 1767000000000 + i * 1000, 'package_file_published', 1, 'root', 'Project', {project}, 'bench/bench', 'PUT', '{{}}', '' from numbers""",
    ):
        database.execute(sql)
    if database.connection:
        database.execute("vacuum analyze")  # what autovacuum does a minute later


def shape(address):
    path, _, query = address.partition("?")
    names = sorted(name for name, _ in urllib.parse.parse_qsl(query))
    return re.sub(r"(?<=/)\d+", "N", path), tuple(names)


def crawl(browser):
    waiting, seen, found = ["/", "/bench", "/bench/bench", "/-/admin", *FORMS], set(), []
    while waiting and len(found) < MOST_PAGES:
        address = waiting.pop(0)
        key = address if address in FORMS else shape(address)
        if key in seen:
            continue
        seen.add(key)
        status, text, _ = browser.ask(address)
        if status == 303:
            waiting.append(browser.location)
        if status != 200 or "<html" not in text[:200]:
            continue
        found.append(address)
        for link in re.findall(r'href="(/[^"#]*)"', text):
            link = unescape(link)
            if not link.startswith(("/-/assets/", "/-/api", "/-/sign_")):
                waiting.append(link)
    return found


def measure(name, larder, database):
    fill(database, larder)
    browser = Browser(larder)
    browser.sign_in()
    pages = [address for address in crawl(browser) if re.search(ONLY, address)]
    slow = 0
    for address in pages:
        times = [browser.ask(address)[2] for _ in range(REQUESTS + 5)][5:]
        p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
        slow += p99 > TARGET
        print(f"| {name} | `{address}` | {p50:.1f} | {p99:.1f}{' !' if p99 > TARGET else ''} |", flush=True)
    print(f"| {name} | {len(pages)} pages, above {TARGET} ms: {slow} | | |", flush=True)


def main():
    print("| database | page | p50, ms | p99, ms |\n|---|---|---|---|")
    on_both(measure)


if __name__ == "__main__":
    sys.exit(main())
