using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Access;

/// <summary>The deploy tokens API, and what the tokens are good for (generic-packages contract sections 1.1, 1.2 and 1.5).</summary>
public abstract class DeployTokenTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Created_token_is_shown_as_gitlab_shows_it()
    {
        var project = await server.CreateProjectAsync(cancel);
        var made = await CreateAsync($"/projects/{project.Id}", new
        {
            name = "My deploy token", username = "custom-user", expires_at = "2027-01-01", scopes = new[] { "read_package_registry", "read_repository" },
        });
        made.Status.ShouldBe(201);
        made["token"].ShouldNotBeNull().ShouldMatch("^gldt-[0-9A-Za-z_-]{20,}$");
        var id = made["id"];
        var expected = $$"""
            {"id":{{id}},"name":"My deploy token","username":"custom-user","expires_at":"2027-01-01T00:00:00.000Z","scopes":["read_package_registry","read_repository"],"revoked":false,"expired":false}
            """;
        made.Text.ShouldBe(expected[..^1] + $",\"token\":\"{made["token"]}\"}}");
        (await root.AskAsync("GET", $"/projects/{project.Id}/deploy_tokens/{id}", cancel)).Text.ShouldBe(expected);
        (await root.AskAsync("GET", $"/projects/{project.Id}/deploy_tokens", cancel)).Text.ShouldBe($"[{expected}]");
        server.Log.ShouldNotContain(line => line.Contains(made["token"]!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Token_without_a_username_has_one_of_its_id()
    {
        var group = await server.CreateGroupAsync(cancel);
        var made = await CreateAsync($"/groups/{group.Id}", new { name = "t", scopes = new[] { "read_package_registry" } });
        made["username"].ShouldBe($"gitlab+deploy-token-{made["id"]}");
        made["expires_at"].ShouldBeNull();
    }

    [Theory]
    [InlineData("""{"scopes":["read_package_registry"]}""", """{"error":"name is missing"}""")]
    [InlineData("""{"name":"a"}""", """{"error":"scopes is missing"}""")]
    [InlineData("""{"name":"a","scopes":[]}""", """{"error":"scopes is empty"}""")]
    [InlineData("""{"name":"a","scopes":["api"]}""", """{"error":"scopes does not have a valid value"}""")]
    [InlineData("""{"name":"a","scopes":["read_registry"],"expires_at":"soon"}""", """{"error":"expires_at is invalid"}""")]
    [InlineData("""{"name":"a","scopes":["read_registry"],"username":"a b"}""",
        """{"message":{"username":["can contain only letters, digits, '_', '-', '+', and '.'"]}}""")]
    public async Task Token_that_breaks_a_rule_is_refused(string body, string answer)
    {
        var project = await server.CreateProjectAsync(cancel);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v4/projects/{project.Id}/deploy_tokens")
        {
            Content = new StringContent(body, null, "application/json"),
        };
        var refused = await root.AskAsync(request, cancel);
        refused.Status.ShouldBe(400);
        refused.Text.ShouldBe(answer);
    }

    [Theory]
    [InlineData("anonymous", 401, 401, 401, 401)]
    [InlineData("stranger", 404, 404, 404, 404)]
    [InlineData("developer", 403, 403, 403, 403)]
    [InlineData("maintainer", 200, 201, 200, 403)]
    [InlineData("owner", 200, 201, 200, 201)]
    public async Task Roles(string caller, int listOfProject, int createInProject, int listOfGroup, int createInGroup)
    {
        var world = await World.CreateAsync(server, cancel);
        async Task<int> AskAsync(string method, string place) => (await world.AskAsync(
            world.As(caller) + (request => request.Content = method == "GET" ? null
                : new StringContent("""{"name":"t","scopes":["read_package_registry"]}""", null, "application/json")),
            method, $"{place}/deploy_tokens", cancel)).Status;
        (await AskAsync("GET", $"/projects/{world.Project.Id}")).ShouldBe(listOfProject);
        (await AskAsync("POST", $"/projects/{world.Project.Id}")).ShouldBe(createInProject);
        (await AskAsync("GET", $"/groups/{world.Group.Id}")).ShouldBe(listOfGroup);
        (await AskAsync("POST", $"/groups/{world.Group.Id}")).ShouldBe(createInGroup);
    }

    [Fact]
    public async Task All_tokens_are_for_administrators()
    {
        var project = await server.CreateProjectAsync(cancel);
        var live = await CreateAsync($"/projects/{project.Id}", new { name = "live", scopes = new[] { "read_package_registry" } });
        var dead = await CreateAsync($"/projects/{project.Id}", new { name = "dead", scopes = new[] { "read_package_registry" }, expires_at = "2020-01-01" });
        dead["expired"].ShouldBe("True");
        async Task<List<string>> IdsAsync(string path)
        {
            var answer = await root.AskAsync("GET", path, cancel);
            answer.Status.ShouldBe(200);
            return [.. answer.Json.EnumerateArray().Select(token => token.GetProperty("id").ToString())];
        }

        var all = await IdsAsync("/deploy_tokens?per_page=100");
        all.ShouldContain(live["id"]!);
        all.ShouldContain(dead["id"]!);
        (await IdsAsync($"/projects/{project.Id}/deploy_tokens?active=true")).ShouldBe([live["id"]!]);
        var user = server.ClientFor(await server.CreateUserAsync(cancel));
        (await user.AskAsync("GET", "/deploy_tokens", cancel)).Status.ShouldBe(403);
        (await server.ClientFor((string?)null).AskAsync("GET", "/deploy_tokens", cancel)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Token_of_one_place_is_not_found_in_another()
    {
        var (project, other) = (await server.CreateProjectAsync(cancel), await server.CreateProjectAsync(cancel));
        var made = await CreateAsync($"/projects/{project.Id}", new { name = "t", scopes = new[] { "read_package_registry" } });
        foreach (var method in new[] { "GET", "DELETE" })
        {
            var answer = await root.AskAsync(method, $"/projects/{other.Id}/deploy_tokens/{made["id"]}", cancel);
            answer.Status.ShouldBe(404);
            answer.Text.ShouldBe("""{"message":"404 Not found"}""");
        }
        (await root.AskAsync("GET", $"/projects/{project.Id}/deploy_tokens/{made["id"]}", cancel)).Status.ShouldBe(200);
        (await root.AskAsync("GET", $"/projects/{project.Id}/deploy_tokens/x", cancel)).Text.ShouldBe("""{"error":"token_id is invalid"}""");
    }

    // What it is good for: scope, whose it is, visibility of the project, GET, PUT.
    public static TheoryData<string, string, string, int, int> Decisions => new()
    {
        { "project", "read_package_registry", "private", 200, 403 }, { "project", "write_package_registry", "private", 200, 201 },
        { "project", "read_package_registry,write_package_registry", "private", 200, 201 },
        { "project", "read_repository", "private", 404, 404 }, { "project", "read_virtual_registry", "private", 404, 404 },
        { "group", "read_package_registry", "private", 200, 403 }, { "group", "write_package_registry", "private", 200, 201 },
        { "parent group", "read_package_registry", "private", 200, 403 }, { "parent group", "write_package_registry", "private", 200, 201 },
        { "other project", "write_package_registry", "private", 404, 404 }, { "other group", "write_package_registry", "private", 404, 404 },
        { "other project", "write_package_registry", "public", 200, 403 }, { "other project", "write_package_registry", "internal", 404, 404 },
        { "project", "read_package_registry", "public", 200, 403 }, { "project", "write_package_registry", "internal", 200, 201 },
    };

    [Theory, MemberData(nameof(Decisions))]
    public async Task Decides_by_scope_and_by_place(string owner, string scopes, string visibility, int get, int put)
    {
        var parent = await server.CreateGroupAsync(cancel, visibility: visibility);
        var group = await server.CreateGroupAsync(cancel, visibility: visibility, parent: parent);
        var project = await server.CreateProjectAsync(cancel, visibility: visibility, group: group);
        var place = owner switch
        {
            "project" => $"/projects/{project.Id}",
            "group" => $"/groups/{group.Id}",
            "parent group" => $"/groups/{parent.Id}",
            "other project" => $"/projects/{(await server.CreateProjectAsync(cancel)).Id}",
            _ => $"/groups/{(await server.CreateGroupAsync(cancel)).Id}",
        };
        var token = (await CreateAsync(place, new { name = "t", scopes = scopes.Split(',') }))["token"]!;
        var file = $"/projects/{project.Id}/packages/generic/tool/1.0/tool.txt";
        (await SendAsync(Credentials.Header(LarderServer.RootToken), "PUT", file)).Status.ShouldBe(201);
        foreach (var credentials in new[]
        {
            Credentials.Deploy(token), Credentials.Bearer(token), Credentials.Basic("whoever", token), Credentials.Basic("", token),
        })
        {
            (await SendAsync(credentials, "GET", file)).Status.ShouldBe(get);
            var published = await SendAsync(credentials, "PUT", file);
            published.Status.ShouldBe(put);
            if (put == 403) published.Text.ShouldBe("""{"message":"403 Forbidden"}""");
        }
    }

    [Fact]
    public async Task Published_by_a_deploy_token_has_no_creator()
    {
        var world = await World.CreateAsync(server, cancel);
        var token = (await CreateAsync($"/projects/{world.Project.Id}", new { name = "t", scopes = new[] { "write_package_registry" } }))["token"]!;
        (await SendAsync(Credentials.Deploy(token), "PUT", world.File)).Status.ShouldBe(201);
        var packages = await root.AskAsync("GET", $"/projects/{world.Project.Id}/packages", cancel);
        packages.Json.GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Registry_that_is_disabled_stays_shut()
    {
        var project = await server.CreateProjectAsync(cancel, registryAccess: RegistryAccess.Disabled);
        var token = (await CreateAsync($"/projects/{project.Id}", new { name = "t", scopes = new[] { "write_package_registry" } }))["token"]!;
        (await SendAsync(Credentials.Deploy(token), "PUT", $"/projects/{project.Id}/packages/generic/a/1/b")).Status.ShouldBe(403);
    }

    [Theory]
    [InlineData("private", 404, 404)]
    [InlineData("public", 200, 403)]
    public async Task Packages_api_overlooks_deploy_tokens(string visibility, int list, int delete)
    {
        var world = await World.CreateAsync(server, cancel, visibility);
        await world.PublishAsync(cancel);
        var packages = $"/projects/{world.Project.Id}/packages";
        var id = (await root.AskAsync("GET", packages, cancel)).Json[0].GetProperty("id").ToString();
        var token = (await CreateAsync($"/projects/{world.Project.Id}", new { name = "t", scopes = new[] { "write_package_registry" } }))["token"]!;
        (await SendAsync(Credentials.Deploy(token), "GET", packages)).Status.ShouldBe(list);
        (await SendAsync(Credentials.Deploy(token), "DELETE", $"{packages}/{id}")).Status.ShouldBe(delete);
        (await SendAsync(Credentials.Basic("whoever", token), "GET", packages)).Status.ShouldBe(list);
        (await SendAsync(Credentials.Bearer(token), "GET", packages)).Status.ShouldBe(401);
        (await SendAsync(Credentials.Deploy(token), "GET", "/user")).Status.ShouldBe(401);
        var files = await root.AskAsync("GET", $"{packages}/{id}/package_files", cancel);
        (await SendAsync(Credentials.Deploy(token), "GET", $"{packages}/{id}/package_files/{files.Json[0].GetProperty("id")}/download")).Status.ShouldBe(list);
    }

    [Theory]
    [InlineData("public", 200)]
    [InlineData("private", 401)]
    public async Task Unknown_deploy_token_is_as_if_it_were_not_there(string visibility, int get)
    {
        var world = await World.CreateAsync(server, cancel, visibility);
        await world.PublishAsync(cancel);
        (await SendAsync(Credentials.Deploy("gldt-nonsense"), "GET", world.File)).Status.ShouldBe(get);
        (await SendAsync(Credentials.Deploy("gldt-nonsense"), "PUT", world.File)).Status.ShouldBe(401);
        (await SendAsync(Credentials.Bearer("gldt-nonsense"), "GET", world.File)).Status.ShouldBe(401);
        // Whoever else is named counts.
        var good = Credentials.Deploy("gldt-nonsense") + Credentials.Header(world.Users["developer"].Token);
        (await SendAsync(good, "PUT", world.File)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Password_counts_before_the_header()
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var token = (await CreateAsync($"/projects/{world.Project.Id}", new { name = "t", scopes = new[] { "read_package_registry" } }))["token"]!;
        (await SendAsync(Credentials.Deploy(token) + Credentials.Basic("u", "nonsense"), "GET", world.File)).Status.ShouldBe(401);
        (await SendAsync(Credentials.Deploy("gldt-nonsense") + Credentials.Basic("u", token), "GET", world.File)).Status.ShouldBe(200);
        (await SendAsync(Credentials.Deploy(token) + Credentials.Header("glpat-nonsense"), "GET", world.File)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Revoked_token_stops_at_once()
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var tokens = $"/projects/{world.Project.Id}/deploy_tokens";
        var made = await CreateAsync($"/projects/{world.Project.Id}", new { name = "t", scopes = new[] { "read_package_registry" } });
        (await SendAsync(Credentials.Deploy(made["token"]!), "GET", world.File)).Status.ShouldBe(200);
        (await root.AskAsync("DELETE", $"{tokens}/{made["id"]}", cancel)).Status.ShouldBe(204);
        (await SendAsync(Credentials.Deploy(made["token"]!), "GET", world.File)).Status.ShouldBe(401);
        (await root.AskAsync("GET", $"{tokens}/{made["id"]}", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("DELETE", $"{tokens}/{made["id"]}", cancel)).Status.ShouldBe(404);
    }

    // Maven contract section 1.4.
    [Fact]
    public async Task Virtual_registry_takes_tokens_of_its_own_group_alone()
    {
        var world = await World.CreateAsync(server, cancel);
        var inside = await server.CreateGroupAsync(cancel, parent: world.Group);
        const string virtualScope = "read_virtual_registry";
        async Task<(string Name, string Token)> MakeAsync(string place, string scope, string? username = null)
        {
            var made = await CreateAsync(place, new { name = "t", scopes = new[] { scope }, username });
            return (made["username"]!, made["token"]!);
        }

        var own = await MakeAsync($"/groups/{world.Group.Id}", virtualScope);
        var named = await MakeAsync($"/groups/{world.Group.Id}", virtualScope, "maven");
        foreach (var (name, token) in new[] { own, named })
        {
            (await SendAsync(Credentials.Deploy(token), "GET", world.Artifact)).Status.ShouldBe(World.LetIntoTheVirtualRegistry);
            (await SendAsync(Credentials.Basic(name, token), "GET", world.Artifact)).Status.ShouldBe(World.LetIntoTheVirtualRegistry);
            (await SendAsync(Credentials.Basic("Maven", token), "GET", world.Artifact)).Status.ShouldBe(401);
            (await SendAsync(Credentials.Bearer(token), "GET", world.Artifact)).Status.ShouldBe(401);
            (await SendAsync(Credentials.Deploy(token) + Credentials.Basic(name, token), "GET", world.Artifact)).Status.ShouldBe(400);
            (await SendAsync(Credentials.Deploy(token), "GET", $"/virtual_registries/packages/maven/registries/{world.RegistryId}")).Status.ShouldBe(401);
        }
        foreach (var (_, token) in new[]
        {
            await MakeAsync($"/groups/{world.Group.Id}", "write_virtual_registry"), await MakeAsync($"/groups/{world.Group.Id}", "read_package_registry"),
            await MakeAsync($"/groups/{inside.Id}", virtualScope), await MakeAsync($"/projects/{world.Project.Id}", virtualScope),
        })
        {
            (await SendAsync(Credentials.Deploy(token), "GET", world.Artifact)).Status.ShouldBe(404);
        }
        (await SendAsync(Credentials.Deploy("gldt-nonsense"), "GET", world.Artifact)).Status.ShouldBe(401);
    }

    private Task<Answer> CreateAsync(string place, object body) => root.AskAsync("POST", $"{place}/deploy_tokens", cancel, body);

    private async Task<Answer> SendAsync(Action<HttpRequestMessage> credentials, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{server.BaseAddress}api/v4{path}");
        if (method == "PUT") request.Content = new StringContent("bytes");
        credentials(request);
        return await server.ClientFor((string?)null).AskAsync(request, cancel);
    }
}

public sealed class DeployTokenTestsOnSqlite(SqliteServer fixture) : DeployTokenTests(fixture.Server), IClassFixture<SqliteServer>
{
    /// <summary>Moves the clock, which other tests of a shared server would notice: so on a server of its own.</summary>
    [Fact]
    public async Task Token_expires_at_midnight_utc()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var own = await LarderServer.StartAsync(cancel);
        var world = await World.CreateAsync(own, cancel);
        await world.PublishAsync(cancel);
        var made = await own.ClientFor(LarderServer.RootToken).AskAsync(
            "POST", $"/projects/{world.Project.Id}/deploy_tokens", cancel,
            new { name = "t", scopes = new[] { "read_package_registry" }, expires_at = "2026-01-03T18:00:00Z" });
        made["expires_at"].ShouldBe("2026-01-03T00:00:00.000Z");
        own.Time.SetUtcNow(new DateTimeOffset(2026, 1, 2, 23, 59, 59, TimeSpan.Zero));
        (await world.AskAsync(Credentials.Deploy(made["token"]!), "GET", world.File, cancel)).Status.ShouldBe(200);
        own.Time.SetUtcNow(new DateTimeOffset(2026, 1, 3, 0, 0, 0, TimeSpan.Zero));
        (await world.AskAsync(Credentials.Deploy(made["token"]!), "GET", world.File, cancel)).Status.ShouldBe(401);
    }
}

public sealed class DeployTokenTestsOnPostgres(PostgresServer fixture) : DeployTokenTests(fixture.Server), IClassFixture<PostgresServer>;
