using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Access;

/// <summary>Who gets what: the tables of the contracts, row by row.</summary>
public abstract class DecisionTests(LarderServer server)
{
    private const string PackagesChallenge = "Basic realm=\"GitLab Packages Registry\"";
    private const string RegistryChallenge = "Basic realm=\"GitLab Virtual Registry\"";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    // Generic-packages contract section 1.5, and the levels of section 1.4 between its lines.
    public static TheoryData<string, string, int, int> Generic => new()
    {
        { "public", "anonymous", 200, 401 }, { "public", "stranger", 200, 403 }, { "public", "minimal", 200, 403 },
        { "public", "guest", 200, 403 }, { "public", "reporter", 200, 403 }, { "public", "developer", 200, 201 },
        { "public", "invalid header", 401, 401 }, { "public", "invalid query", 401, 401 }, { "public", "invalid bearer", 401, 401 },
        { "public", "invalid basic", 200, 401 }, { "public", "garbled basic", 200, 401 }, { "public", "basic without colon", 200, 401 },
        { "public", "admin", 200, 201 },

        { "internal", "anonymous", 401, 401 }, { "internal", "stranger", 200, 403 }, { "internal", "guest", 200, 403 },
        { "internal", "invalid basic", 401, 401 }, { "internal", "developer", 200, 201 },

        { "private", "anonymous", 401, 401 }, { "private", "stranger", 404, 404 }, { "private", "minimal", 404, 404 },
        { "private", "guest", 403, 403 }, { "private", "planner", 403, 403 }, { "private", "reporter", 200, 403 },
        { "private", "developer", 200, 201 }, { "private", "maintainer", 200, 201 }, { "private", "owner", 200, 201 },
        { "private", "admin", 200, 201 }, { "private", "invalid header", 401, 401 }, { "private", "invalid query", 401, 401 },
        { "private", "invalid bearer", 401, 401 }, { "private", "invalid basic", 401, 401 },
    };

    [Theory, MemberData(nameof(Generic))]
    public async Task Generic_packages(string visibility, string caller, int get, int put)
    {
        var world = await World.CreateAsync(server, cancel, visibility);
        await world.PublishAsync(cancel);
        ShouldBeGeneric(await world.AskAsync(world.As(caller), "GET", world.File, cancel), get);
        ShouldBeGeneric(await world.AskAsync(world.As(caller), "PUT", world.File, cancel), put);
        var head = await world.AskAsync(world.As(caller), "HEAD", world.File, cancel);
        head.Status.ShouldBe(get);
        if (get == 401) head.Header("WWW-Authenticate").ShouldBe(PackagesChallenge);
    }

    // Section 1.4: the access level of the project's package registry.
    public static TheoryData<string, string, string, int, int> Registry => new()
    {
        { "private", RegistryAccess.Public, "anonymous", 200, 401 }, { "private", RegistryAccess.Public, "stranger", 200, 404 },
        { "private", RegistryAccess.Public, "guest", 200, 403 }, { "private", RegistryAccess.Public, "invalid basic", 200, 401 },
        { "private", RegistryAccess.Public, "invalid header", 401, 401 }, { "private", RegistryAccess.Public, "developer", 200, 201 },

        { "public", RegistryAccess.Private, "anonymous", 401, 401 }, { "public", RegistryAccess.Private, "stranger", 403, 403 },
        { "public", RegistryAccess.Private, "guest", 403, 403 }, { "public", RegistryAccess.Private, "reporter", 200, 403 },
        { "public", RegistryAccess.Private, "developer", 200, 201 }, { "public", RegistryAccess.Private, "admin", 200, 201 },

        { "public", RegistryAccess.Disabled, "anonymous", 401, 401 }, { "public", RegistryAccess.Disabled, "stranger", 403, 403 },
        { "public", RegistryAccess.Disabled, "owner", 403, 403 }, { "public", RegistryAccess.Disabled, "admin", 403, 403 },
        { "private", RegistryAccess.Disabled, "stranger", 404, 404 }, { "private", RegistryAccess.Disabled, "developer", 403, 403 },
    };

