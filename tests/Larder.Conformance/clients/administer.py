"""python-gitlab administers users, groups, members and tokens: python3 administer.py URL TOKEN NAME"""

import sys
import tempfile

import gitlab

url, token, name = sys.argv[1:4]
root = gitlab.Gitlab(url, private_token=token)


def refused(status, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except gitlab.exceptions.GitlabError as error:
        assert error.response_code == status, error
    else:
        raise SystemExit(f"{call} was not refused")


user = root.users.create({
    "username": f"{name}-user", "name": "A User", "email": f"{name}@example.com", "password": "not used", "skip_confirmation": True})
own = user.personal_access_tokens.create({"name": "own", "scopes": ["api"]})
as_user = gitlab.Gitlab(url, private_token=own.token)
as_user.auth()
assert as_user.user.id == user.id

group = root.groups.create({"name": name, "path": name})
project = root.projects.create({"name": "tools", "namespace_id": group.id})
refused(404, as_user.projects.get, project.id)
member = group.members.create({"user_id": user.id, "access_level": gitlab.const.AccessLevel.REPORTER})
assert as_user.projects.get(project.id).path_with_namespace == f"{name}/tools"
member.access_level = gitlab.const.AccessLevel.OWNER
member.save()
assert group.members.get(user.id).access_level == 50

group.description = "changed"
group.save()
assert root.groups.get(group.id).description == "changed"


def publishes(**credentials):
    client = gitlab.Gitlab(url, **credentials)
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"bytes")
        file.flush()
        client.projects.get(project.id, lazy=True).generic_packages.upload("app", "1.0", "app.bin", path=file.name)


for place in (as_user.projects.get(project.id), as_user.groups.get(group.id)):
    access = place.access_tokens.create({"name": "ci", "scopes": ["api"], "access_level": 30, "expires_at": "2099-01-01"})
    publishes(private_token=access.token)
    publishes(oauth_token=access.token)
    assert [t.name for t in place.access_tokens.list(get_all=True)] == ["ci"]
    access.delete()
    refused(401, publishes, private_token=access.token)

    deploy = place.deploytokens.create({"name": "deploy", "scopes": ["write_package_registry"], "expires_at": "", "username": ""})
    publishes(http_username=deploy.username, http_password=deploy.token)
    assert place.deploytokens.get(deploy.id).scopes == ["write_package_registry"]
    assert deploy.id in [t.id for t in root.deploytokens.list(get_all=True)]
    deploy.delete()
    refused(401, publishes, http_username=deploy.username, http_password=deploy.token)

job = root.http_post(f"/projects/{project.id}/job_tokens", post_data={"user_id": user.id, "expires_in": 600})
publishes(job_token=job["token"])
root.http_delete(f"/projects/{project.id}/job_tokens/{job['id']}")
refused(401, publishes, job_token=job["token"])

user.block()
refused(403, as_user.projects.get, project.id)
user.unblock()
user.name = "Another Name"
user.email = user.email
user.username = user.username
user.save()
assert root.users.get(user.id).name == "Another Name"
root.personal_access_tokens.list(user_id=user.id)[0].delete()
refused(401, as_user.projects.get, project.id)

group.members.delete(user.id)
user.delete()
project.delete()
refused(404, root.projects.get, project.id)
group.delete()
refused(404, root.groups.get, group.id)
print("ok")
