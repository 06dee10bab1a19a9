"""python-gitlab changes what holds for packages: python3 settings.py URL TOKEN NAME"""

import sys

import gitlab

url, token, name = sys.argv[1:4]
gl = gitlab.Gitlab(url, private_token=token)
group = gl.groups.create({"name": name, "path": name})
project = gl.projects.create({"name": "tools", "namespace_id": group.id})

# A project whose registry is open is pulled from without a token.
project.package_registry_access_level = "public"
project.save()
assert gl.projects.get(project.id).package_registry_access_level == "public"
nobody = gitlab.Gitlab(url)
base = f"/projects/{project.id}/packages"
gl.http_put(f"{base}/generic/app/1.0/a.txt", post_data=b"first", raw=True)
assert nobody.http_get(f"{base}/generic/app/1.0/a.txt", raw=True).content == b"first"

# Protection rules.
rules = f"{base}/protection/rules"
rule = gl.http_post(rules, post_data={
    "package_name_pattern": "app*", "package_type": "generic", "minimum_access_level_for_delete": "admin"})
assert [r["id"] for r in gl.http_list(rules, get_all=True)] == [rule["id"]]
gl.http_delete(f"{rules}/{rule['id']}")
assert gl.http_list(rules, get_all=True) == []

# Limits of the server.
limits = gl.http_get("/application/plan_limits")
assert limits["generic_packages_max_file_size"] >= 0, limits
changed = gl.http_put("/application/plan_limits", post_data={"plan_name": "default", "ci_pipeline_schedules": 11})
assert changed["ci_pipeline_schedules"] == 11, changed


def graph(query, **variables):
    answer = gl.session.post(
        f"{url}/api/graphql", json={"query": query, "variables": variables}, headers={"PRIVATE-TOKEN": token}).json()
    assert "errors" not in answer, answer
    return answer["data"]


# What GitLab sets by GraphQL alone.
done = graph("""
    mutation ($path: ID!) {
      updateNamespacePackageSettings(input: {namespacePath: $path, genericDuplicatesAllowed: false}) {
        packageSettings { genericDuplicatesAllowed } errors } }""", path=name)
assert done["updateNamespacePackageSettings"] == {"packageSettings": {"genericDuplicatesAllowed": False}, "errors": []}, done
try:
    gl.http_put(f"{base}/generic/app/1.0/a.txt", post_data=b"second", raw=True)
    raise SystemExit("a duplicate was taken")
except gitlab.exceptions.GitlabHttpError as error:
    assert error.response_code == 400, error

listed = graph("query ($path: ID!) { project(fullPath: $path) { packages { count nodes { id name } } } }", path=f"{name}/tools")
packages = listed["project"]["packages"]
assert (packages["count"], packages["nodes"][0]["name"]) == (1, "app"), packages
gone = graph("mutation ($id: PackagesPackageID!) { destroyPackage(input: {id: $id}) { errors } }", id=packages["nodes"][0]["id"])
assert gone["destroyPackage"]["errors"] == [], gone
assert project.packages.list(get_all=True) == []
print("ok")
