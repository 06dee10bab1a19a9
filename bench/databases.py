"""The databases that a benchmark runs Larder on, both throw-away, with a way to fill them by SQL."""

import glob
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import time

from peers import Larder, free_port


class Postgres:
    """A private cluster in a folder."""

    def __init__(self, folder):
        binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.run = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        self.port = free_port()
        pathlib.Path(folder).mkdir()
        if self.run:
            os.chmod(pathlib.Path(folder).parent, 0o755)
            subprocess.run(["chown", "postgres:postgres", folder], check=True)
        subprocess.run(self.run + [f"{binaries}/initdb", "-D", f"{folder}/data", "-U", "larder", "-A", "trust", "--no-locale", "-E", "UTF8"],
                       check=True, stdout=subprocess.DEVNULL, cwd=folder)
        self.process = subprocess.Popen(
            self.run + [f"{binaries}/postgres", "-D", f"{folder}/data", "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
                        "-c", "unix_socket_directories="], stderr=subprocess.DEVNULL, cwd=folder)
        while subprocess.run([f"{binaries}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False).returncode:
            time.sleep(0.1)
        self.execute("create database larder", "postgres")

    connection = property(lambda self: f"Host=127.0.0.1;Port={self.port};Username=larder;Database=larder")

    def execute(self, sql, database="larder"):
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "larder", "-d", database, "-c", sql],
                       check=True)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Sqlite:
    """The file of a running Larder."""

    connection = ""

    def __init__(self, folder):
        self.file = f"{folder}/larder.db"

    def execute(self, sql):
        with sqlite3.connect(self.file, timeout=60) as connection:
            connection.execute(sql)

    def stop(self):
        pass


def on_both(measure):
    """Calls measure(name, larder, database) for a fresh Larder on each of the two."""
    for name, kind in (("SQLite", Sqlite), ("PostgreSQL", Postgres)):
        with tempfile.TemporaryDirectory(prefix="larder-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
            data = folder + "/larder"
            os.mkdir(data)
            database = kind(data if kind is Sqlite else folder + "/postgres")
            larder = Larder(data, {"Larder__Database": database.connection})
            try:
                measure(name, larder, database)
            finally:
                larder.stop()
                database.stop()
