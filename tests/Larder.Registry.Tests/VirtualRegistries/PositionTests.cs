using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class PositionTestsOnSqlite(SqliteServer fixture) : PositionTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class PositionTestsOnPostgres(PostgresServer fixture) : PositionTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Which upstreams a registry has, in which order: Maven contract section 1.7.</summary>
public abstract class PositionTests(LarderServer server) : IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private RegistryWorld world = null!;

    public async ValueTask InitializeAsync() => world = await RegistryWorld.CreateAsync(server);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Fact]
    public async Task Upstream_is_put_into_a_second_registry_and_serves_there()
    {
        var (first, second) = (await world.AddRegistryAsync(), await world.AddRegistryAsync());
        var (upstream, id) = await world.AddUpstreamAsync(first);
        upstream.File("/" + Jar, "file"u8.ToArray());
        (await world.GetAsync(second, Jar)).Status.ShouldBe(400);

        var added = await world.AskAsync("POST", "/registry_upstreams", new { registry_id = second, upstream_id = id });
        added.Status.ShouldBe(201, added.Text);
        added.Json.EnumerateObject().Select(member => member.Name).ShouldBe(["id", "registry_id", "upstream_id", "position"]);
        (added["registry_id"], added["upstream_id"], added["position"]).ShouldBe(($"{second}", $"{id}", "1"));
        (await world.GetAsync(second, Jar)).Text.ShouldBe("file");
        (await world.AskAsync("GET", $"/upstreams/{id}")).Json.GetProperty("registry_upstreams").EnumerateArray()
            .Select(place => place.GetProperty("registry_id").GetInt64()).ShouldBe([first, second]);
        (await world.AskAsync("POST", "/registry_upstreams", new { registry_id = second, upstream_id = id })).Text
            .ShouldBe("""{"message":{"upstream_id":["has already been taken"]}}""");
    }

    [Fact]
    public async Task Associations_of_a_group_are_those_of_all_its_registries()
    {
        var (first, second) = (await world.AddRegistryAsync(), await world.AddRegistryAsync());
        var (_, one) = await world.AddUpstreamAsync(first);
        var (_, other) = await world.AddUpstreamAsync(first);
        await world.AskAsync("POST", "/registry_upstreams", new { registry_id = second, upstream_id = other });
        await using var elsewhere = await RegistryWorld.CreateAsync(server);
        await elsewhere.AddUpstreamAsync(await elsewhere.AddRegistryAsync());
        (await server.Get<RegistryUpstreamStore>().OfGroupAsync(world.Group.Id, TestContext.Current.CancellationToken))
            .Select(place => (place.RegistryId, place.UpstreamId, place.Position)).ShouldBe([(first, one, 1), (first, other, 2), (second, other, 1)]);
    }

    [Fact]
    public async Task Association_of_what_does_not_exist_is_refused()
    {
        var registry = await world.AddRegistryAsync();
        await using var elsewhere = await RegistryWorld.CreateAsync(server);
        var (_, foreign) = await elsewhere.AddUpstreamAsync(await elsewhere.AddRegistryAsync());
        foreach (var id in new[] { 999_999, foreign })
            (await world.AskAsync("POST", "/registry_upstreams", new { registry_id = registry, upstream_id = id })).Text
                .ShouldBe("""{"message":"404 Upstream Not Found"}""");
        (await world.AskAsync("POST", "/registry_upstreams", new { registry_id = 999_999, upstream_id = foreign })).Text
            .ShouldBe("""{"message":"404 Not found"}""");
        (await world.AskAsync("POST", "/registry_upstreams", new { registry_id = "x", upstream_id = "" })).Text
            .ShouldBe("""{"error":"registry_id is invalid, upstream_id is empty"}""");
        (await world.AskAsync("PATCH", "/registry_upstreams/999999", new { position = 1 })).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await world.AskAsync("DELETE", "/registry_upstreams/999999")).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await world.AskAsync("DELETE", "/registry_upstreams/x")).Text.ShouldBe("""{"error":"id is invalid"}""");
    }

    [Fact]
    public async Task Registry_takes_no_twenty_first_upstream()
    {
        var (full, other) = (await world.AddRegistryAsync(), await world.AddRegistryAsync());
        for (var i = 0; i < 20; i++) await world.AddUpstreamAsync(full);
        var (_, id) = await world.AddUpstreamAsync(other);
        (await world.AskAsync("POST", "/registry_upstreams", new { registry_id = full, upstream_id = id })).Text
            .ShouldBe("""{"message":{"position":["must be less than or equal to 20"]}}""");
    }

    [Theory]
    [InlineData(4, 2, "1 4 2 3 5")]
    [InlineData(2, 4, "1 3 4 2 5")]
    [InlineData(1, 20, "2 3 4 5 1")]
    [InlineData(5, 1, "5 1 2 3 4")]
    [InlineData(3, 3, "1 2 3 4 5")]
    public async Task Position_moves_those_between_by_one(int from, int to, string order)
    {
        var registry = await world.AddRegistryAsync();
        for (var i = 0; i < 5; i++) await world.AddUpstreamAsync(registry);
        var places = await world.PlacesAsync(registry);
        var moved = await world.AskAsync("PATCH", $"/registry_upstreams/{places[from - 1].Id}", new { position = to });
        (moved.Status, moved.Text).ShouldBe((200, "200"));
        var now = await world.PlacesAsync(registry);
        now.Select(place => place.Position).ShouldBe([1, 2, 3, 4, 5]);
        string.Join(' ', now.Select(place => places.ToList().FindIndex(before => before.Id == place.Id) + 1)).ShouldBe(order);
    }

    [Theory]
    [InlineData(0, "position does not have a valid value")]
    [InlineData(-1, "position does not have a valid value")]
    [InlineData(21, "position does not have a valid value")]
    [InlineData("a", "position is invalid")]
    [InlineData("", "position is empty")]
    [InlineData(null, "position is empty")]
    public async Task Position_that_is_none_is_refused(object? position, string error)
    {
        var answer = await world.AskAsync("PATCH", "/registry_upstreams/1", new { position });
        (answer.Status, answer["error"]).ShouldBe((400, error));
    }

    [Fact]
    public async Task Change_of_the_order_counts_for_the_next_download()
    {
        var registry = await world.AddRegistryAsync();
        var (one, _) = await world.AddUpstreamAsync(registry);
        var (two, _) = await world.AddUpstreamAsync(registry);
        one.File("/" + Jar, "one"u8.ToArray());
        two.File("/" + Jar, "two"u8.ToArray());
        await world.CacheAsync(registry, Jar);
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("one"); // from the node's memory

        var places = await world.PlacesAsync(registry);
        (await world.AskAsync("PATCH", $"/registry_upstreams/{places[1].Id}", new { position = 1 })).Status.ShouldBe(200);
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("two");

        (await world.AskAsync("DELETE", $"/registry_upstreams/{places[1].Id}")).Status.ShouldBe(204);
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("one");
        one.Count("/" + Jar).ShouldBe(1); // its copy had stayed
    }

    [Fact]
    public async Task Upstream_that_leaves_closes_the_gap_and_stays_with_its_cache()
    {
        var registry = await world.AddRegistryAsync();
        for (var i = 0; i < 3; i++) await world.AddUpstreamAsync(registry);
        var places = await world.PlacesAsync(registry);
        (await world.AskAsync("DELETE", $"/registry_upstreams/{places[0].Id}")).Status.ShouldBe(204);
        (await world.PlacesAsync(registry)).ShouldBe([(places[1].Id, places[1].Upstream, 1), (places[2].Id, places[2].Upstream, 2)]);
        (await world.AskAsync("GET", $"/upstreams/{places[0].Upstream}")).Json.GetProperty("registry_upstreams").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Changes_at_the_same_time_leave_no_gap_and_no_failure()
    {
        var (registry, other) = (await world.AddRegistryAsync(), await world.AddRegistryAsync());
        for (var i = 0; i < 12; i++)
        {
            var (_, id) = await world.AddUpstreamAsync(registry);
            (await world.AskAsync("POST", "/registry_upstreams", new { registry_id = other, upstream_id = id })).Status.ShouldBe(201);
        }
        var (here, there) = (await world.PlacesAsync(registry), await world.PlacesAsync(other));
        var calls = new List<Task<Answer>>();
        for (var i = 0; i < 12; i++)
        {
            // Moves in both registries, upstreams deleted from both, associations ended and made: all at once.
            calls.Add(world.AskAsync("PATCH", $"/registry_upstreams/{here[i].Id}", new { position = 1 + (i * 7 % 12) }));
            calls.Add(world.AskAsync("PATCH", $"/registry_upstreams/{there[11 - i].Id}", new { position = 1 + (i * 5 % 12) }));
            if (i < 3) calls.Add(world.AskAsync("DELETE", $"/upstreams/{here[i].Upstream}"));
            else if (i < 6) calls.Add(world.AskAsync("DELETE", $"/registry_upstreams/{here[i].Id}"));
            else if (i < 9) calls.Add(world.AskAsync("DELETE", $"/upstreams/{here[i].Upstream}/cache"));
            else calls.Add(world.AskAsync("POST", $"/registries/{registry}/upstreams", new { url = world.NewUpstream().Url, name = "new" }));
        }
        foreach (var answer in await Task.WhenAll(calls)) answer.Status.ShouldBeOneOf(200, 201, 204, 404);
        (await world.PlacesAsync(registry)).Select(place => place.Position).ShouldBe(Enumerable.Range(1, 9).Select(i => (long)i));
        (await world.PlacesAsync(other)).Select(place => place.Position).ShouldBe(Enumerable.Range(1, 9).Select(i => (long)i));
    }
}
