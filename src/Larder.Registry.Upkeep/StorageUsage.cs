using System.Diagnostics;
using Larder.Registry.Data;

namespace Larder.Registry.Upkeep;

/// <summary>What a namespace takes up, in bytes.</summary>
public sealed record NamespaceUsage
{
    /// <summary>The full path of the group or personal namespace.</summary>
    public string FullPath { get; init; } = "";

    /// <summary>Files of hosted packages.</summary>
    public long Packages { get; init; }

    /// <summary>Cache entries of its upstreams.</summary>
    public long Cache { get; init; }

    /// <summary>Pieces of uploads that have not ended.</summary>
    public long Uploads { get; init; }
}

/// <summary>What a kind takes up in all: see <see cref="StorageUsage"/>.</summary>
public sealed record KindUsage
{
    /// <summary>One of the constants of <see cref="StorageUsage"/>.</summary>
    public string Kind { get; init; } = "";

    /// <summary>How many rows.</summary>
    public long Files { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>When it was counted, in Unix milliseconds.</summary>
    public long CountedAt { get; init; }
}

/// <summary>
/// How much is stored, by namespace and by kind. Counted once an hour in pages along the primary keys, with rests in between, so that
/// neither a page nor a writer waits for a sum over millions of rows. Content that several rows name counts for each of them; what it
/// takes up in truth is <see cref="Blobs"/>.
/// </summary>
public sealed class StorageUsage(Database database, TimeProvider time) : IPeriodicWork
{
    /// <summary>Files of hosted packages.</summary>
    public const string Packages = "packages";

    /// <summary>Cache entries.</summary>
    public const string Cache = "cache";

    /// <summary>Pieces of uploads that have not ended.</summary>
    public const string Uploads = "uploads";

    /// <summary>All content, each once.</summary>
    public const string Blobs = "blobs";

    private const int RowsPerLook = 5000;
    private const int RowsPerStep = 500;
    private const int RestPerWork = 1;

    // Each page: rows behind @After with their namespace; 0 for what was deleted and waits for the sweeper.
    private static readonly (string Kind, string Page)[] Counts =
    [
        (Packages, """
            select f.id as place, f.size,
              case when f.status = 'default' and p.status <> 'pending_destruction' then pr.namespace_id else 0 end as namespace_id
            from (
              select id, package_id, size, status from package_files where id > @After order by id limit @Limit) f
            join packages p on p.id = f.package_id join projects pr on pr.id = p.project_id
            """),
        (Cache, """
            select e.id as place, e.size,
              case when u.generation = e.generation and u.deleted_at is null then u.group_id else 0 end as namespace_id
            from (
              select id, upstream_id, generation, size from maven_cache_entries where id > @After order by id limit @Limit) e
            join maven_upstreams u on u.id = e.upstream_id
            """),
    ];

    /// <inheritdoc/>
    public string Name => "storage_usage";

    /// <inheritdoc/>
    public string About => "Counts what packages, caches and uploads take up, for the page about storage.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromHours(1);

    /// <summary>What takes up most, down to <paramref name="limit"/> namespaces.</summary>
    public Task<IReadOnlyList<NamespaceUsage>> OfNamespacesAsync(int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync<NamespaceUsage>("""
            select n.full_path,
              cast(sum(case when s.kind = @Packages then s.bytes else 0 end) as bigint) as packages,
              cast(sum(case when s.kind = @Cache then s.bytes else 0 end) as bigint) as cache,
              cast(sum(case when s.kind = @Uploads then s.bytes else 0 end) as bigint) as uploads
            from storage_usage s join namespaces n on n.id = s.namespace_id
            group by n.id, n.full_path order by sum(s.bytes) desc, n.full_path limit @Limit
            """, new { Packages, Cache, Uploads, Limit = limit }), cancellationToken);

