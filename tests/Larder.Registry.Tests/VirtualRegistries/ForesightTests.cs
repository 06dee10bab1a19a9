using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class ForesightTestsOnSqlite(SqliteServer fixture) : ForesightTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class ForesightTestsOnPostgres(PostgresServer fixture) : ForesightTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>What is foreseen of a request is what then happens, and foreseeing asks nobody.</summary>
public abstract class ForesightTests(LarderServer server) : IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private const string Older = "org/acme/tool/0.9/tool-0.9.jar";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private RegistryWorld world = null!;
    private ScriptedUpstream first = null!;
    private ScriptedUpstream second = null!;
    private long registry;
    private long one;
    private long two;

    public async ValueTask InitializeAsync()
    {
        world = await RegistryWorld.CreateAsync(server);
        registry = await world.AddRegistryAsync();
        (first, one) = await world.AddUpstreamAsync(registry, "first");
        (second, two) = await world.AddUpstreamAsync(registry, "second");
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Fact]
    public async Task Unknown_is_asked_and_a_failure_passes_on()
    {
        foreach (var step in (await ForeseeAsync(Jar)).Steps)
        {
            var asked = step.Finding.ShouldBeOfType<Finding.Asked>();
            (asked.Stale, asked.PassesOn, step.Decides).ShouldBe((null, true, false));
        }
        first.Status("/" + Jar, 500);
        second.File("/" + Jar, "two"u8.ToArray());
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("two");
    }

    [Fact]
    public async Task Fresh_copy_decides_and_absence_above_it_is_remembered()
    {
        second.File("/" + Jar, "two"u8.ToArray());
        await world.CacheAsync(registry, Jar);
        var foreseen = await ForeseeAsync(Jar);
        var now = server.Time.GetUtcNow().ToUnixTimeMilliseconds();
        foreseen.Steps[0].Finding.ShouldBeOfType<Finding.Absent>().Until.ShouldBe(now + (24 * 3_600_000));
        foreseen.Steps[1].Finding.ShouldBeOfType<Finding.Fresh>().Until.ShouldBe(now + (24 * 3_600_000));
        foreseen.Steps.Select(step => step.Decides).ShouldBe([false, true]);
        foreseen.Remembered.ShouldBeNull();
        first.ForgetRequests();
        second.ForgetRequests();
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("two");
        (await ForeseeAsync(Jar + ".sha1")).File.Value.ShouldBe(Jar);
        (await ForeseeAsync(Jar)).Remembered.ShouldNotBeNull().Entry.UpstreamId.ShouldBe(two);
        (first.Requests.Count, second.Requests.Count).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Nowhere_is_remembered_of_every_upstream()
    {
        (await world.GetAsync(registry, Jar)).Status.ShouldBe(404);
        var until = server.Time.GetUtcNow().AddSeconds(new UpstreamOptions().AbsenceSeconds).ToUnixTimeMilliseconds();
        foreach (var step in (await ForeseeAsync(Jar)).Steps) step.Finding.ShouldBe(new Finding.Absent(until));
        server.Time.Advance(TimeSpan.FromHours(1));
        foreach (var step in (await ForeseeAsync(Jar)).Steps) step.Finding.ShouldBeOfType<Finding.Asked>();
    }

    [Fact]
    public async Task Denied_upstream_is_passed_over_without_a_line_in_the_log()
    {
        var rule = await world.AskAsync("POST", $"/upstreams/{one}/rules",
            new { rule_type = "deny", pattern_type = "wildcard", target_coordinate = "group_id", pattern = "org.acme" });
        (await ForeseeAsync(Jar)).Steps[0].Finding.ShouldBe(new Finding.Denied($"denied by rule {rule["id"]}"));
        server.Log.ShouldNotContain(line => line.Contains($"Upstream {one} (first) may not supply", StringComparison.Ordinal));
        await world.GetAsync(registry, Jar);
        first.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Stale_copy_would_be_confirmed_and_serves_while_its_host_rests()
    {
        first.File("/" + Jar, "one"u8.ToArray());
        await world.CacheAsync(registry, Jar);
        server.Time.Advance(TimeSpan.FromHours(25));
        var asked = (await ForeseeAsync(Jar)).Steps[0].Finding.ShouldBeOfType<Finding.Asked>();
        asked.Stale.ShouldNotBeNull().RelativePath.ShouldBe("/" + Jar);
        asked.WhenItFails.ShouldBeOfType<WalkEnd.Held>();
        await ExhaustAsync();
        var step = (await ForeseeAsync(Jar)).Steps[0];
        var alone = step.Finding.ShouldBeOfType<Finding.LeftAlone>();
        alone.Why.Detail.ShouldContain("rests");
        (alone.End.ShouldBeOfType<WalkEnd.Held>().Entry.UpstreamId, step.Decides).ShouldBe((one, true));
        var answer = await world.GetAsync(registry, Jar);
        (answer.Text, answer.Header("Warning").Length > 0).ShouldBe(("one", true));
    }

    [Fact]
    public async Task Resting_host_decides_only_where_it_has_supplied_the_artifact()
    {
        first.File("/" + Older, "ours"u8.ToArray());
        second.File("/org/other/x/1/x-1.jar", "theirs"u8.ToArray());
        await world.CacheAsync(registry, Older);
        var asked = (await ForeseeAsync(Jar)).Steps[0].Finding.ShouldBeOfType<Finding.Asked>();
        asked.PassesOn.ShouldBeFalse();
        await ExhaustAsync();
        (await ForeseeAsync(Jar)).Steps.Select(step => step.Decides).ShouldBe([true, false]);
        (await ForeseeAsync("org/other/x/1/x-1.jar")).Steps.Select(step => step.Decides).ShouldBe([false, false]);
        (await world.GetAsync(registry, Jar)).Status.ShouldBe(503);
        (await world.GetAsync(registry, "org/other/x/1/x-1.jar")).Text.ShouldBe("theirs");
        server.Time.Advance(TimeSpan.FromMinutes(5));
        (await ForeseeAsync(Jar)).Steps[0].Finding.ShouldBeOfType<Finding.Asked>("the rest is over");
    }

    [Fact]
    public async Task Metadata_is_merged_of_all_where_the_registry_wants_that()
    {
        const string metadata = "org/acme/tool/maven-metadata.xml";
        first.File("/" + metadata, "<metadata><groupId>org.acme</groupId><artifactId>tool</artifactId></metadata>"u8.ToArray());
        (await world.GetAsync(registry, metadata)).Status.ShouldBe(200);
        var foreseen = await ForeseeAsync(metadata);
        foreseen.IsMerged.ShouldBeTrue();
        foreseen.Steps.ShouldAllBe(step => !step.Decides);
        (await world.AskAsync("PATCH", $"/registries/{registry}", new { metadata_strategy = "first" })).Status.ShouldBe(200);
        (await ForeseeAsync(metadata)).IsMerged.ShouldBeFalse();
    }

    [Fact]
    public async Task Registry_without_upstreams_has_no_steps()
    {
        registry = await world.AddRegistryAsync();
        (await ForeseeAsync(Jar)).Steps.ShouldBeEmpty();
    }

    private async Task<Foreseen> ForeseeAsync(string path)
    {
        MavenPath.TryParse(path, out var parsed).ShouldBeTrue();
        var (before, after) = (first.Requests.Count, second.Requests.Count);
        var foreseen = await server.Get<Foresight>().OfAsync((await server.Get<RegistryStore>().FindAsync(registry, cancel))!, parsed, cancel);
        (first.Requests.Count, second.Requests.Count).ShouldBe((before, after));
        return foreseen;
    }

    // Until the host of the first upstream rests.
    private async Task ExhaustAsync()
    {
        for (var i = 0; i < 5; i++)
        {
            first.Status($"/fails/{i}.jar", 500);
            (await world.GetAsync(registry, $"fails/{i}.jar")).Status.ShouldBeOneOf(404, 503);
        }
    }
}
