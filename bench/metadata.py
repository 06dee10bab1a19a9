#!/usr/bin/env python3
"""How long does warm metadata take that is merged over five upstreams, beside one nginx that serves such a document from its cache?

Run: dotnet build -c Release && python3 bench/metadata.py
"""

import os
import sys
import tempfile

from peers import Larder, Nginx, clean
from warm_hits import ROUNDS, wrk


def document(number, versions):
    listed = "".join(f"<version>{number}.{i}</version>" for i in range(versions))
    return (f"<metadata><groupId>org.acme</groupId><artifactId>tool</artifactId><versioning><latest>{number}.1</latest>"
            f"<versions>{listed}</versions><lastUpdated>2026010{number}000000</lastUpdated></versioning></metadata>")


def main():
    with tempfile.TemporaryDirectory(prefix="larder-bench-") as folder:
        nginx = Nginx(clean(folder + "/nginx"))
        larder = Larder(clean(folder + "/larder"))
        try:
            for number in range(1, 6):
                path = nginx.files / f"{number}/org/acme/tool"
                path.mkdir(parents=True)
                (path / "maven-metadata.xml").write_text(document(number, 60))
            larder.set_up(nginx.origin + "/1")
            for number in range(2, 6):
                larder.call("POST", f"/virtual_registries/packages/maven/registries/{larder.registry}/upstreams",
                            {"url": f"{nginx.origin}/{number}", "name": str(number)})
            ours = (larder.maven + "/org/acme/tool/maven-metadata.xml", ["Private-Token: " + Larder.TOKEN])
            theirs = (nginx.cache + "/1/org/acme/tool/maven-metadata.xml", [])
            print("| warm metadata | req/s | p99 ms |\n|---|---|---|")
            rows = {"merged over 5 upstreams": [], "one document from nginx's cache": []}
            for target in (ours, theirs):
                wrk(*target, connections=16)
            for _ in range(ROUNDS):
                rows["merged over 5 upstreams"].append(wrk(*ours, connections=16))
                rows["one document from nginx's cache"].append(wrk(*theirs, connections=16))
            for name, results in rows.items():
                results.sort()
                rate, p99 = results[len(results) // 2]
                print(f"| {name} | {rate:,.0f} | {p99:.2f} |")
        finally:
            larder.stop()
            nginx.stop()


if __name__ == "__main__":
    sys.exit(main())
