using System.Globalization;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Access;

/// <summary>Job tokens minted through the API (generic-packages contract sections 1.1, 1.2, 1.5 and 1.6; Maven contract section 1.4).</summary>
public abstract class JobTokenTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Minted_token_is_shown_once()
    {
        var world = await World.CreateAsync(server, cancel);
        var maintainer = world.Users["maintainer"];
        var made = await server.ClientFor(maintainer).AskAsync("POST", $"/projects/{world.Project.Id}/job_tokens", cancel, new { expires_in = 90 });
        made.Status.ShouldBe(201);
        made["token"].ShouldNotBeNull().ShouldMatch("^glcbt-[0-9A-Za-z_-]{20,}$");
        made.Text.ShouldBe($$"""
            {"id":{{made["id"]}},"token":"{{made["token"]}}","project_id":{{world.Project.Id}},"user_id":{{maintainer.Id}},"expires_at":"2026-01-02T03:05:35.000Z"}
            """);
        server.Log.ShouldNotContain(line => line.Contains(made["token"]!, StringComparison.Ordinal));
        (await server.ClientFor(maintainer).AskAsync("POST", $"/projects/{world.Project.Id}/job_tokens", cancel))["expires_at"]
            .ShouldBe("2026-01-02T04:04:05.000Z");
    }

    [Fact]
    public async Task Those_that_work_are_listed_without_their_text()
    {
        var world = await World.CreateAsync(server, cancel);
        var path = $"/projects/{world.Project.Id}/job_tokens";
        var maintainer = server.ClientFor(world.Users["maintainer"]);
        var (first, second, ended) = (await maintainer.AskAsync("POST", path, cancel), await root.AskAsync("POST", path, cancel), await root.AskAsync("POST", path, cancel));
        (await root.AskAsync("DELETE", $"{path}/{ended["id"]}", cancel)).Status.ShouldBe(204);
        var listed = await maintainer.AskAsync("GET", path, cancel);
        listed.Json.EnumerateArray().Select(token => token.GetProperty("id").ToString()).ShouldBe([second["id"]!, first["id"]!]);
        listed.Json[1].ToString().ShouldBe($$"""
            {"id":{{first["id"]}},"project_id":{{world.Project.Id}},"user_id":{{world.Users["maintainer"].Id}},"created_at":"2026-01-02T03:04:05.000Z","expires_at":"2026-01-02T04:04:05.000Z"}
            """);
        listed.Header("X-Total").ShouldBe("2");
        (await maintainer.AskAsync("GET", $"{path}?per_page=1&page=2", cancel)).Json[0].GetProperty("id").ToString().ShouldBe(first["id"]);
        (await server.ClientFor(world.Users["developer"]).AskAsync("GET", path, cancel)).Status.ShouldBe(403);
    }

    [Theory]
    [InlineData("anonymous", 401)]
    [InlineData("stranger", 404)]
    [InlineData("developer", 403)]
    [InlineData("maintainer", 201)]
    public async Task Maintainers_mint(string caller, int status)
    {
        var world = await World.CreateAsync(server, cancel);
        (await world.AskAsync(world.As(caller), "POST", $"/projects/{world.Project.Id}/job_tokens", cancel)).Status.ShouldBe(status);
    }

    [Fact]
    public async Task For_another_user_only_an_administrator_mints()
    {
        var world = await World.CreateAsync(server, cancel);
        var body = new { user_id = world.Users["developer"].Id };
        var path = $"/projects/{world.Project.Id}/job_tokens";
        (await server.ClientFor(world.Users["owner"]).AskAsync("POST", path, cancel, body)).Status.ShouldBe(403);
        (await root.AskAsync("POST", path, cancel, body))["user_id"].ShouldBe($"{body.user_id}");
        (await root.AskAsync("POST", path, cancel, new { user_id = 999_999 })).Text.ShouldBe("""{"message":"404 User Not Found"}""");
        foreach (var seconds in new[] { 0, -5, 604_801 })
            (await root.AskAsync("POST", path, cancel, new { expires_in = seconds })).Text.ShouldBe("""{"error":"expires_in does not have a valid value"}""");
    }

    [Theory]
    [InlineData("guest", 403, 403)]
    [InlineData("reporter", 200, 403)]
    [InlineData("developer", 200, 201)]
    [InlineData("admin", 200, 201)]
    [InlineData("stranger", 404, 404)]
    public async Task Job_may_what_its_user_may(string user, int get, int put)
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var token = await MintAsync(world.Project, world.Users[user]);
        foreach (var credentials in new[]
        {
            Credentials.Job(token), Credentials.Bearer(token), Credentials.Basic("gitlab-ci-token", token), Credentials.Query(token, "job_token"),
            Credentials.Query(token, "token"),
        })
        {
            (await world.AskAsync(credentials, "GET", world.File, cancel)).Status.ShouldBe(get);
            (await world.AskAsync(credentials, "PUT", world.File, cancel)).Status.ShouldBe(put);
        }
    }

    [Theory]
    [InlineData("gitlab-ci-token", 200, 401)]
    [InlineData("whoever", 401, 200)]
    [InlineData("Gitlab-CI-Token", 401, 200)]
    public async Task Name_matters_in_basic(string name, int good, int bad)
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var token = await MintAsync(world.Project, world.Users["developer"]);
        (await world.AskAsync(Credentials.Basic(name, token), "GET", world.File, cancel)).Status.ShouldBe(good);
        var open = await World.CreateAsync(server, cancel, Visibility.Public);
        await open.PublishAsync(cancel);
        // A wrong job token is refused even where everybody may read; any other wrong password is overlooked.
        (await open.AskAsync(Credentials.Basic(name, "nonsense"), "GET", open.File, cancel)).Status.ShouldBe(bad);
        (await world.AskAsync(Credentials.Basic("gitlab-ci-token", world.Users["developer"].Token), "GET", world.File, cancel)).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("header")]
    [InlineData("job_token")]
    [InlineData("token")]
    public async Task Wrong_token_is_refused(string placement)
    {
        var world = await World.CreateAsync(server, cancel, Visibility.Public);
        await world.PublishAsync(cancel);
        var credentials = placement == "header" ? Credentials.Job("glcbt-nonsense") : Credentials.Query("glcbt-nonsense", placement);
        foreach (var (method, path) in new[] { ("GET", world.File), ("PUT", world.File), ("GET", $"/projects/{world.Project.Id}/packages") })
            (await world.AskAsync(credentials, method, path, cancel)).Status.ShouldBe(401);
    }

    // Another project, visibility, GET and PUT of a file, GET of the packages.
    [Theory]
    [InlineData("developer", "private", 404, 404, 403)]
    [InlineData("stranger", "private", 404, 404, 403)]
    [InlineData("developer", "internal", 200, 403, 200)]
    [InlineData("developer", "public", 200, 403, 200)]
    [InlineData("admin", "private", 404, 404, 403)]
    public async Task Job_is_a_visitor_of_other_projects(string user, string visibility, int get, int put, int list)
    {
        var (world, other) = (await World.CreateAsync(server, cancel), await World.CreateAsync(server, cancel, visibility));
        await other.PublishAsync(cancel);
        // Whatever the user is there.
        var jobUser = world.Users[user];
        if (user == "developer") await server.AddMemberAsync(other.Project, jobUser, Larder.Registry.Access.AccessLevel.Developer, cancel);
        var token = Credentials.Job(await MintAsync(world.Project, jobUser));
        (await other.AskAsync(token, "GET", other.File, cancel)).Status.ShouldBe(get);
        (await other.AskAsync(token, "PUT", other.File, cancel)).Status.ShouldBe(put);
        var listed = await other.AskAsync(token, "GET", $"/projects/{other.Project.Id}/packages", cancel);
        listed.Status.ShouldBe(list);
        if (list == 403)
        {
            listed.Text.ShouldBe($$"""
                {"message":"403 Forbidden - Authentication by CI/CD job token not allowed from {{world.Project.Path}} to {{other.Project.Path}}."}
                """);
        }
        (await other.AskAsync(token, "GET", "/projects/999999/packages", cancel)).Text.ShouldBe("""{"message":"404 Project Not Found"}""");
    }

    [Fact]
    public async Task Project_lets_in_the_jobs_of_projects_on_its_list()
    {
        var (world, other) = (await World.CreateAsync(server, cancel), await World.CreateAsync(server, cancel));
        await other.PublishAsync(cancel);
        await server.AddMemberAsync(other.Project, world.Users["developer"], Larder.Registry.Access.AccessLevel.Reporter, cancel);
        var token = Credentials.Job(await MintAsync(world.Project, world.Users["developer"]));
        var list = $"/projects/{other.Project.Id}/job_token_scope/allowlist";
        (await other.AskAsync(token, "GET", other.File, cancel)).Status.ShouldBe(404);

        var added = await root.AskAsync("POST", list, cancel, new { target_project_id = world.Project.Id });
        added.Status.ShouldBe(201);
        added.Text.ShouldBe($$"""{"source_project_id":{{other.Project.Id}},"target_project_id":{{world.Project.Id}}}""");
        (await other.AskAsync(token, "GET", other.File, cancel)).Status.ShouldBe(200);
        (await other.AskAsync(token, "PUT", other.File, cancel)).Status.ShouldBe(403);
        // Being let in is not being a member.
        var stranger = Credentials.Job(await MintAsync(world.Project, world.Users["maintainer"]));
        (await other.AskAsync(stranger, "GET", other.File, cancel)).Status.ShouldBe(404);

        var listed = await root.AskAsync("GET", list, cancel);
        listed.Json.EnumerateArray().Select(project => project.GetProperty("id").GetInt64()).ShouldBe([other.Project.Id, world.Project.Id]);
        (await root.AskAsync("GET", $"/projects/{other.Project.Id}/job_token_scope", cancel)).Text
            .ShouldBe("""{"inbound_enabled":true,"outbound_enabled":false}""");
        foreach (var twice in new[] { world.Project.Id, other.Project.Id })
        {
            (await root.AskAsync("POST", list, cancel, new { target_project_id = twice })).Text
                .ShouldBe("""{"message":"400 Bad request - This project is already in the job token allowlist."}""");
        }
        (await server.ClientFor(other.Users["maintainer"]).AskAsync("POST", list, cancel, new { target_project_id = world.Project.Id })).Status.ShouldBe(404);

        (await root.AskAsync("DELETE", $"{list}/{world.Project.Id}", cancel)).Status.ShouldBe(204);
        (await root.AskAsync("DELETE", $"{list}/{world.Project.Id}", cancel)).Status.ShouldBe(404);
        (await other.AskAsync(token, "GET", other.File, cancel)).Status.ShouldBe(404);
        (await server.ClientFor(other.Users["developer"]).AskAsync("GET", list, cancel)).Status.ShouldBe(403);
    }

    [Theory]
    [InlineData("developer", 200, 403)]
    [InlineData("maintainer", 200, 204)]
    [InlineData("guest", 403, 403)]
    public async Task Packages_api_takes_job_tokens(string user, int list, int delete)
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var packages = $"/projects/{world.Project.Id}/packages";
        var id = (await root.AskAsync("GET", packages, cancel)).Json[0].GetProperty("id").ToString();
        var token = await MintAsync(world.Project, world.Users[user]);
        foreach (var credentials in new[]
        {
            Credentials.Job(token), Credentials.Bearer(token), Credentials.Query(token, "job_token"), Credentials.Query(token, "token"),
        })
            (await world.AskAsync(credentials, "GET", packages, cancel)).Status.ShouldBe(list);
        (await world.AskAsync(Credentials.Basic("gitlab-ci-token", token), "GET", packages, cancel)).Status.ShouldBe(404);
        (await world.AskAsync(Credentials.Job(token), "GET", $"{packages}/{id}/package_files", cancel)).Status.ShouldBe(list);
        (await world.AskAsync(Credentials.Job(token), "DELETE", $"{packages}/{id}", cancel)).Status.ShouldBe(delete);
    }

    [Fact]
    public async Task Other_endpoints_overlook_job_tokens()
    {
        var world = await World.CreateAsync(server, cancel);
        var token = Credentials.Job(await MintAsync(world.Project, world.Users["owner"]));
        (await world.AskAsync(token, "GET", $"/groups/{world.Group.Id}/packages", cancel)).Status.ShouldBe(404);
        (await world.AskAsync(token, "GET", "/user", cancel)).Status.ShouldBe(401);
        (await world.AskAsync(token, "GET", $"/projects/{world.Project.Id}", cancel)).Status.ShouldBe(404);
        (await world.AskAsync(token, "POST", $"/projects/{world.Project.Id}/job_tokens", cancel)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Virtual_registries_take_jobs_of_projects_in_their_group()
    {
        var world = await World.CreateAsync(server, cancel);
        var user = world.Users["guest"];
        var token = await MintAsync(world.Project, user);
        var registry = $"/virtual_registries/packages/maven/registries/{world.RegistryId}";
        foreach (var credentials in new[] { Credentials.Job(token), Credentials.Basic("gitlab-ci-token", token) })
            (await world.AskAsync(credentials, "GET", world.Artifact, cancel)).Status.ShouldBe(World.LetIntoTheVirtualRegistry);
        foreach (var credentials in new[] { Credentials.Job(token), Credentials.Query(token, "job_token") })
            (await world.AskAsync(credentials, "GET", registry, cancel)).Status.ShouldBe(200);
        (await world.AskAsync(Credentials.Basic(user.Username, token), "GET", world.Artifact, cancel)).Status.ShouldBe(401);
        (await world.AskAsync(Credentials.Bearer(token), "GET", registry, cancel)).Status.ShouldBe(401);
        (await world.AskAsync(Credentials.Job(token) + Credentials.Header(user.Token), "GET", world.Artifact, cancel)).Status.ShouldBe(400);

        // The user is a member; the job's project is elsewhere.
        var elsewhere = Credentials.Job(await MintAsync(await server.CreateProjectAsync(cancel), user));
        (await world.AskAsync(elsewhere, "GET", world.Artifact, cancel)).Status.ShouldBe(404);
        (await world.AskAsync(elsewhere, "GET", registry, cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Ended_token_stops_at_once()
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var tokens = $"/projects/{world.Project.Id}/job_tokens";
        var made = await root.AskAsync("POST", tokens, cancel, new { user_id = world.Users["developer"].Id });
        var job = Credentials.Job(made["token"]!);
        (await world.AskAsync(job, "GET", world.File, cancel)).Status.ShouldBe(200);
        (await root.AskAsync("DELETE", $"/projects/{(await server.CreateProjectAsync(cancel)).Id}/job_tokens/{made["id"]}", cancel)).Status.ShouldBe(404);
        (await server.ClientFor(world.Users["developer"]).AskAsync("DELETE", $"{tokens}/{made["id"]}", cancel)).Status.ShouldBe(403);
        (await root.AskAsync("DELETE", $"{tokens}/{made["id"]}", cancel)).Status.ShouldBe(204);
        var refused = await world.AskAsync(job, "GET", world.File, cancel);
        refused.Status.ShouldBe(401);
        refused.Text.ShouldBe("""{"message":"401 Unauthorized"}""");
        (await root.AskAsync("DELETE", $"{tokens}/{made["id"]}", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Job_of_a_blocked_user_is_refused()
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var job = Credentials.Job(await MintAsync(world.Project, world.Users["developer"]));
        (await root.AskAsync("POST", $"/users/{world.Users["developer"].Id}/block", cancel)).Status.ShouldBe(201);
        var refused = await world.AskAsync(job, "GET", world.File, cancel);
        refused.Status.ShouldBe(403);
        refused.Text.ShouldContain("blocked");
    }

    private async Task<string> MintAsync(Project project, TestUser user)
    {
        var made = await root.AskAsync("POST", $"/projects/{project.Id}/job_tokens", cancel, new { user_id = user.Id });
        made.Status.ShouldBe(201, made.Text);
        return made["token"]!;
    }
}

public sealed class JobTokenTestsOnSqlite(SqliteServer fixture) : JobTokenTests(fixture.Server), IClassFixture<SqliteServer>
{
    /// <summary>Moves the clock, which other tests of a shared server would notice: so on a server of its own.</summary>
    [Fact]
    public async Task Token_runs_until_it_expires()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var own = await LarderServer.StartAsync(cancel);
        var world = await World.CreateAsync(own, cancel);
        await world.PublishAsync(cancel);
        var made = await own.ClientFor(LarderServer.RootToken).AskAsync(
            "POST", string.Create(CultureInfo.InvariantCulture, $"/projects/{world.Project.Id}/job_tokens"), cancel, new { expires_in = 60 });
        var job = Credentials.Job(made["token"]!);
        own.Time.Advance(TimeSpan.FromSeconds(59));
        (await world.AskAsync(job, "GET", world.File, cancel)).Status.ShouldBe(200);
        own.Time.Advance(TimeSpan.FromSeconds(1));
        (await world.AskAsync(job, "GET", world.File, cancel)).Status.ShouldBe(401);
    }
}

public sealed class JobTokenTestsOnPostgres(PostgresServer fixture) : JobTokenTests(fixture.Server), IClassFixture<PostgresServer>;
