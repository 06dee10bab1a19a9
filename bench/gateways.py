"""The bucket that a benchmark runs Larder on: the tests' Ceph gateway, with all its data in memory."""

import base64
import email.utils
import hmac
import os
import pathlib
import shutil
import subprocess
import time
import urllib.request

from peers import ROOT, free_port, wait_for


class Gateway:
    """One Ceph with an S3 gateway, and an empty bucket in it."""

    KEY, SECRET, BUCKET = "larder", "larder-secret", "bench"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.url = f"http://127.0.0.1:{free_port()}"
        script = ROOT / "tests/Larder.Testing/ceph-gateway.sh"
        self.process = subprocess.Popen(
            ["bash", str(script), str(folder), str(free_port()), self.url.rsplit(":", 1)[1], str(os.getpid())],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.url, 120)
        self.make_bucket()

    def make_bucket(self):
        date = email.utils.formatdate(usegmt=True)
        signature = hmac.digest(self.SECRET.encode(), f"PUT\n\n\n{date}\n/{self.BUCKET}".encode(), "sha1")  # version 2 of S3's signatures
        request = urllib.request.Request(f"{self.url}/{self.BUCKET}", method="PUT", headers={
            "Date": date, "Authorization": f"AWS {self.KEY}:{base64.b64encode(signature).decode()}"})
        with urllib.request.urlopen(request):
            pass

    @property
    def environment(self):
        names = {"ServiceUrl": self.url, "Bucket": self.BUCKET, "AccessKey": self.KEY, "SecretKey": self.SECRET, "ForcePathStyle": "true"}
        return {"Larder__Blobs__Kind": "S3", **{f"Larder__Blobs__S3__{name}": value for name, value in names.items()}}

    def stop(self):
        self.process.terminate()
        self.process.wait()
        time.sleep(0.2)
        shutil.rmtree(self.folder, ignore_errors=True)
