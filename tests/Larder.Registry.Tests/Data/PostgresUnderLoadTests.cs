using System.Collections.Concurrent;
using Larder.Registry.Data;
using Larder.Registry.Tests.VirtualRegistries;
using Larder.Registry.Upkeep;
using Larder.Testing;
using Npgsql;

namespace Larder.Registry.Tests.Data;

/// <summary>What PostgreSQL does to a busy node, and what its clients see of that.</summary>
public sealed class PostgresUnderLoadTests
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Restart_under_load_is_503_with_Retry_After_and_over_by_itself()
    {
        var cluster = await PostgresCluster.CreateAsync();
        await using var server = await LarderServer.StartAsync(cancel, cluster.Database);
        var project = await server.CreateProjectAsync(cancel);
        using var root = server.ClientFor(LarderServer.RootToken);
        var answers = new ConcurrentQueue<(string What, int Status, string RetryAfter)>();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var clients = Enumerable.Range(0, 6).Select(client => Task.Run(async () =>
        {
            for (var round = 0; !ended.IsCancellationRequested; round++)
            {
                var file = $"/projects/{project.Id}/packages/generic/app/1.{client}.{round}/a.bin";
                foreach (var (method, path) in new[] { ("PUT", file), ("GET", file), ("GET", "/projects") })
                {
                    var answer = await root.AskAsync(method, path, cancel, method == "PUT" ? new { } : null);
                    answers.Enqueue((method, answer.Status, answer.Header("Retry-After")));
                    if (method == "PUT" && answer.Status != 201) break; // nobody promised that it is there
                }
            }
        }, cancel)).ToList();

        await Eventually.UntilAsync(() => answers.Count(answer => answer.Status is 200 or 201) > 20);
        await cluster.StopAsync();
        server.Time.Advance(TimeSpan.FromSeconds(6)); // callers are not remembered for ever
        await Eventually.UntilAsync(() => answers.Count(answer => answer.Status == 503) > 20);
        await cluster.StartAgainAsync();
        var before = answers.Count;
        await Eventually.UntilAsync(() => answers.Skip(before).Count(answer => answer.Status is 200 or 201) > 20);
        await ended.CancelAsync();
        await Task.WhenAll(clients);

        foreach (var (what, status, retryAfter) in answers)
            if (status is not (200 or 201)) (what, status, retryAfter).ShouldBe((what, 503, "10"));
        server.Log.ShouldNotContain(line => line.Contains(" 7001 ", StringComparison.Ordinal), "an outage is no bug");
    }

    [Fact]
    public async Task Pool_that_is_exhausted_is_an_outage()
    {
        var busy = new NpgsqlConnectionStringBuilder(await PostgresCluster.CreateDatabaseAsync()) { MaxPoolSize = 1, Timeout = 1 };
        await using var database = new PostgresDatabase(busy.ConnectionString);
        var gate = new TaskCompletionSource<int>();
        var holding = database.ReadAsync(async session =>
        {
            await session.ExecuteAsync("select 1");
            return await gate.Task;
        }, cancel);
        await Should.ThrowAsync<DatabaseUnavailableException>(database.ReadAsync(session => session.SingleAsync<long>("select 1::bigint"), cancel));
        gate.SetResult(1);
        await holding;
        (await database.ReadAsync(session => session.SingleAsync<long>("select 1::bigint"), cancel)).ShouldBe(1);
    }

    [Fact]
    public async Task Time_outs_of_the_server_follow_the_connection_string_and_can_be_set_there()
    {
        var text = await PostgresCluster.CreateDatabaseAsync();
        await using var normal = new PostgresDatabase(text);
        (await SettingAsync(normal, "statement_timeout"), await SettingAsync(normal, "lock_timeout")).ShouldBe(("30s", "10s"));
        await normal.MigrateAsync(cancel); // whose own settings stay its own
        (await SettingAsync(normal, "statement_timeout"), await SettingAsync(normal, "lock_timeout")).ShouldBe(("30s", "10s"));
        await using var other = new PostgresDatabase($"{text};Command Timeout=7;Options=-c lock_timeout=2s");
        (await SettingAsync(other, "statement_timeout"), await SettingAsync(other, "lock_timeout")).ShouldBe(("7s", "2s"));
    }

    [Fact]
    public async Task Row_that_stays_locked_is_an_outage_and_not_a_bug()
    {
        await using var database = new PostgresDatabase($"{await PostgresCluster.CreateDatabaseAsync()};Options=-c lock_timeout=100ms");
        await database.MigrateAsync(cancel);
        await database.WriteAsync(session => session.ExecuteAsync("insert into routes (path_key) values ('a')"), cancel);
        var (locked, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        var holding = database.WriteAsync(async session =>
        {
            await session.ExecuteAsync("select 1 from routes for update");
            locked.SetResult();
            await gate.Task;
        }, cancel);
        await locked.Task;
        await Should.ThrowAsync<DatabaseUnavailableException>(
            database.WriteAsync(session => session.ExecuteAsync("delete from routes"), cancel));
        gate.SetResult();
        await holding;
    }

    [Fact]
    public async Task Deadlock_is_tried_again_until_both_are_through()
    {
        await using var database = new PostgresDatabase(await PostgresCluster.CreateDatabaseAsync());
        await database.MigrateAsync(cancel);
        await database.WriteAsync(session => session.ExecuteAsync("insert into routes (path_key) values ('a'), ('b')"), cancel);
        var both = new Barrier(2);
        var runs = 0;
        Task LockAsync(string first, string second) => database.WriteAsync(async session =>
        {
            var run = Interlocked.Increment(ref runs);
            await session.ExecuteAsync("select 1 from routes where path_key = @First for update", new { First = first });
            if (run <= 2) await Task.Run(() => both.SignalAndWait(cancel), cancel);
            await session.ExecuteAsync("select 1 from routes where path_key = @Second for update", new { Second = second });
        }, cancel);
        await Task.WhenAll(LockAsync("a", "b"), LockAsync("b", "a"));
        runs.ShouldBe(3);
    }

    [Fact]
    public async Task Transaction_that_always_loses_is_given_up_as_an_outage()
    {
        await using var database = new PostgresDatabase(await PostgresCluster.CreateDatabaseAsync());
        var runs = 0;
        await Should.ThrowAsync<DatabaseUnavailableException>(database.WriteAsync(session =>
        {
            runs++;
            return session.ExecuteAsync("do $$ begin raise exception 'lost' using errcode = '40001'; end $$");
        }, cancel));
        runs.ShouldBe(5);
    }

    [Fact]
    public async Task Counts_of_two_nodes_add_up()
    {
        var database = await PostgresCluster.CreateDatabaseAsync();
        await using var here = await LarderServer.StartAsync(cancel, database);
        await using var there = await LarderServer.StartAsync(cancel, database);
        await using var world = await RegistryWorld.CreateAsync(here);
        const string jar = "org/acme/tool/1.0/tool-1.0.jar";
        var registry = await world.AddRegistryAsync();
        var (upstream, _) = await world.AddUpstreamAsync(registry);
        upstream.File("/" + jar, "file"u8.ToArray());
        await world.CacheAsync(registry, jar);
        var entry = (await world.CandidatesAsync(registry, jar))[0].Entry!.Id;
        foreach (var node in new[] { here, there }) await node.Get<DownloadCounts>().FlushAsync(cancel);
        var before = await CountAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() =>
            (i % 2 == 0 ? here : there).Get<DownloadCounts>().Count(Downloaded.CacheEntry, entry), cancel)));
        await Task.WhenAll(here.Get<DownloadCounts>().FlushAsync(cancel), there.Get<DownloadCounts>().FlushAsync(cancel));
        (await CountAsync() - before).ShouldBe(20);

        Task<long> CountAsync() => here.Get<Database>().ReadAsync(session => session.SingleAsync<long>(
            "select downloads_count from maven_cache_entries where id = @Entry", new { Entry = entry }), cancel);
    }

    private Task<string> SettingAsync(PostgresDatabase database, string name) =>
        database.ReadAsync(session => session.SingleAsync<string>($"select current_setting('{name}')"), cancel);
}
