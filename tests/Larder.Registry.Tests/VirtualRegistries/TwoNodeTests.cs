using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

/// <summary>What one node manages counts on the others within the five seconds for which they remember.</summary>
public sealed class TwoNodeTests
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private const string Host = "shared.example";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Change_on_one_node_counts_on_the_other_five_seconds_later()
    {
        var database = await PostgresCluster.CreateDatabaseAsync();
        await using var here = await LarderServer.StartAsync(cancel, database);
        await using var there = await LarderServer.StartAsync(cancel, database);
        await using var world = await RegistryWorld.CreateAsync(here);
        await using var upstream = new ScriptedUpstream();
        foreach (var node in new[] { here, there }) node.Upstreams.Map(Host, "203.0.113.7", upstream.Port);
        var registry = await world.AddRegistryAsync();
        var id = await world.AddUpstreamAsync(registry, new { url = $"http://{Host}", name = "shared" });
        using var root = there.ClientFor(LarderServer.RootToken);
        Task<Answer> Get() => root.AskAsync("GET", $"/virtual_registries/packages/maven/{registry}/{Jar}", cancel);

        upstream.File("/" + Jar, "old"u8.ToArray());
        (await Get()).Text.ShouldBe("old");
        await Eventually.UntilAsync(async () => (await world.CandidatesAsync(registry, Jar))[0].Entry is not null);
        (await Get()).Text.ShouldBe("old"); // and remembered

        upstream.File("/" + Jar, "new"u8.ToArray());
        (await world.AskAsync("DELETE", $"/upstreams/{id}/cache")).Status.ShouldBe(204);
        there.Time.Advance(TimeSpan.FromSeconds(5));
        (await Get()).Text.ShouldBe("new");
        await Eventually.UntilAsync(async () => (await world.CandidatesAsync(registry, Jar))[0].Entry is not null);
        (await Get()).Text.ShouldBe("new");

        var rule = new { rule_type = "deny", pattern_type = "wildcard", target_coordinate = "artifact_id", pattern = "tool" };
        (await world.AskAsync("POST", $"/upstreams/{id}/rules", rule)).Status.ShouldBe(201);
        there.Time.Advance(TimeSpan.FromSeconds(5));
        (await Get()).Status.ShouldBe(404);

        (await world.AskAsync("DELETE", $"/registries/{registry}")).Status.ShouldBe(204);
        there.Time.Advance(TimeSpan.FromSeconds(5));
        (await Get()).Text.ShouldBe("""{"message":"404 Not found"}""");
    }
}
