using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Larder.Registry.Data;
using Larder.Registry.Upkeep.Moving;
using Larder.Storage.Blobs;
using Larder.Storage.Blobs.S3;
using Larder.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Registry.Tests.Upkeep;

/// <summary>Moving an installation, whose every table has rows in every column, from one kind of place to another.</summary>
public sealed class MoveTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private readonly TemporaryDirectory folder = new();
    private readonly List<IAsyncDisposable> open = [];
    private readonly List<string> said = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var one in open) await one.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Every_row_and_blob_arrives_in_the_cluster_and_back()
    {
        var home = await FilledAsync(Small("home"));
        var cluster = await ClusterAsync();
        await MoveAsync(home, cluster);
        await ShouldBeSameAsync(cluster, home);

        var back = Small("back");
        await MoveAsync(cluster, back);
        await ShouldBeSameAsync(back, home);
        (await Move.IsUnfinishedAsync(back.Database, Cancel)).ShouldBeFalse();
        said[^1].ShouldMatch(@"^3 blobs copied \(\d+ bytes, .* MiB/s\), 0 were there; \d+ rows; \d+ s$");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ids_go_on_behind_the_last_one_that_was_ever_given(bool fromSmall)
    {
        var source = fromSmall ? Small("source") : await ClusterAsync();
        var target = fromSmall ? await ClusterAsync() : Small("target");
        await source.Database.MigrateAsync(Cancel);
        for (var i = 0; i < 3; i++) await AddUserAsync(source.Database, $"u{i}");
        await source.Database.WriteAsync(session => session.ExecuteAsync("delete from users where username = 'u2'"), Cancel);
        await MoveAsync(source, target);
        (await AddUserAsync(target.Database, "next")).ShouldBe(4);
    }

    [Fact]
    public async Task Move_that_was_cut_short_is_not_served_and_goes_on()
    {
        var home = await FilledAsync(Small("home"));
        var cluster = await ClusterAsync();
        using var cut = new CancellationTokenSource();
        var blobs = new CutStore(cluster.Blobs, cut);
        await Should.ThrowAsync<OperationCanceledException>(
            new Move(home, cluster with { Blobs = blobs }, TimeProvider.System, Progress()).RunAsync(cut.Token));
        (await Move.IsUnfinishedAsync(cluster.Database, Cancel)).ShouldBeTrue();

        await MoveAsync(home, cluster);
        await ShouldBeSameAsync(cluster, home);
        (await Move.IsUnfinishedAsync(cluster.Database, Cancel)).ShouldBeFalse();
        await MoveAsync(home, cluster);
        said[^1].ShouldContain("finished before");
    }

    [Fact]
    public async Task Target_that_is_not_empty_is_refused_and_left_alone()
    {
        var home = await FilledAsync(Small("home"));
        var other = Small("other");
        await other.Database.MigrateAsync(Cancel);
        await AddUserAsync(other.Database, "somebody");
        (await Should.ThrowAsync<MoveRefusedException>(MoveAsync(home, other))).Message.ShouldContain("not empty: it has rows in users");
        (await Should.ThrowAsync<MoveRefusedException>(MoveAsync(home, home))).Message.ShouldContain("same database");
        (await other.Database.ReadAsync(session => session.SingleAsync<long>("select count(*) from users"), Cancel)).ShouldBe(1);
    }

    [Fact]
    public async Task Row_that_left_the_source_between_two_attempts_is_noticed()
    {
        var home = await FilledAsync(Small("home"));
        var cluster = await ClusterAsync();
        await MoveAsync(home, cluster);
        await cluster.Database.WriteAsync(session => session.ExecuteAsync("update moves set finished_at = null"), Cancel);
        await home.Database.WriteAsync(session => session.ExecuteAsync("delete from leases where name = (select min(name) from leases)"), Cancel);
        (await Should.ThrowAsync<MoveRefusedException>(MoveAsync(home, cluster))).Message.ShouldContain("leases has 2 rows in the source and 3 in the target");
    }

    [Fact]
    public async Task Damaged_and_missing_blobs_are_named_and_not_passed_on()
    {
        var home = await FilledAsync(Small("home"));
        var digests = await home.Database.ReadAsync(session => session.QueryAsync<string>("select sha256 from blobs order by sha256"), Cancel);
        File.Delete(folder[$"home/blobs/sha256/{digests[0][..2]}/{digests[0]}"]);
        await File.WriteAllTextAsync(folder[$"home/blobs/sha256/{digests[1][..2]}/{digests[1]}"], "damaged", Cancel);
        var target = Small("target");
        var progress = Progress();
        await new Move(home, target, TimeProvider.System, progress).RunAsync(Cancel);
        progress.Problems.ShouldBe(2);
        said.ShouldContain($"Blob {digests[0]} is missing in the source.");
        said.ShouldContain(line => line.StartsWith($"Blob {digests[1]} is damaged in the source", StringComparison.Ordinal));
        (await target.Blobs.OpenAsync(Sha256.Parse(digests[1]), Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task Both_databases_describe_the_same_tables()
    {
        var (small, cluster) = (Small("one"), await ClusterAsync());
        await small.Database.MigrateAsync(Cancel);
        await cluster.Database.MigrateAsync(Cancel);
        (await TablesAsync(small)).ShouldBe(await TablesAsync(cluster));

        async Task<List<string>> TablesAsync(Installation installation) =>
        [
            .. (await Schema.ReadAsync(installation.Database, Cancel)).OrderBy(table => table.Name, StringComparer.Ordinal).Select(table =>
                $"{table.Name}({string.Join(',', table.Columns.Select(column => $"{column.Name}{(column.IsGenerated ? "#" : "")}"))}) "
                + $"{string.Join(',', table.Key)} {string.Join(',', table.References.Select(reference => $"{reference.Column}>{reference.Table}").Order())}"),
        ];
    }

    private Task MoveAsync(Installation source, Installation target) =>
        new Move(source, target, TimeProvider.System, Progress()).RunAsync(Cancel);

    private MoveProgress Progress() => new(TimeProvider.System, said.Add);

    private Installation Small(string name)
    {
        Directory.CreateDirectory(folder[name]);
        return Keep(new SqliteDatabase(folder[$"{name}/larder.db"]), new FileSystemBlobStore(
            new FileSystemBlobOptions { Root = folder[$"{name}/blobs"] }, TimeProvider.System, NullLogger<FileSystemBlobStore>.Instance));
    }

    private async Task<Installation> ClusterAsync()
    {
        var options = await CephGateway.OptionsOfNewBucketAsync(folder[$"s3-{open.Count}"]);
        return Keep(new PostgresDatabase(await PostgresCluster.CreateDatabaseAsync()),
            new S3BlobStore(options, TimeProvider.System, NullLogger<S3BlobStore>.Instance));
    }

    private Installation Keep<T>(Database database, T blobs) where T : IBlobStore, IAsyncDisposable
    {
        open.AddRange([database, blobs]);
        return new Installation(database, blobs);
    }

    private static Task<long> AddUserAsync(Database database, string name) => database.WriteAsync(session => session.SingleAsync<long>("""
        insert into users (username, username_key, name, email, state, admin, created_at, updated_at)
        values (@name, @name, @name, @name, 'active', 0, 0, 0) returning id
        """, new { name }), Cancel);

    // Three rows in each table; the last one has null wherever it may.
    private static async Task<Installation> FilledAsync(Installation installation)
    {
        await installation.Database.MigrateAsync(Cancel);
        var digests = new List<string>();
        for (var i = 0; i < 3; i++) digests.Add(await StoreAsync(installation.Blobs, $"content {i}"));
        digests.Sort(StringComparer.Ordinal);
        var tables = (await Schema.ReadAsync(installation.Database, Cancel)).Where(table => table.Name != "moves").ToList();
        await installation.Database.WriteAsync(async session =>
        {
            var texts = (await session.QueryAsync<string>("""
                select m.name || '.' || c.name from sqlite_master m, pragma_table_info(m.name) c where c.type = 'text' collate nocase
                """)).ToHashSet();
            await session.ExecuteAsync("pragma defer_foreign_keys = on");
            foreach (var table in tables)
            {
                for (var i = 0; i < 3; i++)
                {
                    var row = table.Columns.ToDictionary(column => column.Name, column => ValueOf(table, column, texts.Contains($"{table.Name}.{column.Name}"), i, digests));
                    await session.ExecuteAsync($"insert into {table.Name} ({string.Join(',', row.Keys.Select(name => $"\"{name}\""))}) "
                        + $"values ({string.Join(',', row.Keys.Select(name => "@" + name))})", row);
                }
            }
        }, Cancel);
        return installation;
    }

    private static object? ValueOf(Table table, Column column, bool isText, int row, List<string> digests)
    {
        if (row == 2 && !column.IsRequired && !table.Key.Contains(column.Name)) return null;
        if (table.References.FirstOrDefault(reference => reference.Column == column.Name) is { } reference)
            return reference.Table is "blobs" ? digests[row] : reference.Table is "package_uploads" ? $"package_uploads.id.{row}" : IdOf(2 - row);
        if (table.Name == "blobs" && column.Name == "sha256") return digests[row];
        if (table.Name == "blobs" && column.Name == "length") return 9;
        if (column.IsGenerated) return IdOf(row);
        return isText ? $"{table.Name}.{column.Name}.{row}" : IdOf(row) + 5;
    }

    // The first ids, so that a row may name one that comes later.
    private static long IdOf(int row) => 10 * (row + 1);

    private static async Task<string> StoreAsync(IBlobStore blobs, string content)
    {
        await using var writer = await blobs.CreateAsync(Durability.Durable, Cancel);
        var bytes = Encoding.UTF8.GetBytes(content);
        bytes.CopyTo(writer.GetMemory());
        await writer.AdvanceAsync(bytes.Length, Cancel);
        return (await writer.CommitAsync(ExpectedContent.Anything, Cancel)).Stored!.Digests.Sha256.Hex;
    }

    private static async Task ShouldBeSameAsync(Installation actual, Installation expected)
    {
        var tables = (await Schema.ReadAsync(expected.Database, Cancel)).Where(table => table.Name != "moves").ToList();
        tables.Count.ShouldBeGreaterThan(25);
        foreach (var table in tables)
        {
            var rows = await DumpAsync(expected.Database, table);
            rows.Count.ShouldBe(3, table.Name);
            (await DumpAsync(actual.Database, table)).ShouldBe(rows, table.Name);
        }
        foreach (var digest in await expected.Database.ReadAsync(session => session.QueryAsync<string>("select sha256 from blobs"), Cancel))
        {
            await using var blob = (await actual.Blobs.OpenAsync(Sha256.Parse(digest), Cancel)).ShouldNotBeNull();
            var bytes = new byte[blob.Length];
            (await blob.ReadAsync(0, bytes, Cancel)).ShouldBe(bytes.Length);
            Convert.ToHexStringLower(SHA256.HashData(bytes)).ShouldBe(digest);
        }
    }

    private static Task<List<string>> DumpAsync(Database database, Table table) => database.ReadAsync(async session =>
        (await session.QueryAsync<object>($"select * from {table.Name}")).Cast<IDictionary<string, object?>>().Select(row => string.Join('|',
            row.OrderBy(cell => cell.Key, StringComparer.Ordinal)
                .Select(cell => string.Create(CultureInfo.InvariantCulture, $"{cell.Key}={cell.Value ?? "null"}:{cell.Value?.GetType().Name}"))))
            .Order(StringComparer.Ordinal).ToList(), Cancel);

    /// <summary>A store whose power goes after the first blob.</summary>
    private sealed class CutStore(IBlobStore store, CancellationTokenSource cut) : IBlobStore
    {
        private int writers;

        public ValueTask<Blob?> OpenAsync(Sha256 digest, CancellationToken cancellationToken) => store.OpenAsync(digest, cancellationToken);

        public ValueTask<BlobWriter> CreateAsync(Durability durability, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref writers) > 1) cut.Cancel();
            return store.CreateAsync(durability, cancellationToken);
        }

        public ValueTask<bool> DeleteAsync(Sha256 digest, DateTimeOffset writtenBefore, CancellationToken cancellationToken) =>
            store.DeleteAsync(digest, writtenBefore, cancellationToken);

        public IAsyncEnumerable<BlobInfo> ListAsync(CancellationToken cancellationToken) => store.ListAsync(cancellationToken);
    }
}