    [Theory, MemberData(nameof(Registry))]
    public async Task Package_registry_access_level(string visibility, string registryAccess, string caller, int get, int put)
    {
        var world = await World.CreateAsync(server, cancel, visibility, registryAccess);
        if (registryAccess != RegistryAccess.Disabled) await world.PublishAsync(cancel);
        ShouldBeGeneric(await world.AskAsync(world.As(caller), "GET", world.File, cancel), get);
        ShouldBeGeneric(await world.AskAsync(world.As(caller), "PUT", world.File, cancel), put);
    }

    // Section 1.6: the same question on the ordinary API.
    public static TheoryData<string, string, string, int, int> Packages => new()
    {
        { "private", RegistryAccess.Enabled, "anonymous", 404, 404 }, { "private", RegistryAccess.Enabled, "stranger", 404, 404 },
        { "private", RegistryAccess.Enabled, "invalid basic", 404, 404 }, { "private", RegistryAccess.Enabled, "invalid header", 401, 401 },
        { "private", RegistryAccess.Enabled, "invalid bearer", 401, 401 }, { "private", RegistryAccess.Enabled, "minimal", 404, 404 },
        { "private", RegistryAccess.Enabled, "guest", 403, 403 }, { "private", RegistryAccess.Enabled, "planner", 403, 403 },
        { "private", RegistryAccess.Enabled, "reporter", 200, 403 }, { "private", RegistryAccess.Enabled, "developer", 200, 403 },
        { "private", RegistryAccess.Enabled, "maintainer", 200, 204 }, { "private", RegistryAccess.Enabled, "owner", 200, 204 },
        { "private", RegistryAccess.Enabled, "admin", 200, 204 },
        { "internal", RegistryAccess.Enabled, "anonymous", 404, 404 }, { "internal", RegistryAccess.Enabled, "stranger", 200, 403 },
        { "public", RegistryAccess.Enabled, "anonymous", 200, 403 }, { "public", RegistryAccess.Enabled, "stranger", 200, 403 },
        { "public", RegistryAccess.Enabled, "developer", 200, 403 }, { "public", RegistryAccess.Enabled, "maintainer", 200, 204 },
        // A public registry opens pulling, not the lists.
        { "private", RegistryAccess.Public, "anonymous", 404, 404 }, { "private", RegistryAccess.Public, "stranger", 404, 404 },
        { "public", RegistryAccess.Private, "anonymous", 403, 403 }, { "public", RegistryAccess.Private, "reporter", 200, 403 },
    };

    [Theory, MemberData(nameof(Packages))]
    public async Task Packages_api(string visibility, string registryAccess, string caller, int list, int delete)
    {
        var world = await World.CreateAsync(server, cancel, visibility, registryAccess);
        await world.PublishAsync(cancel);
        var packages = $"/projects/{world.Project.Id}/packages";
        var id = (await world.AskAsync(Credentials.Header(LarderServer.RootToken), "GET", packages, cancel)).Json[0].GetProperty("id").GetInt64();
        ShouldBeApi(await world.AskAsync(world.As(caller), "GET", packages, cancel), list);
        ShouldBeApi(await world.AskAsync(world.As(caller), "GET", $"{packages}/{id}", cancel), list);
        ShouldBeApi(await world.AskAsync(world.As(caller), "GET", $"{packages}/{id}/package_files", cancel), list);
        ShouldBeApi(await world.AskAsync(world.As(caller), "DELETE", $"{packages}/{id}", cancel), delete);
    }

    [Theory]
    [InlineData("anonymous", 404)]
    [InlineData("stranger", 404)]
    [InlineData("guest", 403)]
    [InlineData("reporter", 200)]
    [InlineData("admin", 200)]
    public async Task Packages_of_a_private_group(string caller, int status)
    {
        var world = await World.CreateAsync(server, cancel);
        var answer = await world.AskAsync(world.As(caller), "GET", $"/groups/{world.Group.Id}/packages", cancel);
        answer.Status.ShouldBe(status);
        if (status == 404) answer.Text.ShouldBe("""{"message":"404 Group Not Found"}""");
    }

