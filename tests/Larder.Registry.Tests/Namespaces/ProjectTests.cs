using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Namespaces;

public abstract class ProjectTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Project_without_a_namespace_goes_into_the_callers_own()
    {
        var user = await server.CreateUserAsync(cancel);
        var made = await server.ClientFor(user).AskAsync("POST", "/projects", cancel, new { name = "My  Tools+" });
        made.Status.ShouldBe(201);
        made["name"].ShouldBe("My  Tools+");
        made["path"].ShouldBe("my-tools");
        made["path_with_namespace"].ShouldBe($"{user.Username}/my-tools");
        made["name_with_namespace"].ShouldBe($"Name of {user.Username} / My  Tools+");
        made["visibility"].ShouldBe("private");
        made["packages_enabled"].ShouldBe("True");
        made["package_registry_access_level"].ShouldBe("enabled");
        made["web_url"].ShouldBe($"{server.BaseAddress}{user.Username}/my-tools");
        made["created_at"].ShouldBe("2026-01-02T03:04:05.000Z");
        made["creator_id"].ShouldBe($"{user.Id}");
        var home = made.Json.GetProperty("namespace");
        home.GetProperty("kind").GetString().ShouldBe("user");
        home.GetProperty("full_path").GetString().ShouldBe(user.Username);
        var permissions = made.Json.GetProperty("permissions");
        permissions.GetProperty("project_access").GetProperty("access_level").GetInt64().ShouldBe(50);
        permissions.GetProperty("group_access").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
    }

    [Theory]
    [InlineData(AccessLevel.None, 400)]
    [InlineData(AccessLevel.Reporter, 400)]
    [InlineData(AccessLevel.Developer, 201)]
    [InlineData(AccessLevel.Maintainer, 201)]
    public async Task Project_in_a_group_is_made_by_developers(AccessLevel level, int status)
    {
        var group = await server.CreateGroupAsync(cancel);
        var user = await server.CreateUserAsync(cancel);
        if (level != AccessLevel.None) await server.AddMemberAsync(group, user, level, cancel);
        var answer = await server.ClientFor(user).AskAsync("POST", "/projects", cancel, new { path = "tools", namespace_id = group.Id });
        answer.Status.ShouldBe(status);
        if (status == 400)
        {
            answer.Text.ShouldBe("""{"message":{"namespace":["is not valid"]}}""");
            return;
        }
        answer["name"].ShouldBe("tools");
        answer["path_with_namespace"].ShouldBe($"{group.Path}/tools");
        answer.Json.GetProperty("permissions").GetProperty("group_access").GetProperty("access_level").GetInt64().ShouldBe((long)level);
    }

    [Fact]
    public async Task Nobody_but_an_administrator_makes_projects_in_anothers_namespace()
    {
        var (user, other) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        var home = await server.Get<NamespaceStore>().FindAsync(other.Username, cancel);
        var body = new { name = "theirs", namespace_id = home!.Id };
        (await server.ClientFor(user).AskAsync("POST", "/projects", cancel, body)).Status.ShouldBe(400);
        (await root.AskAsync("POST", "/projects", cancel, body)).Status.ShouldBe(201);
        (await root.AskAsync("POST", "/projects", cancel, new { name = "x", namespace_id = 999999 })).Text
            .ShouldBe("""{"message":{"namespace":["is not valid"]}}""");
    }

    [Theory]
    [InlineData("disabled", "disabled", "False")]
    [InlineData("private", "private", "True")]
    [InlineData("enabled", "enabled", "True")]
    [InlineData("public", "public", "True")]
    public async Task Registry_access_is_kept(string sent, string level, string enabled)
    {
        var group = await server.CreateGroupAsync(cancel);
        var made = await root.AskAsync("POST", "/projects", cancel, new { name = "p", namespace_id = group.Id, package_registry_access_level = sent });
        made["package_registry_access_level"].ShouldBe(level);
        made["packages_enabled"].ShouldBe(enabled);
    }

    [Fact]
    public async Task Packages_enabled_false_is_the_older_way_to_disable_the_registry()
    {
        var group = await server.CreateGroupAsync(cancel);
        var made = await root.AskAsync("POST", "/projects", cancel, new { name = "p", namespace_id = group.Id, packages_enabled = false });
        made["package_registry_access_level"].ShouldBe("disabled");
    }

    [Theory]
    [InlineData("""{}""", """{"error":"name, path are missing, at least one parameter must be provided"}""")]
    [InlineData("""{"name":" "}""", """{"error":"name is empty"}""")]
    [InlineData("""{"name":"+++"}""", """{"message":{"path":["can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'."]}}""")]
    [InlineData("""{"path":".."}""", """{"message":{"path":["can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'."]}}""")]
    [InlineData("""{"path":"a.git"}""", """{"message":{"path":["can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'."]}}""")]
    [InlineData("""{"name":"a","package_registry_access_level":"open"}""", """{"error":"package_registry_access_level does not have a valid value"}""")]
    public async Task Creating_with_bad_values_says_what_is_wrong(string body, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v4/projects") { Content = new StringContent(body, null, "application/json") };
        var answer = await root.AskAsync(request, cancel);
        answer.Status.ShouldBe(400);
        answer.Text.ShouldBe(text);
    }

    [Fact]
    public async Task Path_belongs_to_one_thing_whatever_its_case()
    {
        var group = await server.CreateGroupAsync(cancel);
        await server.CreateGroupAsync(cancel, "taken", parent: group);
        var answer = await root.AskAsync("POST", "/projects", cancel, new { name = "TAKEN", path = "TAKEN", namespace_id = group.Id });
        answer.Status.ShouldBe(400);
        answer.Text.ShouldBe("""{"message":{"path":["has already been taken"]}}""");
    }

    [Fact]
    public async Task Of_many_that_make_one_path_at_once_one_wins()
    {
        var group = await server.CreateGroupAsync(cancel);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            _ => root.AskAsync("POST", "/projects", cancel, new { name = "race", namespace_id = group.Id })));
        answers.Count(answer => answer.Status == 201).ShouldBe(1);
        answers.Count(answer => answer.Status == 400).ShouldBe(7);
    }

    [Fact]
    public async Task Project_is_no_more_open_than_its_group()
    {
        var group = await server.CreateGroupAsync(cancel);
        var answer = await root.AskAsync("POST", "/projects", cancel, new { name = "p", namespace_id = group.Id, visibility = "public" });
        answer.Text.ShouldBe("""{"message":{"visibility_level":["public is not allowed in a private group."]}}""");
        var user = await server.CreateUserAsync(cancel);
        (await server.ClientFor(user).AskAsync("POST", "/projects", cancel, new { name = "p", visibility = "public" })).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Project_is_found_by_id_and_by_path_in_any_case()
    {
        var project = await server.CreateProjectAsync(cancel, "Some.Tool");
        foreach (var id in new[] { $"{project.Id}", project.FullPath.Replace("/", "%2F", StringComparison.Ordinal),
            project.FullPath.Replace("/", "%2f", StringComparison.Ordinal).Replace(".", "%2E", StringComparison.Ordinal).ToLowerInvariant() })
        {
            (await root.AskAsync("GET", $"/projects/{id}", cancel))["path_with_namespace"].ShouldBe(project.FullPath);
        }
    }

    [Theory]
    [InlineData("some-tool")] // a bare word is never a project
    [InlineData("-7")]
    [InlineData("999999")]
    [InlineData("99999999999999999999")]
    [InlineData("nobody%2Fnothing")]
    [InlineData("root")]
    public async Task Whatever_else_is_not_found(string id)
    {
        var answer = await root.AskAsync("GET", $"/projects/{id}", cancel);
        answer.Status.ShouldBe(404);
        answer.Text.ShouldBe("""{"message":"404 Project Not Found"}""");
    }

    [Fact]
    public async Task New_project_is_found_although_its_absence_was_remembered()
    {
        var group = await server.CreateGroupAsync(cancel);
        (await root.AskAsync("GET", $"/projects/{group.Path}%2Flate", cancel)).Status.ShouldBe(404);
        await root.AskAsync("POST", "/projects", cancel, new { name = "late", namespace_id = group.Id });
        (await root.AskAsync("GET", $"/projects/{group.Path}%2Flate", cancel)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Listing_shows_what_the_caller_may_see()
    {
        var tag = server.NewName("pvis");
        var group = await server.CreateGroupAsync(cancel, visibility: Visibility.Public);
        foreach (var visibility in new[] { Visibility.Public, Visibility.Internal, Visibility.Private })
            await server.CreateProjectAsync(cancel, $"{tag}-{visibility}", visibility, group);
        var user = await server.CreateUserAsync(cancel);
        async Task<string> PathsAsync(HttpClient client, string more = "") => string.Join(' ', (await client.AskAsync(
            "GET", $"/projects?search={tag}&order_by=path&sort=asc{more}", cancel)).Json.EnumerateArray().Select(
            project => project.GetProperty("path").GetString()![(tag.Length + 1)..]));

        (await PathsAsync(server.ClientFor((string?)null))).ShouldBe("public");
        (await PathsAsync(server.ClientFor(user))).ShouldBe("internal public");
        (await PathsAsync(server.ClientFor(user), "&membership=true")).ShouldBe("");
        (await PathsAsync(root)).ShouldBe("internal private public");
        (await PathsAsync(root, "&visibility=private")).ShouldBe("private");

        await server.AddMemberAsync(group, user, AccessLevel.Reporter, cancel);
        (await PathsAsync(server.ClientFor(user), "&membership=true")).ShouldBe("internal private public");
        (await PathsAsync(server.ClientFor(user), "&min_access_level=30")).ShouldBe("");
        (await PathsAsync(server.ClientFor(user), "&owned=true")).ShouldBe("");
        (await server.ClientFor((string?)null).AskAsync("GET", "/projects?membership=true", cancel)).Text.ShouldBe("[]");
    }

    [Theory]
    [InlineData("order_by=id&sort=asc", "b c a")]
    [InlineData("order_by=id", "a c b")]
    [InlineData("order_by=name&sort=asc", "a b c")]
    [InlineData("order_by=path&sort=desc", "c b a")]
    [InlineData("order_by=created_at&sort=asc", "b c a")]
    [InlineData("order_by=updated_at", "a c b")]
    [InlineData("", "a c b")]
    public async Task Listing_is_ordered(string query, string expected)
    {
        var group = await server.CreateGroupAsync(cancel);
        foreach (var path in new[] { "b", "c", "a" }) await server.CreateProjectAsync(cancel, path, group: group);
        var answer = await root.AskAsync("GET", $"/groups/{group.Id}/projects?{query}", cancel);
        string.Join(' ', answer.Json.EnumerateArray().Select(project => project.GetProperty("path").GetString())).ShouldBe(expected);
    }

    [Fact]
    public async Task Simple_listing_is_short()
    {
        await server.CreateProjectAsync(cancel);
        var simple = (await root.AskAsync("GET", "/projects?simple=true&per_page=1", cancel)).Json[0];
        simple.TryGetProperty("packages_enabled", out _).ShouldBeFalse();
        simple.GetProperty("path_with_namespace").GetString().ShouldNotBeNullOrEmpty();
        (await root.AskAsync("GET", "/projects?per_page=1", cancel)).Json[0].TryGetProperty("packages_enabled", out _).ShouldBeTrue();
    }
}

public sealed class ProjectTestsOnSqlite(SqliteServer fixture) : ProjectTests(fixture.Server), IClassFixture<SqliteServer>;
public sealed class ProjectTestsOnPostgres(PostgresServer fixture) : ProjectTests(fixture.Server), IClassFixture<PostgresServer>;
