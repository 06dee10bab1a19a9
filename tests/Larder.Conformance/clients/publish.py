"""python-gitlab publishes, lists and fetches: python3 publish.py URL TOKEN"""

import hashlib
import sys
import tempfile

import gitlab

url, token, name = sys.argv[1:4]
gl = gitlab.Gitlab(url, private_token=token)
gl.auth()
assert gl.user.username == "root", gl.user

group = gl.groups.create({"name": name, "path": name})
project = gl.projects.create({"name": "tools", "namespace_id": group.id})
assert gl.projects.get(f"{name}/tools").id == project.id

content = b"what python-gitlab publishes\n" * 1000
with tempfile.NamedTemporaryFile(suffix=".bin") as file:
    file.write(content)
    file.flush()
    answer = project.generic_packages.upload(
        package_name="hello-world", package_version="v1.0.0", file_name="hello.bin", path=file.name)
assert answer.message == "201 Created", answer

assert project.generic_packages.download("hello-world", "v1.0.0", "hello.bin") == content
parts = []
project.generic_packages.download("hello-world", "v1.0.0", "hello.bin", streamed=True, action=parts.append)
assert b"".join(parts) == content

packages = project.packages.list(package_name="hello", order_by="name", sort="desc", get_all=True)
assert [(p.name, p.version, p.package_type) for p in packages] == [("hello-world", "v1.0.0", "generic")], packages
assert [p.id for p in group.packages.list(get_all=True)] == [packages[0].id]
files = packages[0].package_files.list(get_all=True)
assert [f.file_name for f in files] == ["hello.bin"], files
assert files[0].file_sha256 == hashlib.sha256(content).hexdigest()

try:
    project.generic_packages.download("hello-world", "v9", "hello.bin")
    raise SystemExit("a missing file was found")
except gitlab.exceptions.GitlabGetError as error:
    assert error.response_code == 404, error

packages[0].delete()
assert project.packages.list(get_all=True) == []
print("ok")
