using Larder.Registry.Data;
using Larder.Testing;

namespace Larder.Registry.Tests.Data;

public sealed class DatabaseTestsOnSqlite : DatabaseTests
{
    private readonly TemporaryDirectory folder = new();

    protected override Task<Func<Database>> OpenerAsync() => Task.FromResult<Func<Database>>(() => new SqliteDatabase(folder["test.db"]));

    protected override void Clean() => folder.Dispose();

    [Fact]
    public async Task Migration_waits_for_another_process_and_goes_on_when_that_is_killed()
    {
        // Another program holds the exclusive lock, in the middle of a migration of its own.
        using var holder = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("/usr/bin/python3",
            ["-c", "import sqlite3,sys,time; c=sqlite3.connect(sys.argv[1],isolation_level=None); c.execute('begin exclusive'); "
                + "c.execute('create table users (half integer)'); print('held',flush=True); time.sleep(600)", folder["test.db"]])
            { RedirectStandardOutput = true })!;
        (await holder.StandardOutput.ReadLineAsync(Token)).ShouldBe("held");
        var migration = Database.MigrateAsync(Token);
        (await Task.WhenAny(migration, Task.Delay(300, Token))).ShouldNotBe(migration);
        holder.Kill();
        await holder.WaitForExitAsync(Token);
        (await migration).ShouldNotBeEmpty();
        (await Database.ReadAsync(session => session.SingleAsync<long>("select count(*) from users"), Token)).ShouldBe(0);
    }

    [Fact]
    public async Task Commit_is_synced()
    {
        await Database.MigrateAsync(Token);
        (await Database.WriteAsync(session => session.SingleAsync<long>("pragma synchronous"), Token)).ShouldBe(2);
        (await Database.ReadAsync(session => session.SingleAsync<string>("pragma journal_mode"), Token)).ShouldBe("wal");
    }
}

public sealed class DatabaseTestsOnPostgres : DatabaseTests
{
    private string connectionString = "";

    protected override async Task<Func<Database>> OpenerAsync()
    {
        connectionString = await PostgresCluster.CreateDatabaseAsync();
        return () => new PostgresDatabase(connectionString);
    }

    protected override void Clean()
    {
    }

    [Fact]
    public async Task Migration_waits_for_the_lock_and_goes_on_when_its_holder_is_killed()
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(connectionString);
        await using var holder = await source.OpenConnectionAsync(Token);
        await using (var command = holder.CreateCommand())
        {
            command.CommandText = "select pg_advisory_lock(83981414720882)";
            await command.ExecuteNonQueryAsync(Token);
        }
        var migration = Database.MigrateAsync(Token);
        await using (var waiting = source.CreateCommand("""
            select count(*) from pg_locks where locktype = 'advisory' and not granted
              and database = (select oid from pg_database where datname = current_database())
            """))
        {
            while ((long)(await waiting.ExecuteScalarAsync(Token))! == 0) migration.IsCompleted.ShouldBeFalse();
        }
        await using (var killer = source.CreateCommand($"select pg_terminate_backend({holder.ProcessID})")) await killer.ExecuteNonQueryAsync(Token);
        (await migration).ShouldNotBeEmpty();
    }
}

/// <summary>What both databases promise.</summary>
public abstract class DatabaseTests : IAsyncLifetime
{
    private Func<Database> open = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected Database Database { get; private set; } = null!;

    protected abstract Task<Func<Database>> OpenerAsync();

    protected abstract void Clean();

    public async ValueTask InitializeAsync()
    {
        open = await OpenerAsync();
        Database = open();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Database.DisposeAsync();
        Clean();
    }

    [Fact]
    public async Task Migrations_run_once_also_when_several_start_at_the_same_time()
    {
        (await Database.IsOutdatedAsync(Token)).ShouldBeTrue();
        var others = Enumerable.Range(0, 3).Select(_ => open()).ToList();
        var ran = await Task.WhenAll(others.Append(Database).Select(database => Task.Run(() => database.MigrateAsync(Token), Token)));
        ran.Count(scripts => scripts.Count > 0).ShouldBe(1);
        foreach (var other in others) await other.DisposeAsync();
        (await Database.MigrateAsync(Token)).ShouldBeEmpty();
        (await Database.IsOutdatedAsync(Token)).ShouldBeFalse();
    }

    [Fact]
    public async Task Write_that_fails_is_undone_and_takes_no_other_with_it()
    {
        await Database.MigrateAsync(Token);
        var writes = Enumerable.Range(0, 200).Select(i => Task.Run(() => Database.WriteAsync(async session =>
        {
            await InsertAsync(session, $"{i}");
            if (i % 5 == 0) throw new InvalidOperationException("this one fails");
        }, Token), Token)).ToList();
        await Task.WhenAll(writes.Select(async write =>
        {
            try
            {
                await write;
            }
            catch (InvalidOperationException)
            {
            }
        }));
        writes.Count(write => write.IsFaulted).ShouldBe(40);
        (await CountAsync()).ShouldBe(160);
    }

    [Fact]
    public async Task Duplicate_row_is_an_exception_of_its_own()
    {
        await Database.MigrateAsync(Token);
        await Database.WriteAsync(session => InsertAsync(session, "same"), Token);
        await Should.ThrowAsync<DuplicateRowException>(Database.WriteAsync(session => InsertAsync(session, "same"), Token));
        (await CountAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Write_is_seen_by_the_next_read()
    {
        await Database.MigrateAsync(Token);
        for (var i = 1; i <= 50; i++)
        {
            await Database.WriteAsync(session => InsertAsync(session, $"{i}"), Token);
            (await CountAsync()).ShouldBe(i);
        }
    }

    [Fact]
    public async Task Paths_compare_bytewise()
    {
        await Database.MigrateAsync(Token);
        foreach (var path in new[] { "a/b", "a_b", "B", "a", "ä", "a/B", "a.b" })
            await Database.WriteAsync(session => session.ExecuteAsync("insert into routes (path_key) values (@Path)", new { Path = path }), Token);
        (await Database.ReadAsync(session => session.QueryAsync<string>("select path_key from routes order by path_key"), Token))
            .ShouldBe(["B", "a", "a.b", "a/B", "a/b", "a_b", "ä"]);
    }

    private Task<long> CountAsync() => Database.ReadAsync(session => session.SingleAsync<long>("select count(*) from blobs"), Token);

    private static Task<int> InsertAsync(Session session, string key) => session.ExecuteAsync(
        "insert into blobs (sha256, length, md5, sha1, sha512, created_at) values (@Key, 0, '', '', '', 0)", new { Key = key });
}
