"""Starts Larder and its peers on loopback, each in a folder of its own, and stops them again."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(url, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing answers at {url}")


class Nginx:
    """One nginx with two servers: an origin that serves a folder and takes WebDAV PUTs, and a cache in front of it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.files = self.folder / "files"
        for name in ("files", "cache", "put", "temp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.origin_port, self.cache_port, self.dav_port = free_port(), free_port(), free_port()
        temp = "".join(f"{kind}_temp_path {self.folder}/temp/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(f"""
            daemon off; user root; pid {self.folder}/pid; error_log {self.folder}/error.log; worker_processes 2;
            events {{ worker_connections 4096; }}
            http {{
              access_log off; sendfile on; keepalive_requests 1000000; client_max_body_size 0;
              client_body_temp_path {self.folder}/put/.temp; {temp}
              proxy_cache_path {self.folder}/cache levels=1:2 keys_zone=c:50m;
              server {{ listen 127.0.0.1:{self.origin_port}; root {self.files}; }}
              server {{ listen 127.0.0.1:{self.cache_port};
                location / {{ proxy_pass http://127.0.0.1:{self.origin_port}; proxy_cache c; proxy_cache_valid 200 1h; proxy_cache_lock on; }} }}
              server {{ listen 127.0.0.1:{self.dav_port}; root {self.folder}/put; dav_methods PUT; create_full_put_path on; }}
            }}""")
        self.process = subprocess.Popen(["nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)])
        wait_for(self.origin)

    origin = property(lambda self: f"http://127.0.0.1:{self.origin_port}")
    cache = property(lambda self: f"http://127.0.0.1:{self.cache_port}")
    dav = property(lambda self: f"http://127.0.0.1:{self.dav_port}")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Larder:
    """The Release build, on SQLite and a folder, with one registry in front of an upstream and one project."""

    TOKEN = "glpat-benchmark-token-0123456789"

    def __init__(self, folder, environment=None):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        binary = ROOT / "artifacts/bin/Larder.Server/release/larder.dll"
        if not binary.exists():
            raise SystemExit("build first: dotnet build -c Release")
        started = time.monotonic()
        self.process = subprocess.Popen(
            ["dotnet", str(binary), "--urls", self.url], stdout=subprocess.DEVNULL,
            env=dict(os.environ, Larder__DataDirectory=str(self.folder), Larder__InitialRootToken=self.TOKEN,
                     Larder__Upstreams__AllowedHosts__0="127.0.0.1", **(environment or {})))
        wait_for(self.url + "/-/readiness")
        self.seconds_to_ready = time.monotonic() - started

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + "/api/v4" + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"PRIVATE-TOKEN": self.TOKEN, "Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def fetch(self, registry, path):
        request = urllib.request.Request(f"{self.url}/api/v4/virtual_registries/packages/maven/{registry}/{path}", headers={"PRIVATE-TOKEN": self.TOKEN})
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def set_up(self, upstream):
        group = self.call("POST", "/groups", {"name": "bench", "path": "bench"})["id"]
        self.project = self.call("POST", "/projects", {"name": "bench", "path": "bench", "namespace_id": group})["id"]
        self.registry = self.call("POST", f"/groups/{group}/-/virtual_registries/packages/maven/registries", {"name": "bench"})["id"]
        self.call("POST", f"/virtual_registries/packages/maven/registries/{self.registry}/upstreams", {"url": upstream, "name": "origin"})

    maven = property(lambda self: f"{self.url}/api/v4/virtual_registries/packages/maven/{self.registry}")
    generic = property(lambda self: f"{self.url}/api/v4/projects/{self.project}/packages/generic")

    def resident_mib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0

    def stop(self):
        self.process.terminate()
        self.process.wait()


def clean(folder):
    shutil.rmtree(folder, ignore_errors=True)
    pathlib.Path(folder).mkdir(parents=True)
    return folder
