using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Namespaces;

/// <summary>Changing users, groups and members.</summary>
public abstract class ChangeTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Renamed_group_is_found_at_its_new_path_with_everything_inside()
    {
        var group = await server.CreateGroupAsync(cancel);
        var inside = await server.CreateGroupAsync(cancel, parent: group);
        var project = await server.CreateProjectAsync(cancel, group: inside);
        var neighbour = await server.CreateGroupAsync(cancel, path: group.Path + "x");
        var path = server.NewName("Renamed");
        var changed = await root.AskAsync("PUT", $"/groups/{group.Id}", cancel, new { name = "New name", path, description = "new" });
        changed.Status.ShouldBe(200);
        (changed["name"], changed["full_path"], changed["description"], changed["visibility"]).ShouldBe(("New name", path, "new", "private"));
        (await root.AskAsync("GET", $"/groups/{Uri.EscapeDataString(path.ToUpperInvariant())}", cancel))["id"].ShouldBe($"{group.Id}");
        var moved = $"{path}/{inside.Path}/{project.Path}";
        (await root.AskAsync("GET", $"/projects/{Uri.EscapeDataString(moved)}", cancel))["path_with_namespace"].ShouldBe(moved);
        (await root.AskAsync("GET", $"/groups/{inside.Id}", cancel))["full_path"].ShouldBe($"{path}/{inside.Path}");
        (await root.AskAsync("GET", $"/groups/{neighbour.FullPath}", cancel))["id"].ShouldBe($"{neighbour.Id}");
        // The earlier paths still lead there.
        (await root.AskAsync("GET", $"/groups/{group.FullPath}", cancel))["full_path"].ShouldBe(path);
        (await root.AskAsync("GET", $"/projects/{Uri.EscapeDataString(project.FullPath)}", cancel))["id"].ShouldBe($"{project.Id}");
        // A subgroup alone.
        (await root.AskAsync("PUT", $"/groups/{inside.Id}", cancel, new { path = "deep" }))["full_path"].ShouldBe($"{path}/deep");
        (await root.AskAsync("GET", $"/projects/{project.Id}", cancel))["path_with_namespace"].ShouldBe($"{path}/deep/{project.Path}");
    }

    [Fact]
    public async Task Earlier_path_leads_there_until_something_else_takes_it()
    {
        var group = await server.CreateGroupAsync(cancel);
        var path = server.NewName("moved");
        (await root.AskAsync("PUT", $"/groups/{group.Id}", cancel, new { path }))["full_path"].ShouldBe(path);
        // There and back again.
        (await root.AskAsync("PUT", $"/groups/{group.Id}", cancel, new { path = group.Path }))["full_path"].ShouldBe(group.Path);
        (await root.AskAsync("GET", $"/groups/{path}", cancel))["id"].ShouldBe($"{group.Id}");
        (await root.AskAsync("PUT", $"/groups/{group.Id}", cancel, new { path = group.Path.ToUpperInvariant() }))["path"].ShouldBe(group.Path.ToUpperInvariant());
        var other = await root.AskAsync("POST", "/groups", cancel, new { name = "other", path });
        other.Status.ShouldBe(201);
        (await root.AskAsync("GET", $"/groups/{path}", cancel))["id"].ShouldBe(other["id"]);
        (await root.AskAsync("GET", $"/groups/{group.Path}", cancel))["id"].ShouldBe($"{group.Id}");
    }

    [Theory]
    [InlineData("""{"path":"-x"}""", "path")]
    [InlineData("""{"path":"api"}""", "path")]
    [InlineData("""{"visibility":"private"}""", "visibility_level")]
    public async Task Group_change_that_breaks_a_rule_is_refused(string body, string field)
    {
        var group = await server.CreateGroupAsync(cancel, visibility: Visibility.Public);
        await server.CreateProjectAsync(cancel, visibility: Visibility.Internal, group: group);
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/groups/{group.Id}") { Content = new StringContent(body, null, "application/json") };
        var refused = await root.AskAsync(request, cancel);
        refused.Status.ShouldBe(400);
        refused.Json.GetProperty("message").GetProperty(field).GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Visibility_of_a_group_fits_between_what_is_around_and_inside()
    {
        var group = await server.CreateGroupAsync(cancel, visibility: Visibility.Internal);
        var inside = await server.CreateGroupAsync(cancel, visibility: Visibility.Internal, parent: group);
        (await root.AskAsync("PUT", $"/groups/{group.Id}", cancel, new { visibility = "private" })).Text
            .ShouldBe("""{"message":{"visibility_level":["private is not allowed since there are sub-groups with higher visibility."]}}""");
        (await root.AskAsync("PUT", $"/groups/{inside.Id}", cancel, new { visibility = "public" })).Text
            .ShouldBe("""{"message":{"visibility_level":["public is not allowed since the parent group has a internal visibility."]}}""");
        (await root.AskAsync("PUT", $"/groups/{group.Id}", cancel, new { visibility = "public" }))["visibility"].ShouldBe("public");
        (await server.ClientFor((string?)null).AskAsync("GET", $"/groups/{group.Id}", cancel)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Path_that_is_taken_is_refused_and_nothing_has_changed()
    {
        var (group, other) = (await server.CreateGroupAsync(cancel), await server.CreateGroupAsync(cancel));
        var refused = await root.AskAsync("PUT", $"/groups/{group.Id}", cancel, new { name = "x", path = other.Path.ToUpperInvariant() });
        refused.Text.ShouldBe("""{"message":{"path":["has already been taken"]}}""");
        (await root.AskAsync("GET", $"/groups/{group.Id}", cancel))["name"].ShouldBe(group.Name);
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData(AccessLevel.None, 404)]
    [InlineData(AccessLevel.Maintainer, 403)]
    [InlineData(AccessLevel.Owner, 200)]
    public async Task Owners_change_groups(AccessLevel? level, int status)
    {
        var group = await server.CreateGroupAsync(cancel);
        var user = await server.CreateUserAsync(cancel);
        if (level is not (null or AccessLevel.None)) await server.AddMemberAsync(group, user, level.Value, cancel);
        (await server.ClientFor(level is null ? null : user.Token).AskAsync("PUT", $"/groups/{group.Id}", cancel, new { name = "n" })).Status.ShouldBe(status);
    }

    [Fact]
    public async Task Renamed_user_keeps_its_tokens_and_its_projects_move()
    {
        var user = await server.CreateUserAsync(cancel);
        var project = await server.ClientFor(user).AskAsync("POST", "/projects", cancel, new { name = "own" });
        var name = server.NewName("Renamed");
        var changed = await root.AskAsync("PUT", $"/users/{user.Id}", cancel, new { username = name, name = "N", email = $"{name}@example.com", admin = true });
        changed.Status.ShouldBe(200);
        (changed["username"], changed["name"], changed["email"], changed["is_admin"]).ShouldBe((name, "N", $"{name}@example.com", "True"));
        (await server.ClientFor(user).AskAsync("GET", "/user", cancel))["username"].ShouldBe(name);
        (await root.AskAsync("GET", $"/projects/{name}%2Fown", cancel))["id"].ShouldBe(project["id"]);
        (await root.AskAsync("GET", $"/projects/{user.Username}%2Fown", cancel))["id"].ShouldBe(project["id"]);
        (await root.AskAsync("PUT", $"/users/{user.Id}", cancel, new { }))["username"].ShouldBe(name);
    }

    [Fact]
    public async Task User_change_that_breaks_a_rule_is_refused()
    {
        var (user, other) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        var group = await server.CreateGroupAsync(cancel);
        async Task<Answer> PutAsync(object body) => await root.AskAsync("PUT", $"/users/{user.Id}", cancel, body);
        (await PutAsync(new { username = other.Username })).Text.ShouldBe("""{"message":"Username has already been taken"}""");
        (await PutAsync(new { email = $"{other.Username}@example.com" })).Text.ShouldBe("""{"message":"Email has already been taken"}""");
        (await PutAsync(new { username = group.Path })).Text.ShouldBe("""{"message":{"username":["has already been taken"]}}""");
        (await PutAsync(new { email = "nobody" })).Text.ShouldBe("""{"message":{"email":["is invalid"]}}""");
        (await PutAsync(new { name = "" })).Text.ShouldBe("""{"error":"name is empty"}""");
        (await root.AskAsync("PUT", "/users/999999", cancel, new { name = "x" })).Text.ShouldBe("""{"message":"404 User Not Found"}""");
        (await server.ClientFor(user).AskAsync("PUT", $"/users/{user.Id}", cancel, new { name = "x" })).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Users_are_listed_by_state_and_kind()
    {
        var name = server.NewName("lister");
        var (active, blocked) = (await server.CreateUserAsync(cancel, name + "-a"), await server.CreateUserAsync(cancel, name + "-b", admin: true));
        (await root.AskAsync("POST", $"/users/{blocked.Id}/block", cancel)).Status.ShouldBe(201);
        async Task<List<long>> IdsAsync(string filter) => [.. (await root.AskAsync("GET", $"/users?search={name}&{filter}", cancel))
            .Json.EnumerateArray().Select(user => user.GetProperty("id").GetInt64())];
        (await IdsAsync("active=true")).ShouldBe([active.Id]);
        (await IdsAsync("blocked=true")).ShouldBe([blocked.Id]);
        (await IdsAsync("admins=true")).ShouldBe([blocked.Id]);
        (await IdsAsync("without_project_bots=true")).ShouldBe([blocked.Id, active.Id]);
    }

    [Theory]
    [InlineData("groups")]
    [InlineData("projects")]
    public async Task Member_is_changed_and_removed(string kind)
    {
        var project = await server.CreateProjectAsync(cancel);
        var user = await server.CreateUserAsync(cancel);
        var members = $"/{kind}/{(kind == "groups" ? project.NamespaceId : project.Id)}/members";
        (await root.AskAsync("POST", members, cancel, new { user_id = user.Id, access_level = 20, expires_at = "2026-05-30" })).Status.ShouldBe(201);
        var changed = await root.AskAsync("PUT", $"{members}/{user.Id}", cancel, new { access_level = 30 });
        changed.Status.ShouldBe(200);
        (changed["access_level"], changed["expires_at"]).ShouldBe(("30", "2026-05-30"));
        changed = await root.AskAsync("PUT", $"{members}/{user.Id}", cancel, new { access_level = 30, expires_at = "" });
        changed["expires_at"].ShouldBeNull();
        (await root.AskAsync("PUT", $"{members}/{user.Id}", cancel, new { access_level = 7 })).Status.ShouldBe(400);
        (await root.AskAsync("PUT", $"{members}/999999", cancel, new { access_level = 30 })).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await server.ClientFor(user).AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(200);
        (await root.AskAsync("DELETE", $"{members}/{user.Id}", cancel)).Status.ShouldBe(204);
        (await root.AskAsync("DELETE", $"{members}/{user.Id}", cancel)).Status.ShouldBe(404);
        (await server.ClientFor(user).AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Nobody_changes_or_removes_whoever_is_above_them_and_everybody_may_leave()
    {
        var project = await server.CreateProjectAsync(cancel);
        var users = new Dictionary<string, TestUser>();
        foreach (var (name, level) in new[] { ("owner", AccessLevel.Owner), ("maintainer", AccessLevel.Maintainer), ("reporter", AccessLevel.Reporter) })
            await server.AddMemberAsync(project, users[name] = await server.CreateUserAsync(cancel), level, cancel);
        string Path(string user) => $"/projects/{project.Id}/members/{users[user].Id}";
        var (maintainer, reporter) = (server.ClientFor(users["maintainer"]), server.ClientFor(users["reporter"]));
        (await maintainer.AskAsync("PUT", Path("owner"), cancel, new { access_level = 20 })).Status.ShouldBe(403);
        (await maintainer.AskAsync("PUT", Path("reporter"), cancel, new { access_level = 50 })).Status.ShouldBe(403);
        (await maintainer.AskAsync("PUT", Path("maintainer"), cancel, new { access_level = 50 })).Status.ShouldBe(403);
        (await maintainer.AskAsync("PUT", Path("reporter"), cancel, new { access_level = 30 })).Status.ShouldBe(200);
        (await maintainer.AskAsync("DELETE", Path("owner"), cancel)).Status.ShouldBe(403);
        (await reporter.AskAsync("DELETE", Path("maintainer"), cancel)).Status.ShouldBe(403);
        (await reporter.AskAsync("PUT", Path("reporter"), cancel, new { access_level = 20 })).Status.ShouldBe(403);
        (await reporter.AskAsync("DELETE", Path("reporter"), cancel)).Status.ShouldBe(204);
        (await reporter.AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("", 404)]
    [InlineData("?skip_subresources=true", 200)]
    public async Task Member_of_a_group_leaves_what_is_inside_it_too(string query, int status)
    {
        var group = await server.CreateGroupAsync(cancel);
        var project = await server.CreateProjectAsync(cancel, group: await server.CreateGroupAsync(cancel, parent: group));
        var user = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(group, user, AccessLevel.Reporter, cancel);
        await server.AddMemberAsync(project, user, AccessLevel.Developer, cancel);
        (await root.AskAsync("DELETE", $"/groups/{group.Id}/members/{user.Id}{query}", cancel)).Status.ShouldBe(204);
        (await server.ClientFor(user).AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(status);
    }
}

public sealed class ChangeTestsOnSqlite(SqliteServer fixture) : ChangeTests(fixture.Server), IClassFixture<SqliteServer>;
public sealed class ChangeTestsOnPostgres(PostgresServer fixture) : ChangeTests(fixture.Server), IClassFixture<PostgresServer>;
