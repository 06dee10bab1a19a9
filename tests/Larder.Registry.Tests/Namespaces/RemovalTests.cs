using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Tests.Access;
using Larder.Testing;
using Credentials = Larder.Registry.Tests.Access.Credentials;

namespace Larder.Registry.Tests.Namespaces;

/// <summary>What goes along when a user, a group or a project is deleted, and what stays.</summary>
public abstract class RemovalTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Project_takes_its_packages_and_tokens_along()
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var project = $"/projects/{world.Project.Id}";
        var tokens = await TokensOfAsync(project, world);
        await FillAsync(world);
        foreach (var token in tokens) (await world.AskAsync(token, "GET", world.File, cancel)).Status.ShouldBe(200);

        var gone = await server.ClientFor(world.Users["owner"]).AskAsync("DELETE", project, cancel);
        gone.Status.ShouldBe(202);
        gone.Text.ShouldBe("""{"message":"202 Accepted"}""");
        (await root.AskAsync("GET", project, cancel)).Status.ShouldBe(404);
        (await root.AskAsync("GET", $"/projects/{Uri.EscapeDataString(world.Project.FullPath)}", cancel)).Status.ShouldBe(404);
        foreach (var token in tokens) (await world.AskAsync(token, "GET", world.File, cancel)).Status.ShouldBe(401);
        (await CountAsync($"select count(*) from packages where project_id = {world.Project.Id}")).ShouldBe(0);
        (await CountAsync($"select count(*) from users where bot_project_id = {world.Project.Id}")).ShouldBe(0);
        (await CountAsync($"select count(*) from job_token_trust_rules where project_id = {world.Project.Id}")).ShouldBe(0);
        (await CountAsync("select count(*) from blobs")).ShouldBeGreaterThan(0);
        (await root.AskAsync("DELETE", project, cancel)).Status.ShouldBe(404);
        // Its path is free again.
        (await root.AskAsync("POST", "/projects", cancel, new { name = "again", path = world.Project.Path, namespace_id = world.Group.Id })).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Group_takes_everything_inside_along()
    {
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        var inside = await server.CreateGroupAsync(cancel, parent: world.Group);
        var deep = await server.CreateProjectAsync(cancel, group: inside);
        var neighbour = await World.CreateAsync(server, cancel);
        await neighbour.PublishAsync(cancel);
        var group = $"/groups/{world.Group.Id}";
        var tokens = await TokensOfAsync(group, world);
        var upstream = await root.AskAsync("POST", $"/virtual_registries/packages/maven/registries/{world.RegistryId}/upstreams", cancel,
            new { name = "u", url = "https://203.0.113.7/maven" });
        upstream.Status.ShouldBe(201, upstream.Text);

        (await server.ClientFor(world.Users["maintainer"]).AskAsync("DELETE", group, cancel)).Status.ShouldBe(403);
        (await server.ClientFor(world.Users["owner"]).AskAsync("DELETE", group, cancel)).Status.ShouldBe(202);
        foreach (var path in new[] { group, $"/groups/{inside.Id}", $"/projects/{world.Project.Id}", $"/projects/{deep.Id}" })
            (await root.AskAsync("GET", path, cancel)).Status.ShouldBe(404);
        foreach (var token in tokens) (await world.AskAsync(token, "GET", world.File, cancel)).Status.ShouldBe(401);
        (await root.AskAsync("GET", $"/virtual_registries/packages/maven/registries/{world.RegistryId}", cancel)).Status.ShouldBe(404);
        (await CountAsync($"select count(*) from maven_upstreams where group_id = {world.Group.Id}")).ShouldBe(0);
        (await CountAsync($"select count(*) from users where bot_namespace_id = {world.Group.Id}")).ShouldBe(0);
        (await neighbour.AskAsync(neighbour.As("developer"), "GET", neighbour.File, cancel)).Status.ShouldBe(200);
        (await root.AskAsync("GET", $"/users/{world.Users["owner"].Id}", cancel)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task User_takes_its_own_along_and_leaves_what_it_published()
    {
        var world = await World.CreateAsync(server, cancel);
        var user = world.Users["maintainer"];
        (await world.AskAsync(world.As("maintainer"), "PUT", world.File, cancel)).Status.ShouldBe(201);
        var own = await server.ClientFor(user).AskAsync("POST", "/projects", cancel, new { name = "own" });
        own.Status.ShouldBe(201);
        var minted = await server.ClientFor(user).AskAsync("POST", $"/projects/{world.Project.Id}/job_tokens", cancel);
        var deploy = await server.ClientFor(user).AskAsync(
            "POST", $"/projects/{world.Project.Id}/deploy_tokens", cancel, new { name = "t", scopes = new[] { "read_package_registry" } });

        (await server.ClientFor(user).AskAsync("DELETE", $"/users/{user.Id}", cancel)).Status.ShouldBe(403);
        (await root.AskAsync("DELETE", $"/users/{user.Id}", cancel)).Status.ShouldBe(204);
        (await root.AskAsync("GET", $"/users/{user.Id}", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("DELETE", $"/users/{user.Id}", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("GET", $"/projects/{own["id"]}", cancel)).Status.ShouldBe(404);
        (await world.AskAsync(world.As("maintainer"), "GET", world.File, cancel)).Status.ShouldBe(401);
        (await world.AskAsync(Credentials.Job(minted["token"]!), "GET", world.File, cancel)).Status.ShouldBe(401);
        // A deploy token is the project's, whoever made it.
        (await world.AskAsync(Credentials.Deploy(deploy["token"]!), "GET", world.File, cancel)).Status.ShouldBe(200);
        (await server.CreateUserAsync(cancel, user.Username)).Username.ShouldBe(user.Username);
    }

    [Fact]
    public async Task Only_owner_of_a_group_cannot_be_deleted_nor_leave()
    {
        var user = await server.CreateUserAsync(cancel);
        var client = server.ClientFor(user);
        var group = await client.AskAsync("POST", "/groups", cancel, new { name = "g", path = server.NewName("group") });
        var member = $"/groups/{group["id"]}/members/{user.Id}";
        var refused = await root.AskAsync("DELETE", $"/users/{user.Id}", cancel);
        refused.Status.ShouldBe(409);
        refused.Text.ShouldBe("""{"message":"User cannot be removed while is the sole-owner of a group"}""");
        (await client.AskAsync("DELETE", member, cancel)).Status.ShouldBe(403);
        (await client.AskAsync("PUT", member, cancel, new { access_level = 30 })).Status.ShouldBe(403);
        (await client.AskAsync("POST", $"/groups/{group["id"]}/members", cancel, new { user_id = 1, access_level = 50 })).Status.ShouldBe(201);
        (await client.AskAsync("DELETE", member, cancel)).Status.ShouldBe(204);
        (await root.AskAsync("DELETE", $"/users/{user.Id}", cancel)).Status.ShouldBe(204);
    }

    [Fact]
    public async Task Root_stays()
    {
        (await root.AskAsync("DELETE", "/users/1", cancel)).Status.ShouldBe(403);
        (await root.AskAsync("PUT", "/users/1", cancel, new { admin = false })).Status.ShouldBe(403);
    }

    [Theory]
    [InlineData("anonymous", 401)]
    [InlineData("stranger", 404)]
    [InlineData("maintainer", 403)]
    public async Task Owners_delete(string caller, int status)
    {
        var world = await World.CreateAsync(server, cancel);
        (await world.AskAsync(world.As(caller), "DELETE", $"/projects/{world.Project.Id}", cancel)).Status.ShouldBe(status);
        (await world.AskAsync(world.As(caller), "DELETE", $"/groups/{world.Group.Id}", cancel)).Status.ShouldBe(status);
    }

    private async Task<List<Action<HttpRequestMessage>>> TokensOfAsync(string place, World world)
    {
        var access = await root.AskAsync("POST", $"{place}/access_tokens", cancel, new { name = "t", scopes = new[] { "api" }, access_level = 20 });
        var deploy = await root.AskAsync("POST", $"{place}/deploy_tokens", cancel, new { name = "t", scopes = new[] { "read_package_registry" } });
        var job = await root.AskAsync("POST", $"/projects/{world.Project.Id}/job_tokens", cancel, new { user_id = world.Users["developer"].Id });
        return [Credentials.Header(access["token"]!), Credentials.Deploy(deploy["token"]!), Credentials.Job(job["token"]!)];
    }

    // A row in whatever else refers to a project.
    private async Task FillAsync(World world)
    {
        var project = $"/projects/{world.Project.Id}";
        var other = await server.CreateProjectAsync(cancel);
        foreach (var (path, body) in new (string, object)[]
        {
            ($"{project}/members", new { user_id = world.Users["stranger"].Id, access_level = 20 }),
            ($"{project}/job_token_scope/allowlist", new { target_project_id = other.Id }),
            ($"/projects/{other.Id}/job_token_scope/allowlist", new { target_project_id = world.Project.Id }),
            ($"{project}/packages/protection/rules", new { package_name_pattern = "x", package_type = "generic", minimum_access_level_for_push = "owner" }),
        })
            (await root.AskAsync("POST", path, cancel, body)).Status.ShouldBe(201, path);
        await server.Get<TrustRuleStore>().CreateAsync(
            new NewTrustRule(world.Project.Id, world.Users["owner"].Id, AccessLevel.Developer, "https://issuer.example", "a", """{"ref":"main"}"""), cancel);
    }

    private Task<long> CountAsync(string sql) => server.Get<Database>().ReadAsync(session => session.SingleAsync<long>(sql), cancel);
}

public sealed class RemovalTestsOnSqlite(SqliteServer fixture) : RemovalTests(fixture.Server), IClassFixture<SqliteServer>
{
    // Whoever adds a table that refers to one of these decides what becomes of its rows: a cascade, or a statement in Removals.
    [Fact]
    public async Task Every_reference_without_a_cascade_is_known()
    {
        var references = await fixture.Server.Get<Database>().ReadAsync(session => session.QueryAsync<string>("""
            select distinct m.name || '.' || f."from" from sqlite_master m, pragma_foreign_key_list(m.name) f
            where m.type = 'table' and f.on_delete = 'NO ACTION' and f."table" not in ('blobs') order by 1
            """), TestContext.Current.CancellationToken);
        references.ShouldBe(
        [
            "maven_absences.upstream_id", "maven_cache_entries.upstream_id", "maven_registries.group_id", "maven_registry_upstreams.registry_id",
            "maven_registry_upstreams.upstream_id", "maven_supplied_artifacts.upstream_id", "maven_upstream_rules.upstream_id", "maven_upstreams.group_id",
            "members.namespace_id", "members.project_id", "members.user_id", "namespaces.owner_id", "namespaces.parent_id", "package_files.creator_id",
            "package_files.package_id", "package_uploads.creator_id", "packages.creator_id", "packages.project_id", "personal_access_tokens.user_id",
            "projects.creator_id", "projects.namespace_id", "routes.namespace_id", "routes.project_id", "users.bot_namespace_id", "users.bot_project_id",
        ]);
    }
}

public sealed class RemovalTestsOnPostgres(PostgresServer fixture) : RemovalTests(fixture.Server), IClassFixture<PostgresServer>;
