using System.Security.Cryptography;
using Larder.Registry.Access;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class SeedTestsOnSqlite(SeedingSqliteServer fixture) : SeedTests(fixture.Server), IClassFixture<SeedingSqliteServer>;

public sealed class SeedTestsOnPostgres(SeedingPostgresServer fixture) : SeedTests(fixture.Server), IClassFixture<SeedingPostgresServer>;

/// <summary>A server on SQLite that lets Maintainers fill caches.</summary>
public sealed class SeedingSqliteServer : ServerFixture
{
    protected override LarderOptions Options(string data, string database) => Seeding.Options(data, database);

    protected override Task<string?> CreateDatabaseAsync() => Task.FromResult<string?>(null);
}

/// <summary>The same on PostgreSQL.</summary>
public sealed class SeedingPostgresServer : ServerFixture
{
    protected override LarderOptions Options(string data, string database) => Seeding.Options(data, database);

    protected override async Task<string?> CreateDatabaseAsync() => await PostgresCluster.CreateDatabaseAsync();
}

internal static class Seeding
{
    public static LarderOptions Options(string data, string database) => new()
    {
        DataDirectory = data, Database = database, InitialRootToken = LarderServer.RootToken,
        VirtualRegistries = new VirtualRegistryOptions { AllowSeeding = true },
    };
}

/// <summary>Filling a cache by hand, where the operator lets Maintainers do so: Maven contract section 3.</summary>
public abstract class SeedTests(LarderServer server) : IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private static readonly byte[] Content = "seeded"u8.ToArray();
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private RegistryWorld world = null!;
    private long registry;
    private ScriptedUpstream upstream = null!;
    private long upstreamId;

    public async ValueTask InitializeAsync()
    {
        world = await RegistryWorld.CreateAsync(server);
        registry = await world.AddRegistryAsync();
        (upstream, upstreamId) = await world.AddUpstreamAsync(registry);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Theory]
    [InlineData("X-Gitlab-Virtual-Registry-Upstream-Global-Id", "gid://gitlab/VirtualRegistries::Packages::Maven::Upstream/", "Workhorse-Proxy-Content-Type")]
    [InlineData("Upstream-GID", "", "GitLab-Workhorse-Send-Dependency-Content-Type")]
    public async Task Seeded_file_is_served_without_asking_its_upstream(string idHeader, string prefix, string typeHeader)
    {
        var answer = await SeedAsync(world.Root, Jar, (idHeader, prefix + upstreamId), (typeHeader, "application/java-archive"),
            ("Etag", "\"v1\""), ("X-Checksum-Sha1", Convert.ToHexStringLower(SHA1.HashData(Content))));
        (answer.Status, answer.Text).ShouldBe((200, ""));
        var served = await world.AskAsync("GET", $"/{registry}/{Jar}");
        (served.Status, served.Text, served.Header("Content-Type")).ShouldBe((200, "seeded", "application/java-archive"));
        (await world.AskAsync("GET", $"/{registry}/{Jar}.sha1")).Text.ShouldBe(Convert.ToHexStringLower(SHA1.HashData(Content)));
        upstream.Requests.ShouldBeEmpty();

        // It is stale when a file of the upstream would be, and then its validator is asked for.
        upstream.File("/" + Jar, "another"u8.ToArray(), ("ETag", "\"v1\""));
        server.Time.Advance(TimeSpan.FromHours(25));
        (await world.AskAsync("GET", $"/{registry}/{Jar}")).Text.ShouldBe("seeded");
        upstream.Count("/" + Jar).ShouldBe(1);
    }

    [Fact]
    public async Task Seeding_counts_at_once_for_a_file_that_was_absent_or_served()
    {
        (await world.AskAsync("GET", $"/{registry}/{Jar}")).Status.ShouldBe(404);
        (await SeedAsync(world.Root, Jar, ("Upstream-GID", $"{upstreamId}"))).Status.ShouldBe(200);
        (await world.AskAsync("GET", $"/{registry}/{Jar}")).Text.ShouldBe("seeded");
        (await SeedAsync(world.Root, Jar, "seeded again"u8.ToArray(), ("Upstream-GID", $"{upstreamId}"))).Status.ShouldBe(200);
        (await world.AskAsync("GET", $"/{registry}/{Jar}")).Text.ShouldBe("seeded again");
    }

    [Fact]
    public async Task Seeding_that_is_wrong_stores_nothing()
    {
        var other = await world.AddRegistryAsync();
        var (_, elsewhere) = await world.AddUpstreamAsync(other);
        foreach (var id in new[] { "", "x", "999999", $"{elsewhere}" })
        {
            var answer = await SeedAsync(world.Root, Jar, ("Upstream-GID", id));
            (answer.Status, answer["message"]).ShouldBe((404, "404 Upstream Not Found"));
        }
        (await SeedAsync(world.Root, Jar, ("Upstream-GID", $"{upstreamId}"), ("X-Checksum-Sha1", new string('0', 40)))).Status.ShouldBe(400);
        (await SeedAsync(world.Root, Jar + ".sha1", ("Upstream-GID", $"{upstreamId}"))).Status.ShouldBe(400);
        (await SeedAsync(world.Root, "org//acme", ("Upstream-GID", $"{upstreamId}"))).Text.ShouldBe("""{"error":"path should be a valid file path"}""");
        (await world.AskAsync("GET", $"/{registry}/{Jar}")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData(AccessLevel.Developer, "api", 401)]
    [InlineData(AccessLevel.Maintainer, "read_virtual_registry", 403)]
    [InlineData(AccessLevel.Maintainer, "api", 200)]
    public async Task Seeding_is_for_maintainers_with_a_token_that_may_write(AccessLevel level, string scope, int status)
    {
        var user = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(world.Group, user, level, cancel);
        using var client = server.ClientFor(await server.CreateTokenAsync(user.Id, cancel, scope));
        (await SeedAsync(client, Jar, ("Upstream-GID", $"{upstreamId}"))).Status.ShouldBe(status);
    }

    private Task<Answer> SeedAsync(HttpClient client, string path, params (string Name, string Value)[] headers) =>
        SeedAsync(client, path, Content, headers);

    private async Task<Answer> SeedAsync(HttpClient client, string path, byte[] content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v4/virtual_registries/packages/maven/{registry}/{path}/upload")
        {
            Content = new ByteArrayContent(content),
        };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await client.AskAsync(request, cancel);
    }
}
