using Dapper;
using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.VirtualRegistries;

/// <summary>A cache entry as those see it who look after an upstream. Instants are Unix milliseconds.</summary>
public sealed record ListedEntry(
    long Id, long GroupId, long UpstreamId, string RelativePath, long Size, string FileMd5, string FileSha1, string FileSha256, string FileSha512,
    string? ContentType, string? UpstreamEtag, long UpstreamCheckedAt, long DownloadsCount, long DownloadedAt, long CreatedAt, long UpdatedAt);

/// <summary>
/// The cache entries of an upstream, newest first. A page costs its offset, unless it begins behind a known entry; a search reads
/// the upstream's entries from the newest on until the page is full, and up to all of them to count.
/// </summary>
public sealed class CacheEntryList(Database database)
{
    private const string Select = """
        select e.id, u.group_id, e.upstream_id, e.relative_path, e.size, b.md5 as file_md5, b.sha1 as file_sha1, b.sha256 as file_sha256, b.sha512 as file_sha512,
          e.content_type, e.upstream_etag, e.upstream_checked_at, e.downloads_count, e.downloaded_at, e.created_at, e.updated_at
        from maven_cache_entries e
        join maven_upstreams u on u.id = e.upstream_id and u.generation = e.generation and u.deleted_at is null
        join blobs b on b.sha256 = e.sha256
        """;

    /// <summary>One page by its number, and how many entries there are in all.</summary>
    public Task<(IReadOnlyList<ListedEntry> Entries, long Total)> PageAsync(
        Upstream upstream, SearchTerms search, Page page, CancellationToken cancellationToken)
    {
        var (where, parameters) = Where(upstream, search);
        parameters.Add("Limit", page.Size);
        parameters.Add("Offset", page.Offset);
        parameters.Add("CountLimit", Page.CountLimit);
        return database.ReadAsync(async session => (
            await session.QueryAsync<ListedEntry>($"{Select} {where} order by e.id desc limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>(
                $"select count(*) from (select 1 from maven_cache_entries e {where} limit @CountLimit) counted", parameters)), cancellationToken);
    }

    /// <summary>At most <paramref name="count"/> entries older than one of them, or the newest.</summary>
    public Task<IReadOnlyList<ListedEntry>> BehindAsync(
        Upstream upstream, SearchTerms search, long? before, int count, CancellationToken cancellationToken)
    {
        var (where, parameters) = Where(upstream, search, before is null ? null : "e.id < @Before");
        parameters.Add("Before", before);
        parameters.Add("Limit", count);
        return database.ReadAsync(session => session.QueryAsync<ListedEntry>($"{Select} {where} order by e.id desc limit @Limit", parameters), cancellationToken);
    }

    /// <summary>The entry of this name, or null.</summary>
    public Task<ListedEntry?> FindAsync(CacheEntryId id, CancellationToken cancellationToken) => database.ReadAsync(session => id switch
    {
        CacheEntryId.OfPath place => session.FirstOrDefaultAsync<ListedEntry>(
            $"{Select} where e.upstream_id = @UpstreamId and e.relative_path = @Path", new { place.UpstreamId, Path = place.Path.Relative }),
        CacheEntryId.OfRow row => session.FirstOrDefaultAsync<ListedEntry>(
            $"{Select} where e.id = @Id and u.group_id = @GroupId", new { row.Id, row.GroupId }),
        _ => throw new ArgumentOutOfRangeException(nameof(id)),
    }, cancellationToken);

    /// <summary>The path of the newest entry, or null when there is none.</summary>
    public Task<string?> AnyPathAsync(Upstream upstream, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<string>("""
            select relative_path from maven_cache_entries where upstream_id = @Id and generation = @Generation order by id desc limit 1
            """, new { upstream.Id, upstream.Generation }), cancellationToken);

    /// <summary>Deletes an entry; false when it was gone.</summary>
    public Task<bool> DeleteAsync(ListedEntry entry, CancellationToken cancellationToken) => database.WriteAsync(async session =>
        await session.ExecuteAsync("delete from maven_cache_entries where id = @Id", new { entry.Id }) == 1, cancellationToken);

    private static (string Where, DynamicParameters Parameters) Where(Upstream upstream, SearchTerms search, string? further = null)
    {
        var parameters = new DynamicParameters(new { UpstreamId = upstream.Id, upstream.Generation });
        var conditions = search.Patterns.Select((pattern, i) =>
        {
            parameters.Add($"Term{i}", pattern);
            return $@"lower(e.relative_path) like @Term{i} escape '\'";
        });
        return (Conditions.All(["e.upstream_id = @UpstreamId", "e.generation = @Generation", further, .. conditions]), parameters);
    }
}
