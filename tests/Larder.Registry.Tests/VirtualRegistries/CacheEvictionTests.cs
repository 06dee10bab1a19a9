using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class CacheEvictionTestsOnSqlite(CacheEvictionTests.SmallSqlite fixture)
    : CacheEvictionTests(fixture.Server), IClassFixture<CacheEvictionTests.SmallSqlite>;

public sealed class CacheEvictionTestsOnPostgres(CacheEvictionTests.SmallPostgres fixture)
    : CacheEvictionTests(fixture.Server), IClassFixture<CacheEvictionTests.SmallPostgres>;

/// <summary>Caches of a group that hold more than they may: 1,000 bytes here, unless the group says otherwise.</summary>
public abstract class CacheEvictionTests(LarderServer server) : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private RegistryWorld world = null!;
    private readonly List<(ScriptedUpstream Server, long Registry)> sources = [];

    private string Policy => $"/groups/{world.Group.Id}/-/virtual_registries/cleanup/policy";

    public async ValueTask InitializeAsync()
    {
        world = await RegistryWorld.CreateAsync(server);
        for (var i = 0; i < 2; i++)
        {
            var registry = await world.AddRegistryAsync();
            sources.Add(((await world.AddUpstreamAsync(registry, $"upstream {i}")).Server, registry));
        }
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Fact]
    public async Task Cache_within_its_limit_is_left_alone()
    {
        for (var i = 0; i < 10; i++) await CacheAsync(i % 2, $"org/{i}.jar", 100);
        await server.Get<CacheEviction>().RunAsync(cancel);
        (await HeldAsync(10)).ShouldBe([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    [Fact]
    public async Task Least_recently_downloaded_files_of_all_upstreams_go_until_a_tenth_is_free()
    {
        // The clock moves, and with it the server's own rounds: the limit comes when everything is here.
        (await world.Root.AskAsync("POST", Policy, cancel, new { cache_size_limit = 0 })).Status.ShouldBe(201);
        for (var i = 0; i < 12; i++) await CacheAsync(i % 2, $"org/{i}.jar", 100);
        await world.GetAsync(sources[0].Registry, "org/0.jar"); // the oldest, now the youngest
        while (server.Get<DownloadCounts>() is { } counts && (await DownloadedAtAsync("org/0.jar")) < server.Time.GetUtcNow().ToUnixTimeMilliseconds())
            await counts.FlushAsync(cancel);
        (await world.Root.AskAsync("PATCH", Policy, cancel, new { cache_size_limit = 1000 })).Status.ShouldBe(200);
        await server.Get<CacheEviction>().RunAsync(cancel);
        (await HeldAsync(12)).ShouldBe([0, 4, 5, 6, 7, 8, 9, 10, 11]);
        (await world.GetAsync(sources[1].Registry, "org/1.jar")).Status.ShouldBe(200);
        sources[1].Server.Count("/org/1.jar").ShouldBe(2);
    }

    [Fact]
    public async Task Files_of_one_hour_go_no_further_than_needed()
    {
        for (var i = 0; i < 12; i++) await CacheAsync(0, $"org/{i}.jar", 100, TimeSpan.Zero);
        await server.Get<CacheEviction>().RunAsync(cancel);
        (await HeldAsync(12)).Count.ShouldBe(9);
    }

    [Fact]
    public async Task Group_has_a_limit_of_its_own()
    {
        (await world.Root.AskAsync("POST", Policy, cancel, new { cache_size_limit = 0 }))["cache_size_limit"].ShouldBe("0");
        for (var i = 0; i < 11; i++) await CacheAsync(i % 2, $"org/{i}.jar", 100);
        await server.Get<CacheEviction>().RunAsync(cancel);
        (await HeldAsync(11)).Count.ShouldBe(11);
        (await world.Root.AskAsync("PATCH", Policy, cancel, new { cache_size_limit = 500 }))["cache_size_limit"].ShouldBe("500");
        (await world.Root.AskAsync("PATCH", Policy, cancel, new { cadence = 14 }))["cache_size_limit"].ShouldBe("500");
        await server.Get<CacheEviction>().RunAsync(cancel);
        (await HeldAsync(11)).ShouldBe([7, 8, 9, 10]);
        (await world.Root.AskAsync("PATCH", Policy, cancel, new { cache_size_limit = -1 }))["cache_size_limit"].ShouldBeNull();
    }

    private async Task CacheAsync(int source, string path, int length, TimeSpan? later = null)
    {
        var (upstream, registry) = sources[source];
        var content = RegistryWorld.Content(length);
        upstream.File("/" + path, content);
        await world.CacheAsync(registry, path);
        server.Time.Advance(later ?? TimeSpan.FromHours(1));
    }

    // Files whose number stands in their path.
    private async Task<List<int>> HeldAsync(int count)
    {
        var held = new List<int>();
        for (var i = 0; i < count; i++)
        {
            foreach (var (_, registry) in sources)
                if ((await world.CandidatesAsync(registry, $"org/{i}.jar")).Any(candidate => candidate.Entry is not null)) held.Add(i);
        }
        return held;
    }

    private Task<long> DownloadedAtAsync(string path) => server.Get<Database>().ReadAsync(session => session.SingleAsync<long>(
        "select max(e.downloaded_at) from maven_cache_entries e join maven_upstreams u on u.id = e.upstream_id where u.group_id = @Id and e.relative_path = @path",
        new { world.Group.Id, path = "/" + path }), cancel);

    private static LarderOptions Small(string data, string database) => new()
    {
        DataDirectory = data, Database = database, InitialRootToken = LarderServer.RootToken,
        VirtualRegistries = new VirtualRegistryOptions { CacheBytesPerGroup = 1000 },
    };

    public sealed class SmallSqlite : ServerFixture
    {
        protected override Task<string?> CreateDatabaseAsync() => Task.FromResult<string?>(null);

        protected override LarderOptions Options(string data, string database) => Small(data, database);
    }

    public sealed class SmallPostgres : ServerFixture
    {
        protected override async Task<string?> CreateDatabaseAsync() => await PostgresCluster.CreateDatabaseAsync();

        protected override LarderOptions Options(string data, string database) => Small(data, database);
    }
}