    // Maven contract sections 1.2 and 1.3.
    public static TheoryData<string, string, int, int, int> VirtualRegistries => new()
    {
        { "private", "anonymous", 401, 401, 401 }, { "private", "stranger", 404, 404, 404 }, { "private", "minimal", 403, 403, 401 },
        { "private", "guest", 200, 403, World.LetIntoTheVirtualRegistry }, { "private", "reporter", 200, 403, World.LetIntoTheVirtualRegistry },
        { "private", "developer", 200, 403, World.LetIntoTheVirtualRegistry }, { "private", "maintainer", 200, 201, World.LetIntoTheVirtualRegistry },
        { "private", "owner", 200, 201, World.LetIntoTheVirtualRegistry }, { "private", "admin", 200, 201, World.LetIntoTheVirtualRegistry },
        { "private", "invalid header", 401, 401, 401 }, { "private", "invalid basic", 401, 401, 401 }, { "private", "garbled basic", 401, 401, 401 },
        { "public", "anonymous", 401, 401, 401 }, { "public", "stranger", 403, 403, 401 }, { "public", "invalid basic", 401, 401, 401 },
        { "internal", "stranger", 403, 403, 401 }, { "public", "guest", 200, 403, World.LetIntoTheVirtualRegistry },
    };

    [Theory, MemberData(nameof(VirtualRegistries))]
    public async Task Virtual_registries(string visibility, string caller, int read, int manage, int download)
    {
        var world = await World.CreateAsync(server, cancel, visibility);
        var registries = $"/groups/{world.Group.Id}/-/virtual_registries/packages/maven/registries";
        ShouldBeRegistry(await world.AskAsync(world.As(caller), "GET", registries, cancel), read);
        ShouldBeRegistry(await world.AskAsync(world.As(caller), "GET", $"/virtual_registries/packages/maven/registries/{world.RegistryId}", cancel), read);
        var create = await world.AskAsync(world.As(caller) + (request => request.Content = new StringContent("""{"name":"second"}""", null, "application/json")),
            "POST", registries, cancel);
        ShouldBeRegistry(create, manage);
        var fetched = await world.AskAsync(world.As(caller), "GET", world.Artifact, cancel);
        fetched.Status.ShouldBe(download, fetched.Text);
        if (download == 401) fetched.Header("WWW-Authenticate").ShouldBe(RegistryChallenge);
        if (download == 401) fetched.Text.ShouldBe("""{"message":"401 Unauthorized"}""");
        if (download == 404) fetched.Text.ShouldBe("""{"message":"404 Not Found"}""");
        if (download == World.LetIntoTheVirtualRegistry) fetched.Text.ShouldContain("No upstreams set");
    }

    [Fact]
    public async Task Member_of_a_project_inside_sees_the_group_and_not_its_registries()
    {
        var world = await World.CreateAsync(server, cancel);
        var user = world.Users["stranger"];
        await server.AddMemberAsync(world.Project, user, AccessLevel.Owner, cancel);
        (await world.AskAsync(world.As("stranger"), "GET", $"/groups/{world.Group.Id}", cancel)).Status.ShouldBe(200);
        (await world.AskAsync(world.As("stranger"), "GET", $"/virtual_registries/packages/maven/registries/{world.RegistryId}", cancel)).Status.ShouldBe(403);
        (await world.AskAsync(world.As("stranger"), "GET", world.Artifact, cancel)).Status.ShouldBe(401);
    }

    [Theory]
    [InlineData("anonymous")]
    [InlineData("developer")]
    public async Task What_does_not_exist_is_not_found(string caller)
    {
        var world = await World.CreateAsync(server, cancel);
        var anonymous = caller == "anonymous";
        async Task<Answer> GetAsync(string path) => await world.AskAsync(world.As(caller), "GET", path, cancel);
        ShouldBeGeneric(await GetAsync("/projects/999999/packages/generic/a/1/b"), anonymous ? 401 : 404);
        ShouldBeApi(await GetAsync("/projects/999999/packages"), 404);
        (await GetAsync("/groups/999999/-/virtual_registries/packages/maven/registries")).Text.ShouldBe("""{"message":"404 Group Not Found"}""");
        (await GetAsync("/virtual_registries/packages/maven/registries/999999")).Status.ShouldBe(404);
        (await GetAsync("/virtual_registries/packages/maven/999999/a/b/1/b-1.pom")).Status.ShouldBe(404);
    }

