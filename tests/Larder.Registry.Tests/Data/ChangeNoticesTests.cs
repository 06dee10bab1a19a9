using Larder.Registry.Data;
using Larder.Registry.Tests.VirtualRegistries;
using Larder.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Larder.Registry.Tests.Data;

/// <summary>
/// What one node changes another has forgotten a moment later. The clocks of these tests stand still: nothing that is remembered
/// gets too old.
/// </summary>
public sealed class ChangeNoticesTests : IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private string database = "";
    private LarderServer here = null!;
    private LarderServer there = null!;

    public async ValueTask InitializeAsync()
    {
        database = await PostgresCluster.CreateDatabaseAsync();
        here = await LarderServer.StartAsync(cancel, database);
        there = await LarderServer.StartAsync(cancel, database);
    }

    public async ValueTask DisposeAsync()
    {
        await there.DisposeAsync();
        await here.DisposeAsync();
    }

    [Fact]
    public async Task Token_that_is_revoked_on_one_node_is_refused_by_the_other()
    {
        var user = await here.CreateUserAsync(cancel);
        using var client = there.ClientFor(user);
        (await client.AskAsync("GET", "/user", cancel)).Status.ShouldBe(200);
        var self = await here.ClientFor(user).AskAsync("GET", "/personal_access_tokens/self", cancel);
        (await here.ClientFor(LarderServer.RootToken).AskAsync("DELETE", $"/personal_access_tokens/{self["id"]}", cancel)).Status.ShouldBe(204);
        await Eventually.UntilAsync(async () => (await client.AskAsync("GET", "/user", cancel)).Status == 401);
    }

    [Fact]
    public async Task Purge_and_rules_and_deletion_on_one_node_count_on_the_other()
    {
        await using var world = await RegistryWorld.CreateAsync(here);
        await using var upstream = new ScriptedUpstream();
        foreach (var node in new[] { here, there }) node.Upstreams.Map("shared.example", "203.0.113.7", upstream.Port);
        var registry = await world.AddRegistryAsync();
        var id = await world.AddUpstreamAsync(registry, new { url = "http://shared.example", name = "shared" });
        using var root = there.ClientFor(LarderServer.RootToken);
        Task<Answer> GetAsync() => root.AskAsync("GET", $"/virtual_registries/packages/maven/{registry}/{Jar}", cancel);
        upstream.File("/" + Jar, "old"u8.ToArray());
        await Eventually.UntilAsync(async () => (await GetAsync()).Text == "old");
        await Eventually.UntilAsync(async () => (await world.CandidatesAsync(registry, Jar))[0].Entry is not null);
        (await GetAsync()).Text.ShouldBe("old"); // and remembered

        upstream.File("/" + Jar, "new"u8.ToArray());
        (await world.AskAsync("DELETE", $"/upstreams/{id}/cache")).Status.ShouldBe(204);
        await Eventually.UntilAsync(async () => (await GetAsync()).Text == "new");

        var rule = new { rule_type = "deny", pattern_type = "wildcard", target_coordinate = "artifact_id", pattern = "tool" };
        (await world.AskAsync("POST", $"/upstreams/{id}/rules", rule)).Status.ShouldBe(201);
        await Eventually.UntilAsync(async () => (await GetAsync()).Status == 404);

        (await world.AskAsync("DELETE", $"/registries/{registry}")).Status.ShouldBe(204);
        await Eventually.UntilAsync(async () => (await GetAsync()).Text == """{"message":"404 Not found"}""");
    }

    [Fact]
    public async Task Node_that_was_cut_off_listens_again_and_has_forgotten_everything()
    {
        var forgotten = 0;
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        there.Get<ChangeNotices>().On("of this test", key =>
        {
            if (key.Length == 0) Interlocked.Increment(ref forgotten);
            else heard.TrySetResult();
        });
        await Eventually.UntilAsync(async () => await ListenersAsync() == 2);
        var before = Volatile.Read(ref forgotten);
        await ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen %'");
        await Eventually.UntilAsync(() => Task.FromResult(Volatile.Read(ref forgotten) > before));
        here.Get<ChangeNotices>().Publish("of this test", "key");
        await heard.Task.WaitAsync(cancel);
        there.Log.Count(line => line.StartsWith("Warning 6003 ", StringComparison.Ordinal)).ShouldBe(1);
        await Eventually.UntilAsync(() => Task.FromResult(there.Log.Any(line => line.StartsWith("Information 6004 ", StringComparison.Ordinal))));
        there.Log.ShouldNotContain(line => line.StartsWith("Error 6001 ", StringComparison.Ordinal), "it is no outage");
    }

    [Fact]
    public async Task Node_whose_database_is_away_tries_again_after_longer_and_longer_pauses()
    {
        var port = new NpgsqlConnectionStringBuilder(database).Port;
        await using var relay = new Relay(port);
        await using var postgres = new PostgresDatabase(new NpgsqlConnectionStringBuilder(database) { Port = relay.Port }.ConnectionString);
        var time = new FakeTimeProvider();
        var forgotten = 0;
        using var notices = new ChangeNotices(postgres, time, NullLogger<ChangeNotices>.Instance);
        notices.On("of this test", _ => Interlocked.Increment(ref forgotten));
        relay.Cut();
        await notices.StartAsync(cancel);
        notices.Publish("of this test", "key"); // here at once, and lost for the others
        Volatile.Read(ref forgotten).ShouldBe(1);
        relay.Mend();
        await Eventually.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(Volatile.Read(ref forgotten) > 1);
        });
        await notices.StopAsync(cancel);
    }

    private async Task<long> ListenersAsync()
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = "select count(*) from pg_stat_activity where datname = current_database() and query like 'listen %'";
        return (long)(await command.ExecuteScalarAsync(cancel))!;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancel);
    }
}
