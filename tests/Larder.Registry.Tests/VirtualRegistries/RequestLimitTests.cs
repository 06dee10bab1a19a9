using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class RequestLimitTestsOnSqlite(LimitedSqliteServer fixture) : RequestLimitTests(fixture.Server), IClassFixture<LimitedSqliteServer>;

public sealed class RequestLimitTestsOnPostgres(LimitedPostgresServer fixture) : RequestLimitTests(fixture.Server), IClassFixture<LimitedPostgresServer>;

/// <summary>The bound on requests to the download endpoint: Maven contract section 1.8.</summary>
public abstract class RequestLimitTests(LarderServer server)
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Request_that_is_one_too_many_gets_429_and_only_from_the_download_endpoint()
    {
        await using var world = await RegistryWorld.CreateAsync(server);
        var registry = await world.AddRegistryAsync();
        var (upstream, id) = await world.AddUpstreamAsync(registry);
        upstream.File("/" + Jar, "file"u8.ToArray());
        // Who may not even download uses up nothing.
        using var nobody = server.ClientFor((string?)null);
        for (var i = 0; i < 5; i++) (await nobody.AskAsync("GET", $"/virtual_registries/packages/maven/{registry}/{Jar}", cancel)).Status.ShouldBe(401);

        for (var i = 0; i < 3; i++) (await world.GetAsync(registry, Jar)).Status.ShouldBe(200);
        var answer = await world.GetAsync(registry, Jar);
        (answer.Status, answer.Text).ShouldBe(
            (429, """{"message":{"error":"This endpoint has been requested too many times. Try again later."}}"""));
        int.Parse(answer.Header("Retry-After"), System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(1, 86_400);
        (await world.AskAsync("GET", $"/upstreams/{id}")).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("2001:db8::1", "2001:db8::ffff:1", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    public void Addresses_of_one_owner_share_a_bound(string one, string other, bool shared)
    {
        using var limit = new DownloadLimit(new LarderOptions { VirtualRegistries = new() { RequestLimit = 1, RequestLimitSeconds = 86_400 } });
        limit.Refuses(System.Net.IPAddress.Parse(one)).ShouldBeNull();
        (limit.Refuses(System.Net.IPAddress.Parse(other)) is not null).ShouldBe(shared);
    }
}

/// <summary>A server on SQLite that takes few requests of one address.</summary>
public sealed class LimitedSqliteServer : ServerFixture
{
    protected override LarderOptions Options(string data, string database) => Limited.Options(data, database);

    protected override Task<string?> CreateDatabaseAsync() => Task.FromResult<string?>(null);
}

/// <summary>The same on PostgreSQL.</summary>
public sealed class LimitedPostgresServer : ServerFixture
{
    protected override LarderOptions Options(string data, string database) => Limited.Options(data, database);

    protected override async Task<string?> CreateDatabaseAsync() => await PostgresCluster.CreateDatabaseAsync();
}

internal static class Limited
{
    public static LarderOptions Options(string data, string database) => new()
    {
        DataDirectory = data, Database = database, InitialRootToken = LarderServer.RootToken,
        VirtualRegistries = new() { RequestLimit = 3, RequestLimitSeconds = 86_400 },
    };
}
