using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class CacheCleanupTestsOnSqlite(SqliteServer fixture) : CacheCleanupTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class CacheCleanupTestsOnPostgres(PostgresServer fixture) : CacheCleanupTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>The cleanup policy of a group (Maven contract section 2.7), and the removal of what counts no more.</summary>
public abstract class CacheCleanupTests(LarderServer server) : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private RegistryWorld world = null!;
    private ScriptedUpstream upstream = null!;
    private long registry;
    private long id;

    private string Policy => $"/groups/{world.Group.Id}/-/virtual_registries/cleanup/policy";

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
    public async Task Policy_is_made_read_changed_and_deleted()
    {
        (await world.Root.AskAsync("GET", Policy, cancel)).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await world.Root.AskAsync("PATCH", Policy, cancel, new { enabled = true })).Status.ShouldBe(404);
        var made = await world.Root.AskAsync("POST", Policy, cancel);
        made.Status.ShouldBe(201, made.Text);
        made.Json.EnumerateObject().Select(member => member.Name).ShouldBe(
        [
            "group_id", "enabled", "keep_n_days_after_download", "cadence", "notify_on_success", "notify_on_failure", "next_run_at", "last_run_at",
            "last_run_deleted_size", "last_run_deleted_entries_count", "status", "failure_message", "last_run_detailed_metrics", "created_at", "updated_at",
            "cache_size_limit",
        ]);
        (made["enabled"], made["keep_n_days_after_download"], made["cadence"], made["next_run_at"], made["status"])
            .ShouldBe(("False", "30", "7", null, "scheduled"));
        (await world.Root.AskAsync("POST", Policy, cancel)).Text.ShouldBe("""{"message":{"group":["has already been taken"]}}""");

        var changed = await world.Root.AskAsync("PATCH", Policy, cancel, new { enabled = true, cadence = 14, notify_on_failure = true });
        (changed.Status, changed["enabled"], changed["keep_n_days_after_download"], changed["cadence"], changed["notify_on_failure"])
            .ShouldBe((200, "True", "30", "14", "True"));
        changed.Json.GetProperty("next_run_at").GetDateTimeOffset().ShouldBe(server.Time.GetUtcNow().AddDays(14));
        var kept = await world.Root.AskAsync("PATCH", Policy.Replace($"{world.Group.Id}", world.Group.FullPath, StringComparison.Ordinal), cancel,
            new { keep_n_days_after_download = 1 });
        kept["next_run_at"].ShouldBe(changed["next_run_at"]);
        (await world.Root.AskAsync("PATCH", Policy, cancel, new { enabled = false }))["next_run_at"].ShouldBeNull();
        (await world.Root.AskAsync("DELETE", Policy, cancel)).Status.ShouldBe(204);
        (await world.Root.AskAsync("DELETE", Policy, cancel)).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("""{}""", "enabled, keep_n_days_after_download, cadence, notify_on_success, notify_on_failure are missing, at least one parameter must be provided")]
    [InlineData("""{"keep_n_days_after_download":0}""", "keep_n_days_after_download does not have a valid value")]
    [InlineData("""{"keep_n_days_after_download":366}""", "keep_n_days_after_download does not have a valid value")]
    [InlineData("""{"keep_n_days_after_download":"x"}""", "keep_n_days_after_download is invalid")]
    [InlineData("""{"cadence":2}""", "cadence does not have a valid value")]
    [InlineData("""{"enabled":""}""", "enabled is empty")]
    [InlineData("""{"enabled":"perhaps"}""", "enabled is invalid")]
    public async Task Policy_that_breaks_a_rule_is_refused_in_words(string json, string error)
    {
        var answer = await world.Root.AskAsync("PATCH", Policy, cancel, System.Text.Json.JsonDocument.Parse(json).RootElement);
        (answer.Status, answer["error"]).ShouldBe((400, error));
    }

    [Fact]
    public async Task Policy_is_a_matter_of_owners_and_of_top_level_groups()
    {
        foreach (var (level, status) in new[] { (AccessLevel.Maintainer, 403), (AccessLevel.Owner, 404) })
        {
            var user = await server.CreateUserAsync(cancel);
            await server.AddMemberAsync(world.Group, user, level, cancel);
            using var client = server.ClientFor(user);
            (await client.AskAsync("GET", Policy, cancel)).Status.ShouldBe(status);
        }
        var inner = await server.CreateGroupAsync(cancel, parent: world.Group);
        (await world.Root.AskAsync("POST", $"/groups/{inner.Id}/-/virtual_registries/cleanup/policy", cancel)).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Policy_goes_with_its_group()
    {
        var group = await server.CreateGroupAsync(cancel);
        (await world.Root.AskAsync("POST", $"/groups/{group.Id}/-/virtual_registries/cleanup/policy", cancel)).Status.ShouldBe(201);
        await server.Get<Database>().WriteAsync(async session =>
        {
            foreach (var table in new[] { "members", "routes" })
                await session.ExecuteAsync($"delete from {table} where namespace_id = @Id", new { group.Id });
            await session.ExecuteAsync("delete from namespaces where id = @Id", new { group.Id });
        }, cancel);
        (await server.Get<CacheCleanupPolicyStore>().FindAsync(group.Id, cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task Run_removes_what_was_not_downloaded_for_long_and_says_so()
    {
        var cleanup = server.Get<CacheCleanup>();
        for (var i = 0; i < 3; i++) await CacheAsync($"org/old-{i}.jar");
        await CacheAsync("org/used.jar");
        await world.Root.AskAsync("POST", Policy, cancel, new { enabled = true, keep_n_days_after_download = 5, cadence = 7 });
        await cleanup.RunAsync(cancel); // not due
        (await CountAsync("maven_cache_entries")).ShouldBe(4);

        (await world.AskAsync("PATCH", $"/upstreams/{id}", new { cache_validity_hours = 0 })).Status.ShouldBe(200);
        server.Time.Advance(TimeSpan.FromDays(3));
        await world.GetAsync(registry, "org/used.jar");
        await server.Get<DownloadCounts>().FlushAsync(cancel);
        await Eventually.UntilAsync(async () => await UsedSinceAsync(server.Time.GetUtcNow()) > 0); // the server may be flushing by itself
        server.Time.Advance(TimeSpan.FromDays(4));
        await RunAsync();
        (await CountAsync("maven_cache_entries")).ShouldBe(1);
        var policy = await world.Root.AskAsync("GET", Policy, cancel);
        (policy["status"], policy["last_run_deleted_entries_count"], policy["last_run_deleted_size"]).ShouldBe(("scheduled", "3", "12"));
        policy.Json.GetProperty("last_run_at").GetDateTimeOffset().ShouldBe(server.Time.GetUtcNow());
        policy.Json.GetProperty("next_run_at").GetDateTimeOffset().ShouldBe(server.Time.GetUtcNow().AddDays(7));
        policy.Json.GetProperty("last_run_detailed_metrics").GetProperty("maven").GetProperty("deleted_size").GetInt64().ShouldBe(12);
        (await world.GetAsync(registry, "org/old-0.jar")).Status.ShouldBe(200);
        upstream.Count("/org/old-0.jar").ShouldBe(2);
    }

    [Fact]
    public async Task Run_goes_in_steps_and_spares_other_groups()
    {
        await using var other = await RegistryWorld.CreateAsync(server);
        var elsewhere = await other.AddRegistryAsync();
        var (source, _) = await other.AddUpstreamAsync(elsewhere);
        source.File("/org/a.jar", "file"u8.ToArray());
        await other.CacheAsync(elsewhere, "org/a.jar");
        await CacheAsync("org/a.jar");
        await MultiplyAsync(600);
        await world.Root.AskAsync("POST", Policy, cancel, new { enabled = true, keep_n_days_after_download = 1, cadence = 1 });
        server.Time.Advance(TimeSpan.FromDays(2));
        await RunAsync();
        (await CountAsync("maven_cache_entries")).ShouldBe(0);
        (await world.Root.AskAsync("GET", Policy, cancel))["last_run_deleted_entries_count"].ShouldBe("601");
        (await other.CandidatesAsync(elsewhere, "org/a.jar"))[0].Entry.ShouldNotBeNull();
    }

    [Fact]
    public async Task Rows_of_earlier_generations_are_removed_and_those_of_the_current_one_stay()
    {
        await CacheAsync("org/acme/tool/1.0/a.jar");
        await MultiplyAsync(600);
        (await world.AskAsync("DELETE", $"/upstreams/{id}/cache")).Status.ShouldBe(204);
        await CacheAsync("org/other/tool/1.0/b.jar");
        await server.Get<UpstreamRemains>().RunAsync(cancel);
        (await CountAsync("maven_cache_entries"), await CountAsync("maven_supplied_artifacts")).ShouldBe((1, 1));
        (await RemainsSinceAsync()).ShouldNotBeNull(); // a download from before may still be writing
        server.Time.Advance(TimeSpan.FromHours(2));
        await server.Get<UpstreamRemains>().RunAsync(cancel);
        (await RemainsSinceAsync()).ShouldBeNull();
        (await world.CandidatesAsync(registry, "org/other/tool/1.0/b.jar"))[0].Entry.ShouldNotBeNull();
    }

    [Fact]
    public async Task Deleted_upstream_goes_with_everything_that_it_had()
    {
        await CacheAsync("org/acme/tool/1.0/a.jar");
        await world.AskAsync("POST", $"/upstreams/{id}/rules", new { rule_type = "deny", pattern_type = "wildcard", target_coordinate = "version", pattern = "1" });
        (await world.AskAsync("DELETE", $"/upstreams/{id}")).Status.ShouldBe(204);
        server.Time.Advance(TimeSpan.FromHours(2));
        await server.Get<UpstreamRemains>().RunAsync(cancel);
        foreach (var table in new[] { "maven_cache_entries", "maven_supplied_artifacts", "maven_absences", "maven_upstream_rules" })
            (await CountAsync(table)).ShouldBe(0, table);
        (await server.Get<Database>().ReadAsync(session => session.SingleAsync<long>(
            "select count(*) from maven_upstreams where id = @Id", new { Id = id }), cancel)).ShouldBe(0);
    }

    [Fact]
    public async Task Absences_are_removed_when_they_have_expired()
    {
        var (two, _) = await world.AddUpstreamAsync(registry);
        two.File("/org/a.jar", "file"u8.ToArray());
        await world.CacheAsync(registry, "org/a.jar");
        (await CountAsync("maven_absences")).ShouldBe(1);
        await server.Get<UpstreamRemains>().RunAsync(cancel);
        (await CountAsync("maven_absences")).ShouldBe(1);
        server.Time.Advance(TimeSpan.FromHours(25));
        await server.Get<UpstreamRemains>().RunAsync(cancel);
        (await CountAsync("maven_absences")).ShouldBe(0);
    }

    // The server may be at it by itself: then this waits for it.
    private async Task RunAsync()
    {
        await server.Get<CacheCleanup>().RunAsync(cancel);
        await Eventually.UntilAsync(async () =>
            (await server.Get<CacheCleanupPolicyStore>().FindAsync(world.Group.Id, cancel))!.LastRunAt == server.Time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private async Task CacheAsync(string path)
    {
        upstream.File("/" + path, "file"u8.ToArray());
        await world.CacheAsync(registry, path);
    }

    // More rows like the one that is there, which a thousand downloads would take long to make.
    private Task MultiplyAsync(int count) => server.Get<Database>().WriteAsync(async session =>
    {
        for (var i = 0; i < count; i++)
        {
            await session.ExecuteAsync("""
                insert into maven_cache_entries (upstream_id, relative_path, generation, sha256, size, upstream_checked_at, downloads_count,
                  downloaded_at, created_at, updated_at)
                select upstream_id, @Path, generation, sha256, size, upstream_checked_at, downloads_count, downloaded_at, created_at, updated_at
                from maven_cache_entries where upstream_id = @Id order by id limit 1
                """, new { Id = id, Path = $"/org/{i}.jar" });
        }
    }, cancel);

    private Task<long> CountAsync(string table) => server.Get<Database>().ReadAsync(session => session.SingleAsync<long>(
        $"select count(*) from {table} where upstream_id = @Id", new { Id = id }), cancel);

    private Task<long> UsedSinceAsync(DateTimeOffset instant) => server.Get<Database>().ReadAsync(session => session.SingleAsync<long>(
        "select count(*) from maven_cache_entries where upstream_id = @Id and downloaded_at >= @Instant",
        new { Id = id, Instant = instant.ToUnixTimeMilliseconds() }), cancel);

    private Task<long?> RemainsSinceAsync() => server.Get<Database>().ReadAsync(session => session.SingleAsync<long?>(
        "select remains_since from maven_upstreams where id = @Id", new { Id = id }), cancel);
}
