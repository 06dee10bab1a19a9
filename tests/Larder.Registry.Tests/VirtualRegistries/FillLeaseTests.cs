using System.Text;
using Larder.Registry.Data;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

/// <summary>Two nodes on one PostgreSQL and one bucket ask an upstream for a file once.</summary>
public sealed class FillLeaseTests(ClusterServer fixture) : IClassFixture<ClusterServer>, IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private const string Host = "fills.example";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer here = fixture.Server;
    private static readonly string Text = new('x', 300_000);
    private readonly byte[] content = Encoding.ASCII.GetBytes(Text);
    private LarderServer there = null!;
    private RegistryWorld world = null!;
    private ScriptedUpstream upstream = null!;
    private HttpClient root = null!;
    private (long Registry, long Upstream) ids;

    public async ValueTask InitializeAsync()
    {
        there = await fixture.StartAnotherAsync();
        there.Time.SetUtcNow(here.Time.GetUtcNow());
        root = there.ClientFor(LarderServer.RootToken);
        world = await RegistryWorld.CreateAsync(here);
        upstream = new ScriptedUpstream();
        foreach (var node in new[] { here, there }) node.Upstreams.Map(Host, "203.0.113.7", upstream.Port);
        var registry = await world.AddRegistryAsync();
        ids = (registry, await world.AddUpstreamAsync(registry, new { url = $"http://{Host}", name = "shared" }));
    }

    public async ValueTask DisposeAsync()
    {
        root.Dispose();
        await world.DisposeAsync();
        await there.DisposeAsync();
        await upstream.DisposeAsync();
    }

    [Fact]
    public async Task File_that_one_node_is_fetching_is_waited_for_by_the_other()
    {
        var gate = Gated();
        var first = world.GetAsync(ids.Registry, Jar);
        await Eventually.UntilAsync(() => upstream.Count("/" + Jar) == 1);
        var second = GetThereAsync();
        await Eventually.UntilAsync(() => there.Get<FillLeases>().Waiting > 0);
        gate.SetResult();
        foreach (var answer in new[] { await first, await second })
        {
            answer.Status.ShouldBe(200);
            answer.Text.ShouldBe(Text);
        }
        upstream.Count("/" + Jar).ShouldBe(1);
        there.Get<FillLeases>().Waiting.ShouldBe(0);
        await Eventually.UntilAsync(async () => await FillsAsync() == 0);
    }

    [Fact]
    public async Task Copy_that_one_node_is_confirming_is_waited_for_by_the_other()
    {
        upstream.File("/" + Jar, content, ("ETag", "\"one\""));
        await world.CacheAsync(ids.Registry, Jar);
        await Eventually.UntilAsync(async () => await FillsAsync() == 0);
        foreach (var node in new[] { here, there }) node.Time.Advance(TimeSpan.FromHours(25));
        var gate = new TaskCompletionSource();
        upstream.On("/" + Jar, async (_, answer) =>
        {
            await gate.Task;
            await answer.HeadAsync(304);
        });
        upstream.ForgetRequests();
        var first = world.GetAsync(ids.Registry, Jar);
        await Eventually.UntilAsync(() => upstream.Count("/" + Jar) == 1);
        var second = GetThereAsync();
        await Eventually.UntilAsync(() => there.Get<FillLeases>().Waiting > 0);
        gate.SetResult();
        (await first).Text.ShouldBe(Text);
        (await second).Text.ShouldBe(Text);
        upstream.Count("/" + Jar).ShouldBe(1);
    }

    [Fact]
    public async Task Node_that_waited_for_a_failure_asks_itself()
    {
        var gate = new TaskCompletionSource();
        var asked = 0;
        upstream.On("/" + Jar, async (_, answer) =>
        {
            var isFirst = Interlocked.Increment(ref asked) == 1;
            if (isFirst) await gate.Task;
            await answer.HeadAsync(isFirst ? 500 : 200, ("Content-Length", isFirst ? "0" : "3"));
            if (!isFirst) await answer.BodyAsync("abc"u8.ToArray());
        });
        var first = world.GetAsync(ids.Registry, Jar);
        await Eventually.UntilAsync(() => asked == 1);
        var second = GetThereAsync();
        await Eventually.UntilAsync(() => there.Get<FillLeases>().Waiting > 0);
        gate.SetResult();
        (await first).Status.ShouldBe(503);
        (await second).Text.ShouldBe("abc");
    }

    [Fact]
    public async Task Node_that_has_died_is_followed_when_its_lease_is_over()
    {
        upstream.File("/" + Jar, content);
        await HoldAsync(FillLeases.Duration);
        var answer = GetThereAsync();
        await Eventually.UntilAsync(() => there.Get<FillLeases>().Waiting > 0);
        answer.IsCompleted.ShouldBeFalse();
        there.Time.Advance(FillLeases.Duration);
        await Eventually.UntilAsync(() =>
        {
            there.Get<ChangeNotices>().Publish(ChangeTopic.FillsEnded, Jar); // looks again, without its clock
            return upstream.Count("/" + Jar) == 1;
        });
        (await answer).Text.ShouldBe(Text);
        there.Log.ShouldNotContain(line => line.Contains(" 4015 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Node_that_takes_too_long_is_not_waited_for()
    {
        upstream.File("/" + Jar, content);
        await HoldAsync(TimeSpan.FromHours(1));
        var answer = GetThereAsync();
        await Eventually.UntilAsync(() => there.Get<FillLeases>().Waiting > 0);
        await Eventually.UntilAsync(() =>
        {
            if (there.Get<FillLeases>().Waiting > 0) there.Time.Advance(TimeSpan.FromSeconds(1));
            return there.Log.Any(line => line.StartsWith("Information 4015 ", StringComparison.Ordinal));
        });
        (await answer).Text.ShouldBe(Text);
        (await FillsAsync()).ShouldBe(1, "the other's lease is the other's");
    }

    [Fact]
    public async Task Lease_of_a_long_download_is_renewed()
    {
        var gate = Gated();
        var answer = GetThereAsync();
        await Eventually.UntilAsync(() => upstream.Count("/" + Jar) == 1);
        var before = await HeldUntilAsync();
        there.Time.Advance(FillLeases.Duration / 4);
        await Eventually.UntilAsync(async () => await HeldUntilAsync() > before);
        gate.SetResult();
        (await answer).Text.ShouldBe(Text);
    }

    [Fact]
    public async Task Remains_of_dead_nodes_go_at_the_next_start()
    {
        await HoldAsync(TimeSpan.FromDays(-365)); // long ago also for the clock of a server that starts now
        await using var third = await fixture.StartAnotherAsync();
        await Eventually.UntilAsync(async () => await FillsAsync() == 0);
    }

    [Fact]
    public async Task Database_of_one_node_knows_no_leases()
    {
        await using var alone = await LarderServer.StartAsync(cancel);
        (await alone.Get<FillLeases>().TakeAsync(new FillKey(1, Jar, 0), cancel)).ShouldBeFalse();
        (await alone.Get<Database>().ReadAsync(session => session.SingleAsync<long>("select count(*) from maven_fills"), cancel)).ShouldBe(0);
    }

    private TaskCompletionSource Gated()
    {
        var gate = new TaskCompletionSource();
        upstream.On("/" + Jar, async (_, answer) =>
        {
            await answer.HeadAsync(200, ("Content-Length", $"{content.Length}"));
            await answer.BodyAsync(content.AsMemory(0, 1000));
            await gate.Task;
            await answer.BodyAsync(content.AsMemory(1000));
        });
        return gate;
    }

    private Task<Answer> GetThereAsync() => root.AskAsync("GET", $"/virtual_registries/packages/maven/{ids.Registry}/{Jar}", cancel);

    private Task HoldAsync(TimeSpan time) => here.Get<Database>().WriteAsync(session => session.ExecuteAsync("""
        insert into maven_fills (upstream_id, path, generation, holder, held_until) values (@Upstream, @Path, 1, 'another', @Until)
        """, new { ids.Upstream, Path = Jar, Until = (there.Time.GetUtcNow() + time).ToUnixTimeMilliseconds() }), cancel);

    private Task<long> FillsAsync() => here.Get<Database>().ReadAsync(session => session.SingleAsync<long>(
        "select count(*) from maven_fills where upstream_id = @Upstream", new { ids.Upstream }), cancel);

    private Task<long> HeldUntilAsync() => here.Get<Database>().ReadAsync(session => session.SingleAsync<long>(
        "select max(held_until) from maven_fills where upstream_id = @Upstream", new { ids.Upstream }), cancel);
}
