using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class UpstreamFiguresTestsOnSqlite(SqliteServer fixture) : UpstreamFiguresTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class UpstreamFiguresTestsOnPostgres(PostgresServer fixture) : UpstreamFiguresTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>What is counted of upstreams, day by day.</summary>
public abstract class UpstreamFiguresTests(LarderServer server) : IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private RegistryWorld world = null!;
    private ScriptedUpstream upstream = null!;
    private long registry;
    private long id;

    private UpstreamFigures Figures => server.Get<UpstreamFigures>();

    public async ValueTask InitializeAsync()
    {
        world = await RegistryWorld.CreateAsync(server);
        registry = await world.AddRegistryAsync();
        (upstream, id) = await world.AddUpstreamAsync(registry);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Fact]
    public async Task Answers_bytes_and_requests_add_up()
    {
        upstream.File("/" + Jar, "12345"u8.ToArray(), ("ETag", "\"a\""));
        await world.CacheAsync(registry, Jar);
        await world.GetAsync(registry, Jar); // by the walk
        await world.GetAsync(registry, Jar); // from memory
        await world.GetAsync(registry, Jar + ".sha1");
        (await world.GetAsync(registry, "org/acme/none.jar")).Status.ShouldBe(404);
        (await world.GetAsync(registry, "org/acme/none.jar")).Status.ShouldBe(404);
        upstream.Status("/org/acme/fails.jar", 500);
        (await world.GetAsync(registry, "org/acme/fails.jar")).Status.ShouldBe(503);
        var today = Figures.Today;
        await WaitForAsync(new UpstreamDay(id, today, Hits: 3, HitBytes: 10, Streamed: 1, Sent: 3, Avoided: 4, Failed: 1, FetchedBytes: 5));

        server.Time.Advance(TimeSpan.FromHours(25));
        upstream.Status("/" + Jar, 304);
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("12345");
        await WaitForAsync(new UpstreamDay(id, Figures.Today, Hits: 1, HitBytes: 5, Streamed: 0, Sent: 1, Avoided: 0, Failed: 0, FetchedBytes: 0));
        (await Figures.OfAsync([id], 30, cancel)).Count.ShouldBe(2);
        (await Figures.OfAsync([id], 1, cancel)).ShouldHaveSingleItem().Day.ShouldBe(Figures.Today);
        (await Figures.OfAsync([], 30, cancel)).ShouldBeEmpty();
        var health = (await world.AskAsync("GET", $"/upstreams/{id}/health")).Json.GetProperty("last_thirty_days");
        (health.GetProperty("hits").GetInt64(), health.GetProperty("hit_bytes").GetInt64(), health.GetProperty("requests_sent").GetInt64(), health.GetProperty("requests_avoided").GetInt64())
            .ShouldBe((4, 15, 4, 4));
    }

    [Fact]
    public async Task Merged_metadata_counts_as_answers_of_its_parts()
    {
        const string metadata = "org/acme/tool/maven-metadata.xml";
        upstream.File("/" + metadata, "<metadata><groupId>org.acme</groupId><artifactId>tool</artifactId></metadata>"u8.ToArray());
        await world.CacheAsync(registry, metadata);
        await world.GetAsync(registry, metadata);
        await WaitForAsync(new UpstreamDay(id, Figures.Today, Hits: 1, HitBytes: 77, Streamed: 0, Sent: 1, Avoided: 1, Failed: 0, FetchedBytes: 77));
    }

    [Fact]
    public async Task Host_that_rests_avoids_requests()
    {
        for (var i = 0; i < 7; i++)
        {
            upstream.Status($"/fails/{i}.jar", 500);
            await world.GetAsync(registry, $"fails/{i}.jar");
        }
        await WaitForAsync(new UpstreamDay(id, Figures.Today, Hits: 0, HitBytes: 0, Streamed: 0, Sent: 5, Avoided: 2, Failed: 5, FetchedBytes: 0));
    }

    [Fact]
    public async Task Figures_go_with_their_upstream_and_after_their_time()
    {
        var days = new List<long>();
        foreach (var wait in new[] { 0, UpstreamFigures.DaysKept - 1, 2 })
        {
            server.Time.Advance(TimeSpan.FromDays(wait));
            Figures.CountAvoided(id);
            Figures.CountAvoided(long.MaxValue); // of an upstream that is gone
            days.Add(Figures.Today);
            await WaitForAsync(new UpstreamDay(id, Figures.Today, 0, 0, 0, 0, Avoided: 1, 0, 0));
        }
        await server.Get<UpstreamRemains>().RunAsync(cancel);
        (await Figures.OfAsync([id], 10_000, cancel)).Select(day => day.Day).ShouldBe(days[1..]);
        (await world.AskAsync("DELETE", $"/upstreams/{id}")).Status.ShouldBe(204);
        server.Time.Advance(TimeSpan.FromHours(2));
        await server.Get<UpstreamRemains>().RunAsync(cancel);
        (await Figures.OfAsync([id], 10_000, cancel)).ShouldBeEmpty();
        Figures.CountAvoided(id);
        await Figures.FlushAsync(cancel);
        (await Figures.OfAsync([id], 10_000, cancel)).ShouldBeEmpty();
    }

    // What a download comes to is written down after its answer.
    private async Task WaitForAsync(UpstreamDay expected)
    {
        UpstreamDay? seen = null;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (seen != expected && !patience.IsCancellationRequested)
        {
            await Figures.FlushAsync(cancel);
            seen = (await Figures.OfAsync([id], 30, cancel)).FirstOrDefault(day => day.Day == expected.Day);
        }
        seen.ShouldBe(expected);
    }
}