    /// <summary>In all, by kind; empty before the first count.</summary>
    public Task<IReadOnlyList<KindUsage>> OfKindsAsync(CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync<KindUsage>("""
            select kind, cast(sum(files) as bigint) as files, cast(sum(bytes) as bigint) as bytes, min(counted_at) as counted_at
            from storage_usage group by kind order by kind
            """), cancellationToken);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var found = new List<Row>();
        foreach (var (kind, page) in Counts) found.AddRange(await CountAsync(kind, page, cancellationToken));
        found.AddRange(await database.ReadAsync(session => session.QueryAsync<Row>("""
            select @Uploads as kind, pr.namespace_id, count(*) as files, cast(sum(n.length) as bigint) as bytes
            from package_upload_pieces n join package_uploads u on u.id = n.upload_id join projects pr on pr.id = u.project_id
            group by pr.namespace_id
            """, new { Uploads }), cancellationToken));
        var blobs = await CountBlobsAsync(cancellationToken);
        found.Add(blobs);
        foreach (var rows in found.Chunk(RowsPerStep)) await database.WriteAsync(session => SaveAsync(session, rows, now), cancellationToken);
        await database.WriteAsync(session => session.ExecuteAsync("delete from storage_usage where counted_at < @Now", new { Now = now }), cancellationToken);
        return $"{blobs.Files} blobs of {blobs.Bytes} bytes";
    }

    private async Task<IEnumerable<Row>> CountAsync(string kind, string page, CancellationToken cancellationToken)
    {
        var sums = new Dictionary<long, Row>();
        for (var (after, last) = (0L, 0L); ; after = last)
        {
            var (from, began) = (after, Stopwatch.GetTimestamp());
            var rows = await database.ReadAsync(session => session.QueryAsync<Row>($"""
                select page.namespace_id, count(*) as files, cast(sum(page.size) as bigint) as bytes, max(page.place) as place
                from ({page}) page group by page.namespace_id
                """, new { After = from, Limit = RowsPerLook }), cancellationToken);
            if (rows.Count == 0) return sums.Values;
            foreach (var row in rows)
            {
                var sum = sums.GetValueOrDefault(row.NamespaceId) ?? new Row { Kind = kind, NamespaceId = row.NamespaceId };
                sums[row.NamespaceId] = sum with { Files = sum.Files + row.Files, Bytes = sum.Bytes + row.Bytes };
                last = Math.Max(last, row.Place);
            }
            await Rest.AfterAsync(began, RestPerWork, cancellationToken);
        }
    }

    private async Task<Row> CountBlobsAsync(CancellationToken cancellationToken)
    {
        var sum = new Row { Kind = Blobs };
        for (var last = ""; ;)
        {
            var (after, began) = (last, Stopwatch.GetTimestamp());
            var page = await database.ReadAsync(session => session.SingleAsync<BlobPage>("""
                select count(*) as files, cast(coalesce(sum(page.length), 0) as bigint) as bytes, coalesce(max(page.sha256), '') as last
                from (select sha256, length from blobs where sha256 > @After order by sha256 limit @Limit) page
                """, new { After = after, Limit = RowsPerLook }), cancellationToken);
            if (page.Files == 0) return sum;
            sum = sum with { Files = sum.Files + page.Files, Bytes = sum.Bytes + page.Bytes };
            last = page.Last;
            await Rest.AfterAsync(began, RestPerWork, cancellationToken);
        }
    }

    private static async Task SaveAsync(Session session, Row[] rows, long now)
    {
        foreach (var row in rows)
        {
            await session.ExecuteAsync("""
                insert into storage_usage (namespace_id, kind, files, bytes, counted_at) values (@NamespaceId, @Kind, @Files, @Bytes, @Now)
                on conflict (namespace_id, kind) do update
                set files = excluded.files, bytes = excluded.bytes, counted_at = excluded.counted_at
                """, new { row.NamespaceId, row.Kind, row.Files, row.Bytes, Now = now });
        }
    }

    private sealed record Row
    {
        public string Kind { get; init; } = "";
        public long NamespaceId { get; init; }
        public long Files { get; init; }
        public long Bytes { get; init; }
        public long Place { get; init; }
    }

    private sealed record BlobPage
    {
        public long Files { get; init; }
        public long Bytes { get; init; }
        public string Last { get; init; } = "";
    }
}
