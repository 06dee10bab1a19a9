using System.Globalization;
using Larder.Registry.Access;
using Larder.Testing;

namespace Larder.Registry.Tests.Access;

/// <summary>Access tokens of projects and groups, and the bots behind them.</summary>
public abstract class ResourceTokenTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Theory]
    [InlineData("project")]
    [InlineData("group")]
    public async Task Created_token_is_shown_as_gitlab_shows_it(string kind)
    {
        var project = await server.CreateProjectAsync(cancel);
        var id = kind == "project" ? project.Id : project.NamespaceId;
        var tokens = $"/{kind}s/{id}/access_tokens";
        var made = await root.AskAsync("POST", tokens, cancel, new
        {
            name = "ci", scopes = new[] { "api", "read_user" }, access_level = 30, expires_at = "2026-06-01", description = "for builds",
        });
        made.Status.ShouldBe(201);
        made["token"].ShouldNotBeNull().ShouldMatch("^glpat-[0-9A-Za-z_-]{20,}$");
        var expected = $$"""
            {"id":{{made["id"]}},"name":"ci","revoked":false,"created_at":"{{made["created_at"]}}","description":"for builds","scopes":["api","read_user"],"user_id":{{made["user_id"]}},"last_used_at":null,"active":true,"expires_at":"2026-06-01","access_level":30,"resource_type":"{{kind}}","resource_id":{{id}}}
            """;
        made.Text.ShouldBe(expected[..^1] + $",\"token\":\"{made["token"]}\"}}");
        (await root.AskAsync("GET", $"{tokens}/{made["id"]}", cancel)).Text.ShouldBe(expected);
        var listed = await root.AskAsync("GET", tokens, cancel);
        listed.Text.ShouldBe($"[{expected}]");
        listed.Header("X-Total").ShouldBe("1");
    }

    [Fact]
    public async Task Bot_is_a_member_of_its_project_and_no_person()
    {
        var project = await server.CreateProjectAsync(cancel);
        var made = await CreateAsync($"/projects/{project.Id}", 40);
        var bot = server.ClientFor(made["token"]);
        var user = await bot.AskAsync("GET", "/user", cancel);
        user.Status.ShouldBe(200);
        user["id"].ShouldBe(made["user_id"]);
        user["username"].ShouldNotBeNull().ShouldMatch($"^project_{project.Id}_bot_[0-9a-f]{{32}}$");
        user["bot"].ShouldBe("True");
        user["namespace_id"].ShouldBeNull();
        var members = await root.AskAsync("GET", $"/projects/{project.Id}/members", cancel);
        members.Json.EnumerateArray().Single().GetProperty("access_level").GetInt64().ShouldBe(40);
        (await bot.AskAsync("POST", "/groups", cancel, new { name = "g", path = server.NewName("group") })).Status.ShouldBe(403);
        (await bot.AskAsync("POST", "/projects", cancel, new { name = "p" })).Status.ShouldBe(400);
        (await bot.AskAsync("GET", $"/projects/{project.Id}/access_tokens", cancel)).Status.ShouldBe(403);
        (await root.AskAsync("GET", $"/users/{made["user_id"]}", cancel))["bot"].ShouldBe("True");
        (await root.AskAsync("GET", $"/users?search={user["username"]}", cancel)).Json.GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData(10, 403, 403)]
    [InlineData(20, 200, 403)]
    [InlineData(30, 200, 201)]
    public async Task Token_may_what_its_level_may_in_its_own_place(int level, int get, int put)
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        foreach (var place in new[] { $"/projects/{world.Project.Id}", $"/groups/{world.Group.Id}" })
        {
            var token = (await CreateAsync(place, level))["token"]!;
            foreach (var credentials in new[] { Credentials.Header(token), Credentials.Basic("any", token), Credentials.Bearer(token) })
            {
                (await world.AskAsync(credentials, "GET", world.File, cancel)).Status.ShouldBe(get);
                (await world.AskAsync(credentials, "PUT", world.File, cancel)).Status.ShouldBe(put);
            }
        }
        var stranger = (await CreateAsync($"/projects/{(await server.CreateProjectAsync(cancel)).Id}", 50))["token"]!;
        (await world.AskAsync(Credentials.Header(stranger), "GET", world.File, cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Group_token_downloads_from_virtual_registries_with_the_name_of_its_bot()
    {
        var world = await World.CreateAsync(server, cancel);
        var made = await CreateAsync($"/groups/{world.Group.Id}", 10, "read_virtual_registry");
        var name = (await root.AskAsync("GET", $"/users/{made["user_id"]}", cancel))["username"]!;
        (await world.AskAsync(Credentials.Basic(name, made["token"]!), "GET", world.Artifact, cancel)).Status.ShouldBe(World.LetIntoTheVirtualRegistry);
        (await world.AskAsync(Credentials.Basic("other", made["token"]!), "GET", world.Artifact, cancel)).Status.ShouldBe(401);
        (await world.AskAsync(Credentials.Header(made["token"]!), "GET", world.File, cancel)).Status.ShouldBe(403);
    }

    [Theory]
    [InlineData("anonymous", 401, 401)]
    [InlineData("stranger", 404, 404)]
    [InlineData("developer", 401, 401)]
    [InlineData("maintainer", 200, 401)]
    [InlineData("owner", 200, 200)]
    public async Task Roles(string caller, int ofProject, int ofGroup)
    {
        var world = await World.CreateAsync(server, cancel);
        (await world.AskAsync(world.As(caller), "GET", $"/projects/{world.Project.Id}/access_tokens", cancel)).Status.ShouldBe(ofProject);
        (await world.AskAsync(world.As(caller), "GET", $"/groups/{world.Group.Id}/access_tokens", cancel)).Status.ShouldBe(ofGroup);
    }

    [Fact]
    public async Task Nobody_makes_a_token_that_may_more_than_they_do()
    {
        var world = await World.CreateAsync(server, cancel);
        var maintainer = server.ClientFor(world.Users["maintainer"]);
        var tokens = $"/projects/{world.Project.Id}/access_tokens";
        var refused = await maintainer.AskAsync("POST", tokens, cancel, new { name = "t", scopes = new[] { "api" }, access_level = 50 });
        refused.Status.ShouldBe(400);
        refused.Text.ShouldBe("""
            {"message":"400 Bad request - Access level of the token can't be greater the access level of the user who created the token"}
            """);
        (await maintainer.AskAsync("POST", tokens, cancel, new { name = "t", scopes = new[] { "api" } }))["access_level"].ShouldBe("40");
        var ofOwner = await CreateAsync($"/projects/{world.Project.Id}", 50);
        (await maintainer.AskAsync("POST", $"{tokens}/{ofOwner["id"]}/rotate", cancel)).Status.ShouldBe(401);
    }

    [Theory]
    [InlineData("""{"scopes":["api"]}""", """{"error":"name is missing"}""")]
    [InlineData("""{"name":"a","scopes":["everything"]}""", """{"error":"scopes does not have a valid value"}""")]
    [InlineData("""{"name":"a","scopes":["api"],"access_level":35}""", """{"error":"access_level does not have a valid value"}""")]
    public async Task Token_that_breaks_a_rule_is_refused(string body, string answer)
    {
        var project = await server.CreateProjectAsync(cancel);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v4/projects/{project.Id}/access_tokens")
        {
            Content = new StringContent(body, null, "application/json"),
        };
        var refused = await root.AskAsync(request, cancel);
        refused.Status.ShouldBe(400);
        refused.Text.ShouldBe(answer);
    }

    [Fact]
    public async Task Revoked_token_stops_at_once_and_its_bot_is_no_member_any_more()
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var tokens = $"/projects/{world.Project.Id}/access_tokens";
        var made = await CreateAsync($"/projects/{world.Project.Id}", 30);
        (await world.AskAsync(Credentials.Header(made["token"]!), "GET", world.File, cancel)).Status.ShouldBe(200);
        (await root.AskAsync("DELETE", $"{tokens}/{made["id"]}", cancel)).Status.ShouldBe(204);
        var refused = await world.AskAsync(Credentials.Header(made["token"]!), "GET", world.File, cancel);
        refused.Status.ShouldBe(401);
        refused.Text.ShouldBe("""{"error":"invalid_token","error_description":"Token was revoked. You have to re-authorize from the user."}""");
        (await root.AskAsync("GET", $"/projects/{world.Project.Id}/members", cancel)).Json.GetArrayLength().ShouldBe(0);
        (await root.AskAsync("GET", $"{tokens}?state=active", cancel)).Json.GetArrayLength().ShouldBe(0);
        var listed = (await root.AskAsync("GET", $"{tokens}?state=inactive", cancel)).Json.EnumerateArray().Single();
        listed.GetProperty("revoked").GetBoolean().ShouldBeTrue();
        (await root.AskAsync("POST", $"{tokens}/{made["id"]}/rotate", cancel)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Rotated_token_keeps_its_bot_and_its_level()
    {
        var world = await World.CreateAsync(server, cancel);
        var tokens = $"/projects/{world.Project.Id}/access_tokens";
        var made = await CreateAsync($"/projects/{world.Project.Id}", 30);
        var rotated = await root.AskAsync("POST", $"{tokens}/{made["id"]}/rotate", cancel, new { expires_at = "2026-05-05" });
        rotated.Status.ShouldBe(200);
        rotated["user_id"].ShouldBe(made["user_id"]);
        rotated["access_level"].ShouldBe("30");
        rotated["expires_at"].ShouldBe("2026-05-05");
        (await world.AskAsync(Credentials.Header(made["token"]!), "PUT", world.File, cancel)).Status.ShouldBe(401);
        (await world.AskAsync(Credentials.Header(rotated["token"]!), "PUT", world.File, cancel)).Status.ShouldBe(201);
        // A bot rotates itself like any user.
        var again = await server.ClientFor(rotated["token"]).AskAsync("POST", "/personal_access_tokens/self/rotate", cancel);
        (await world.AskAsync(Credentials.Header(again["token"]!), "PUT", world.File, cancel)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Token_of_one_place_is_not_found_in_another()
    {
        var (project, other) = (await server.CreateProjectAsync(cancel), await server.CreateProjectAsync(cancel));
        var made = await CreateAsync($"/projects/{project.Id}", 30);
        foreach (var (method, path) in new[] { ("GET", ""), ("DELETE", ""), ("POST", "/rotate") })
        {
            var answer = await root.AskAsync(method, $"/projects/{other.Id}/access_tokens/{made["id"]}{path}", cancel);
            answer.Status.ShouldBe(404);
            answer.Text.ShouldBe($$"""{"message":"404 Could not find project access token with token_id: {{made["id"]}} Not Found"}""");
        }
        (await server.ClientFor(made["token"]).AskAsync("GET", "/user", cancel)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Listing_filters_and_sorts()
    {
        var user = await server.CreateUserAsync(cancel);
        async Task MakeAsync(string name, string expires) => (await root.AskAsync("POST", $"/users/{user.Id}/personal_access_tokens", cancel,
            new { name, scopes = new[] { "api" }, expires_at = expires })).Status.ShouldBe(201);
        await MakeAsync("b", "2026-03-01");
        await MakeAsync("a", "2026-04-01");
        async Task<string> NamesAsync(string filter) => string.Join(',', (await root.AskAsync(
            "GET", $"/personal_access_tokens?user_id={user.Id}&{filter}", cancel)).Json.EnumerateArray().Select(token => token.GetProperty("name").GetString()));

        (await NamesAsync("sort=name_asc")).ShouldBe("a,b,test");
        (await NamesAsync("sort=name_desc")).ShouldBe("test,b,a");
        (await NamesAsync("sort=expires_asc")).ShouldBe("b,a,test");
        (await NamesAsync("sort=expires_desc")).ShouldBe("a,b,test");
        (await NamesAsync("sort=expires_at_asc_id_desc")).ShouldBe("b,a,test");
        (await NamesAsync("sort=created_asc")).ShouldBe("test,b,a");
        (await NamesAsync("sort=created_desc")).ShouldBe("a,b,test");
        (await NamesAsync("sort=last_used_asc")).ShouldBe("test,b,a");
        (await NamesAsync("sort=last_used_desc")).ShouldBe("a,b,test");
        (await NamesAsync("expires_after=2026-03-15")).ShouldBe("a");
        (await NamesAsync("expires_before=2026-03-15")).ShouldBe("b");
        var now = Uri.EscapeDataString(server.Time.GetUtcNow().ToString("o", CultureInfo.InvariantCulture));
        (await NamesAsync($"created_after={now}")).ShouldBe("test,b,a");
        (await NamesAsync("created_before=2020-01-01T00:00:00Z")).ShouldBe("");
        (await NamesAsync("last_used_after=2020-01-01T00:00:00Z")).ShouldBe("");
        (await NamesAsync("last_used_before=2030-01-01")).ShouldBe("");
        (await root.AskAsync("GET", "/personal_access_tokens?sort=odd&created_after=soon", cancel)).Text
            .ShouldBe("""{"error":"created_after is invalid, sort does not have a valid value"}""");
    }

    [Fact]
    public async Task Last_use_is_known_after_the_next_write_of_all_uses()
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var self = await server.ClientFor(world.Users["developer"]).AskAsync("GET", "/personal_access_tokens/self", cancel);
        var tokens = $"/projects/{world.Project.Id}/deploy_tokens";
        var deploy = await root.AskAsync("POST", tokens, cancel, new { name = "t", scopes = new[] { "read_package_registry" } });
        (await world.AskAsync(Credentials.Deploy(deploy["token"]!), "GET", world.File, cancel)).Status.ShouldBe(200);
        await server.Get<TokenUses>().FlushAsync(cancel);
        (await root.AskAsync("GET", $"/personal_access_tokens/{self["id"]}", cancel))["last_used_at"].ShouldNotBeNull().ShouldStartWith("2026-01-02T03:04:05");
        // Nothing new: nothing to write.
        await server.Get<TokenUses>().FlushAsync(cancel);
    }

    private async Task<Answer> CreateAsync(string place, int level, string scope = "api")
    {
        var made = await root.AskAsync("POST", $"{place}/access_tokens", cancel, new { name = "t", scopes = new[] { scope }, access_level = level });
        made.Status.ShouldBe(201, made.Text);
        return made;
    }
}

public sealed class ResourceTokenTestsOnSqlite(SqliteServer fixture) : ResourceTokenTests(fixture.Server), IClassFixture<SqliteServer>;
public sealed class ResourceTokenTestsOnPostgres(PostgresServer fixture) : ResourceTokenTests(fixture.Server), IClassFixture<PostgresServer>;
