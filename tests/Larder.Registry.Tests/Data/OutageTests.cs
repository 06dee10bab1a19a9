using System.Data.Common;
using System.Globalization;
using Larder.Registry.Data;
using Larder.Registry.Tests.Graph;
using Larder.Registry.Upkeep;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Larder.Registry.Tests.Data;

/// <summary>What callers see while the database is away or full, and that all is well afterwards.</summary>
public sealed class OutageTests
{
    private const string Away = """{"message":"503 Service Unavailable - the database does not answer"}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "/projects")]
    [InlineData("GET", "/user")]
    [InlineData("POST", "/groups")]
    [InlineData("GET", "/projects/1/packages/generic/a/1/a.bin")]
    [InlineData("PUT", "/projects/1/packages/generic/a/1/a.bin")]
    [InlineData("GET", "/virtual_registries/packages/maven/1/org/acme/a.jar")]
    public async Task Database_that_is_away_is_503_with_Retry_After_and_all_is_well_when_it_is_back(string method, string path)
    {
        await using var relay = new Relay(PortOf(await PostgresCluster.CreateDatabaseAsync(), out var database));
        await using var server = await LarderServer.StartAsync(Token, Through(relay, database));
        using var root = server.ClientFor(LarderServer.RootToken);
        var before = await root.AskAsync(method, path, Token, new { name = "a", path = "a" });
        before.Status.ShouldBeLessThan(500);

        relay.Cut();
        server.Time.Advance(TimeSpan.FromSeconds(6)); // what is remembered is forgotten
        for (var round = 0; round < 3; round++)
        {
            var away = await root.AskAsync(method, path, Token, new { name = "b", path = "b" });
            (away.Status, away.Header("Retry-After"), away.Text).ShouldBe((503, "10", Away));
            away.Header("X-Content-Type-Options").ShouldBe("nosniff");
        }

        relay.Mend();
        (await root.AskAsync(method, path, Token, new { name = "c", path = "c" })).Status.ShouldBe(before.Status);
        server.Log.ShouldNotContain(line => line.Contains(" 7001 ", StringComparison.Ordinal), "an outage is no bug");
        server.Log.Count(line => line.StartsWith("Error 6001 ", StringComparison.Ordinal)).ShouldBe(1);
        server.Log.Count(line => line.StartsWith("Information 6002 ", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Theory]
    [InlineData(0)] // the caller and what belongs to it are remembered: it is the endpoint that finds the database away
    [InlineData(6)] // nothing is remembered
    public async Task No_route_answers_an_outage_with_500(int seconds)
    {
        await using var relay = new Relay(PortOf(await PostgresCluster.CreateDatabaseAsync(), out var database));
        await using var server = await LarderServer.StartAsync(Token, Through(relay, database));
        using var root = server.ClientFor(LarderServer.RootToken);
        (await root.AskAsync("GET", "/user", Token)).Status.ShouldBe(200);
        relay.Cut();
        server.Time.Advance(TimeSpan.FromSeconds(seconds));
        var asked = 0;
        foreach (var route in server.Services.GetRequiredService<IEnumerable<EndpointDataSource>>()
            .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText!.StartsWith("/api", StringComparison.Ordinal))) // the description of the API needs no database
        {
            var path = string.Join('/', route.RoutePattern.PathSegments.Select(segment => segment.IsSimple
                && segment.Parts[0] is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal ? literal.Content : "1"));
            foreach (var method in route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), $"/{path}?name=a&path=a&url=https://repo.example.com");
                var answer = await root.AskAsync(request, Token);
                if (seconds > 0) answer.Status.ShouldBe(503, $"{method} {path}");
                if (answer.Status >= 500) (answer.Status, answer.Header("Retry-After")).ShouldBe((503, "10"), $"{method} {path}");
                if (answer.Status >= 500 && method != "HEAD") answer.Text.ShouldBe(Away, $"{method} {path}");
                asked++;
            }
        }
        asked.ShouldBeGreaterThan(30);
    }

    [Fact]
    public async Task GraphQL_answers_an_outage_like_every_other_route()
    {
        await using var relay = new Relay(PortOf(await PostgresCluster.CreateDatabaseAsync(), out var database));
        await using var server = await LarderServer.StartAsync(Token, Through(relay, database));
        using var nobody = server.ClientFor((string?)null); // whom no row must be read for: it is the field that finds the database away
        const string query = "{ a: group(fullPath: \"a\") { id } b: project(fullPath: \"a/b\") { id } }";
        (await nobody.AskGraphAsync(query, Token)).Text.ShouldBe("""{"data":{"a":null,"b":null}}""");
        relay.Cut();
        server.Time.Advance(TimeSpan.FromSeconds(6));
        var away = await nobody.AskGraphAsync(query, Token);
        (away.Status, away.Header("Retry-After"), away.Text).ShouldBe((503, "10", Away));
        relay.Mend();
        (await nobody.AskGraphAsync(query, Token)).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("projects")]
    [InlineData("groups")]
    public async Task Path_that_is_longer_than_any_is_neither_looked_up_nor_remembered(string what)
    {
        await using var relay = new Relay(PortOf(await PostgresCluster.CreateDatabaseAsync(), out var database));
        await using var server = await LarderServer.StartAsync(Token, Through(relay, database));
        using var nobody = server.ClientFor((string?)null);
        relay.Cut();
        (await nobody.AskAsync("GET", $"/{what}/a%2F{new string('b', 6000)}", Token)).Status.ShouldBe(404);
        (await nobody.AskAsync("GET", $"/{what}/a%2Fb", Token)).Status.ShouldBe(503);
    }

    [Fact]
    public async Task Database_that_was_restarted_between_two_requests_is_not_noticed()
    {
        await using var relay = new Relay(PortOf(await PostgresCluster.CreateDatabaseAsync(), out var database));
        await using var server = await LarderServer.StartAsync(Token, Through(relay, database));
        using var root = server.ClientFor(LarderServer.RootToken);
        for (var round = 0; round < 3; round++)
        {
            // Several connections in the pool, all of which are about to be dead.
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => root.AskAsync("GET", "/projects", Token)));
            relay.CutConnections();
            var read = await root.AskAsync("GET", "/projects", Token);
            read.Status.ShouldBe(200, read.Text);
            relay.CutConnections();
            var write = await root.AskAsync("POST", "/groups", Token, new { name = "a", path = $"a{round}" });
            write.Status.ShouldBe(201, write.Text);
        }
    }

    [Fact]
    public async Task Database_that_ends_its_connections_is_not_noticed()
    {
        var connectionString = await PostgresCluster.CreateDatabaseAsync();
        await using var database = new PostgresDatabase(connectionString);
        await database.MigrateAsync(Token);
        await using var killer = NpgsqlDataSource.Create(connectionString);
        await EndOthersAsync(killer);
        (await database.ReadAsync(session => session.SingleAsync<long>("select count(*) from users"), Token)).ShouldBe(0);
        await EndOthersAsync(killer);
        await database.WriteAsync(session => session.ExecuteAsync("update users set name = ''"), Token);
    }

    [Fact]
    public async Task Connection_that_breaks_in_the_middle_of_a_write_leaves_nothing_twice()
    {
        await using var relay = new Relay(PortOf(await PostgresCluster.CreateDatabaseAsync(), out var builder));
        await using var database = new PostgresDatabase(Through(relay, builder));
        await database.MigrateAsync(Token);
        var runs = 0;
        await database.WriteAsync(async session =>
        {
            await session.ExecuteAsync("insert into routes (path_key) values ('a')");
            if (++runs == 1) relay.CutConnections();
            await session.ExecuteAsync("insert into routes (path_key) values ('b')");
        }, Token);
        runs.ShouldBe(2);
        (await database.ReadAsync(session => session.QueryAsync<string>("select path_key from routes order by path_key"), Token))
            .ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task Write_whose_connection_breaks_again_and_again_is_not_tried_for_ever()
    {
        await using var relay = new Relay(PortOf(await PostgresCluster.CreateDatabaseAsync(), out var builder));
        await using var database = new PostgresDatabase(Through(relay, builder));
        await database.MigrateAsync(Token);
        var runs = 0;
        await Should.ThrowAsync<DatabaseUnavailableException>(database.WriteAsync(session =>
        {
            runs++;
            relay.CutConnections();
            return session.ExecuteAsync("select 1");
        }, Token));
        runs.ShouldBe(2);
    }

    [Theory]
    [InlineData(15, true)]
    [InlineData(1, false)]
    public async Task Server_without_a_free_connection_is_waited_for_as_long_as_the_pool_would_be(int timeout, bool isFreedInTime)
    {
        var owner = await PostgresCluster.CreateDatabaseAsync();
        var builder = new NpgsqlConnectionStringBuilder(owner);
        await using var admin = NpgsqlDataSource.Create(owner);
        await admin.CreateCommand($"create role narrow_{builder.Database} login connection limit 1").ExecuteNonQueryAsync(Token);
        (builder.Username, builder.Timeout, builder.Pooling) = ($"narrow_{builder.Database}", timeout, false);
        await using var other = new NpgsqlConnection(builder.ConnectionString);
        await other.OpenAsync(Token);
        builder.Pooling = true;
        await using var database = new PostgresDatabase(builder.ConnectionString);
        var reading = database.ReadAsync(session => session.SingleAsync<long>("select 1"), Token);
        if (isFreedInTime) await other.CloseAsync();
        if (isFreedInTime) (await reading).ShouldBe(1);
        else (await Should.ThrowAsync<DatabaseUnavailableException>(reading)).Message.ShouldContain("too many connections");
    }

    [Fact]
    public async Task Tables_of_another_user_of_the_database_are_no_outage_and_the_migration_says_what_is_wrong()
    {
        var owner = await PostgresCluster.CreateDatabaseAsync();
        await using (var database = new PostgresDatabase(owner)) await database.MigrateAsync(Token);
        var builder = new NpgsqlConnectionStringBuilder(owner);
        await using var admin = NpgsqlDataSource.Create(owner);
        await admin.CreateCommand($"create role other_{builder.Database} login").ExecuteNonQueryAsync(Token);
        builder.Username = $"other_{builder.Database}";
        await using var other = new PostgresDatabase(builder.ConnectionString);
        (await Should.ThrowAsync<MigrationFailedException>(other.MigrateAsync(Token))).Message
            .ShouldMatch("^The list of migrations cannot be read: .*permission denied");
    }

    [Theory]
    [InlineData("", PostgresDatabase.DefaultPoolSize)]
    [InlineData(";Maximum Pool Size=3", 3)]
    [InlineData(";Maximum Pool Size=100", 100)]
    [InlineData(";Minimum Pool Size=30", 30)]
    public async Task Pool_has_the_size_that_the_connection_string_says(string setting, int expected)
    {
        await using var database = new PostgresDatabase("Host=127.0.0.1;Port=1" + setting);
        database.PoolSize.ShouldBe(expected);
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Username=x;Password=a-secret")] // nobody listens
    [InlineData("Host=a-name-that-is-longer-than-the-sixty-three-characters-that-a-label-may-have;Username=x;Password=a-secret")] // no such name
    public async Task Database_that_cannot_be_reached_is_one_kind_of_failure(string connectionString)
    {
        await using var database = new PostgresDatabase(connectionString);
        foreach (var use in new Func<Task>[]
        {
            () => database.ReadAsync(session => session.SingleAsync<long>("select 1"), Token),
            () => database.WriteAsync(session => session.ExecuteAsync("select 1"), Token),
            () => database.MigrateAsync(Token),
        })
        {
            var failure = await Should.ThrowAsync<DatabaseUnavailableException>(use);
            failure.ToString().ShouldNotContain("a-secret");
            failure.ShouldBeAssignableTo<DbException>();
        }
    }

    [Fact]
    public async Task Statement_that_takes_too_long_is_an_outage_and_a_wrong_statement_is_not()
    {
        await using var database = new PostgresDatabase(await PostgresCluster.CreateDatabaseAsync());
        await Should.ThrowAsync<DatabaseUnavailableException>(database.ReadAsync(async session =>
        {
            await session.ExecuteAsync("set statement_timeout = 1");
            return await session.SingleAsync<string>("select pg_sleep(60)::text");
        }, Token));
        await Should.ThrowAsync<PostgresException>(database.ReadAsync(session => session.SingleAsync<long>("select nonsense"), Token));
    }

    [Fact]
    public async Task Counts_that_cannot_be_written_while_the_database_is_away_are_written_later()
    {
        await using var relay = new Relay(PortOf(await PostgresCluster.CreateDatabaseAsync(), out var database));
        await using var server = await LarderServer.StartAsync(Token, Through(relay, database));
        using var root = server.ClientFor(LarderServer.RootToken);
        var project = await server.CreateProjectAsync(Token);
        var file = $"/projects/{project.Id}/packages/generic/a/1/a.bin";
        (await root.AskAsync("PUT", file, Token, new { })).Status.ShouldBe(201);
        (await root.AskAsync("GET", file, Token)).Status.ShouldBe(200);
        relay.Cut();
        var counts = server.Get<DownloadCounts>();
        await Should.ThrowAsync<DatabaseUnavailableException>(counts.FlushAsync(Token));
        relay.Mend();
        await counts.FlushAsync(Token);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", Token)).Json[0].GetProperty("last_downloaded_at").GetString().ShouldNotBeNull();
    }

    [Fact]
    public async Task Cached_artifact_that_is_hot_is_served_on_while_the_database_is_away()
    {
        const string path = "org/acme/tool/1.0/tool-1.0.jar";
        await using var relay = new Relay(PortOf(await PostgresCluster.CreateDatabaseAsync(), out var database));
        await using var server = await LarderServer.StartAsync(Token, Through(relay, database));
        await using var upstream = new ScriptedUpstream();
        upstream.File("/" + path, [1, 2, 3]);
        server.Upstreams.Map("repo.example", "203.0.113.1", upstream.Port);
        using var root = server.ClientFor(LarderServer.RootToken);
        const string api = "/virtual_registries/packages/maven";
        var group = await server.CreateGroupAsync(Token);
        var registry = (await root.AskAsync("POST", $"/groups/{group.Id}/-{api}/registries", Token, new { name = "maven" }))["id"];
        await root.AskAsync("POST", $"{api}/registries/{registry}/upstreams", Token, new { name = "u", url = "http://repo.example" });
        (await root.AskAsync("GET", $"{api}/{registry}/{path}", Token)).Status.ShouldBe(200);
        MavenPath.TryParse(path, out var file).ShouldBeTrue();
        do (await root.AskAsync("GET", $"{api}/{registry}/{path}", Token)).Status.ShouldBe(200);
        while (server.Get<HitMemory>().Find(long.Parse(registry!, CultureInfo.InvariantCulture), file) is null);

        relay.Cut();
        (await root.AskAsync("GET", $"{api}/{registry}/{path}", Token)).Status.ShouldBe(200);
        (await root.AskAsync("GET", $"{api}/{registry}/{path}.sha1", Token)).Status.ShouldBe(200);
        (await root.AskAsync("GET", $"{api}/{registry}/org/acme/other/1.0/other-1.0.jar", Token)).Status.ShouldBe(503);
        server.Time.Advance(TimeSpan.FromSeconds(6));
        (await root.AskAsync("GET", $"{api}/{registry}/{path}", Token)).Status.ShouldBe(503);
        relay.Mend();
        (await root.AskAsync("GET", $"{api}/{registry}/{path}", Token)).Status.ShouldBe(200);
        upstream.Requests.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Locked_database_is_503_for_writers_and_no_matter_to_readers()
    {
        using var folder = new TemporaryDirectory();
        var file = folder["locked.db"];
        await using var server = await LarderServer.StartAsync(Token, services:
            services => services.AddSingleton<Database>(new SqliteDatabase(file, lockTimeoutSeconds: 1)));
        using var root = server.ClientFor(LarderServer.RootToken);
        await using (var other = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            await other.OpenAsync(Token);
            await using var held = other.BeginTransaction(deferred: false);
            var locked = await root.AskAsync("POST", "/groups", Token, new { name = "a", path = "a" });
            (locked.Status, locked.Header("Retry-After"), locked.Text).ShouldBe((503, "10", Away));
            (await root.AskAsync("GET", "/groups", Token)).Status.ShouldBe(200);
        }
        (await root.AskAsync("POST", "/groups", Token, new { name = "a", path = "a" })).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Full_database_is_503_and_takes_neither_readers_nor_later_writers_with_it()
    {
        await using var server = await LarderServer.StartAsync(Token);
        using var root = server.ClientFor(LarderServer.RootToken);
        // SQLite's own bound stands for the disk's: both are SQLITE_FULL. It holds for the connection that it was set on.
        await server.Get<Database>().WriteAsync(session => session.ExecuteAsync("pragma max_page_count = 1"), Token);
        var made = 0;
        Answer last;
        do last = await root.AskAsync("POST", "/groups", Token, new { name = new string('n', 255), path = $"path-{made}", description = new string('d', 5000) });
        while (last.Status == 201 && ++made < 500);
        (last.Status, last.Text).ShouldBe((503, Away));
        (await root.AskAsync("GET", $"/groups/path-{made}", Token)).Status.ShouldBe(404);
        (await root.AskAsync("POST", "/groups", Token, new { name = "a", path = $"path-{made}" })).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Writes_that_share_a_commit_with_the_one_that_finds_the_database_full_are_told_too()
    {
        using var folder = new TemporaryDirectory();
        await using var database = new SqliteDatabase(folder["full.db"]);
        await database.MigrateAsync(Token);
        await database.WriteAsync(session => session.ExecuteAsync("pragma max_page_count = 1"), Token);
        var gate = new TaskCompletionSource();
        var first = database.WriteAsync(_ => gate.Task, Token); // while it runs, the others gather behind it
        var small = Enumerable.Range(0, 5).Select(i => InsertAsync(database, $"{i}", "")).ToList();
        var large = InsertAsync(database, "large", new string('x', 1 << 20));
        gate.SetResult();
        foreach (var write in small.Append(large).Append(first)) await Should.ThrowAsync<DatabaseUnavailableException>(write);
        await InsertAsync(database, "later", "");
        (await database.ReadAsync(session => session.QueryAsync<string>("select sha256 from blobs"), Token)).ShouldBe(["later"]);
    }

    [Fact]
    public async Task Database_file_that_cannot_be_opened_is_an_outage_until_it_can()
    {
        using var folder = new TemporaryDirectory();
        await using var database = new SqliteDatabase(Path.Combine(folder["not-yet"], "larder.db"));
        for (var round = 0; round < 2; round++)
        {
            await Should.ThrowAsync<DatabaseUnavailableException>(database.MigrateAsync(Token));
            await Should.ThrowAsync<DatabaseUnavailableException>(database.ReadAsync(session => session.SingleAsync<long>("select 1"), Token));
            await Should.ThrowAsync<DatabaseUnavailableException>(database.WriteAsync(session => session.ExecuteAsync("select 1"), Token));
        }
        Directory.CreateDirectory(folder["not-yet"]);
        await database.MigrateAsync(Token);
        await InsertAsync(database, "a", "");
    }

    private static Task InsertAsync(Database database, string key, string text) => database.WriteAsync(session => session.ExecuteAsync(
        "insert into blobs (sha256, length, md5, sha1, sha512, created_at) values (@Key, 0, '', '', @Text, 0)", new { Key = key, Text = text }), Token);

    private static async Task EndOthersAsync(NpgsqlDataSource killer)
    {
        await using var command = killer.CreateCommand(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
        await command.ExecuteNonQueryAsync(Token);
    }

    private static int PortOf(string connectionString, out NpgsqlConnectionStringBuilder database) =>
        (database = new NpgsqlConnectionStringBuilder(connectionString)).Port;

    private static string Through(Relay relay, NpgsqlConnectionStringBuilder database) => string.Create(
        CultureInfo.InvariantCulture, $"{new NpgsqlConnectionStringBuilder(database.ConnectionString) { Port = relay.Port }}");
}