    private static void ShouldBeGeneric(Answer answer, int status)
    {
        answer.Status.ShouldBe(status, answer.Text);
        answer.Header("WWW-Authenticate").ShouldBe(status == 401 ? PackagesChallenge : "");
        if (status == 401) answer.Text.ShouldBe("""{"message":"401 Unauthorized"}""");
        if (status == 403) answer.Text.ShouldBe("""{"message":"403 Forbidden"}""");
        if (status == 404) answer.Text.ShouldBe("""{"message":"404 Not Found"}""");
    }

    private static void ShouldBeApi(Answer answer, int status)
    {
        answer.Status.ShouldBe(status, answer.Text);
        answer.Header("WWW-Authenticate").ShouldBe("");
        if (status == 403) answer.Text.ShouldBe("""{"message":"403 Forbidden"}""");
        if (status == 404) answer.Text.ShouldBe("""{"message":"404 Project Not Found"}""");
    }

    private static void ShouldBeRegistry(Answer answer, int status)
    {
        answer.Status.ShouldBe(status, answer.Text);
        answer.Header("WWW-Authenticate").ShouldBe("");
        if (status == 404) answer.Text.ShouldBe("""{"message":"404 Group Not Found"}""");
    }
}

public sealed class DecisionTestsOnSqlite(SqliteServer fixture) : DecisionTests(fixture.Server), IClassFixture<SqliteServer>;
public sealed class DecisionTestsOnPostgres(PostgresServer fixture) : DecisionTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Where guests may pull by configuration.</summary>
public sealed class GuestTests
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("minimal", 404)]
    [InlineData("guest", 200)]
    [InlineData("planner", 200)]
    public async Task Guests_pull_and_list_when_the_operator_says_so(string caller, int status)
    {
        await using var server = await LarderServer.StartAsync(cancel, options: (data, database) => new LarderOptions
        {
            DataDirectory = data, Database = database, InitialRootToken = LarderServer.RootToken, GuestsMayPull = true,
        });
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        (await world.AskAsync(world.As(caller), "GET", world.File, cancel)).Status.ShouldBe(status);
        (await world.AskAsync(world.As(caller), "GET", $"/projects/{world.Project.Id}/packages", cancel)).Status.ShouldBe(status);
        (await world.AskAsync(world.As(caller), "PUT", world.File, cancel)).Status.ShouldBe(status == 404 ? 404 : 403);
    }
}

/// <summary>Where no registry may be opened by configuration.</summary>
public sealed class OpenRegistryTests
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Public_registry_counts_as_enabled_when_the_operator_says_so()
    {
        await using var server = await LarderServer.StartAsync(cancel, options: (data, database) => new LarderOptions
        {
            DataDirectory = data, Database = database, InitialRootToken = LarderServer.RootToken, AllowAnyoneToPull = false,
        });
        var closed = await World.CreateAsync(server, cancel, Visibility.Private, RegistryAccess.Public);
        await closed.PublishAsync(cancel);
        (await closed.AskAsync(closed.As("anonymous"), "GET", closed.File, cancel)).Status.ShouldBe(401);
        (await closed.AskAsync(closed.As("stranger"), "GET", closed.File, cancel)).Status.ShouldBe(404);
        (await closed.AskAsync(closed.As("reporter"), "GET", closed.File, cancel)).Status.ShouldBe(200);
        var open = await World.CreateAsync(server, cancel, Visibility.Public, RegistryAccess.Public);
        await open.PublishAsync(cancel);
        (await open.AskAsync(open.As("anonymous"), "GET", open.File, cancel)).Status.ShouldBe(200);
    }
}
