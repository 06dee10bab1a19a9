using Dapper;
using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>A name in a folder of caches. A folder stands for all upstreams that have something in it; a file is of one.</summary>
/// <param name="Path">With a leading slash; that of a folder ends with one too.</param>
/// <param name="Upstream">Whose file it is; null for a folder.</param>
/// <param name="Size">Bytes of a file.</param>
/// <param name="DownloadedAt">When a file was last downloaded, in Unix milliseconds.</param>
public sealed record CachedName(string Path, Upstream? Upstream, long Size, long DownloadedAt)
{
    /// <summary>Whether there is more behind it.</summary>
    public bool IsFolder => Upstream is null;
}

/// <summary>A part of a listing, in the order of the bytes of the paths.</summary>
/// <param name="Names">What was found.</param>
/// <param name="GoOn">The path to go on behind; null when that was all.</param>
public sealed record CacheListing(IReadOnlyList<CachedName> Names, string? GoOn);

/// <summary>
/// The caches of upstreams as folders. A folder of a million files costs no more than one of ten: each of its names is one step
/// along the index of paths, over everything below it. What it costs is bounded also where little or nothing is found: then the
/// listing says from where to go on.
/// </summary>
public sealed class CacheTree(Database database)
{
    // Steps over rows of an earlier generation, which are there until upkeep has removed them, find nothing.
    private const int MostSteps = 2_000;

    // Paths that one search looks at, over all upstreams.
    private const int MostSearched = 50_000;

    // Sorts behind every character of a path: a folder's path with this is behind everything in it, and before all else.
    private const char Last = '\x7f';

    // All characters of a path but the slash: what ltrim with these leaves begins at the next slash. The two databases have no other
    // function in common that finds a character.
    private const string NoSlash = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+@$!,=^&'";

    // "cross join" keeps SQLite from turning the last join round, which would read every entry of the upstream.
    private const string Level = """
        with recursive level(path, found, step) as (
          select * from (
            select e.relative_path, cast(0 as bigint), 1 from maven_cache_entries e
            where e.upstream_id = @Id and e.relative_path > @After and e.relative_path < @End order by e.relative_path limit 1) as begun
          union all
          select (
              select e.relative_path from maven_cache_entries e
              where e.upstream_id = @Id and e.relative_path < @End and e.relative_path > case
                when ltrim(substr(l.path, @Depth), @NoSlash) <> '' and exists (
                  select 1 from maven_cache_entries g where g.upstream_id = @Id and g.relative_path = l.path and g.generation = @Generation)
                then substr(l.path, 1, length(l.path) - length(ltrim(substr(l.path, @Depth), @NoSlash))) || @Behind
                else l.path end
              order by e.relative_path limit 1),
            l.found + (select count(*) from maven_cache_entries g where g.upstream_id = @Id and g.relative_path = l.path and g.generation = @Generation),
            l.step + 1
          from level l where l.path is not null and l.found < @Count and l.step < @Steps)
        select e.relative_path, e.generation, e.size, e.downloaded_at from level l
        cross join maven_cache_entries e where e.upstream_id = @Id and e.relative_path = l.path
        order by l.step
        """;

    /// <summary>What is in a folder.</summary>
    /// <param name="upstreams">Whose caches.</param>
    /// <param name="folder">With a slash at both ends.</param>
    /// <param name="after">The path to go on behind; null to begin.</param>
    /// <param name="count">At most so many names.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<CacheListing> ListAsync(
        IReadOnlyList<Upstream> upstreams, string folder, string? after, int count, CancellationToken cancellationToken) =>
        database.ReadAsync(async session =>
        {
            var parts = new List<CacheListing>(upstreams.Count);
            foreach (var upstream in upstreams) parts.Add(await ListAsync(session, upstream, folder, after, count));
            return Merged(parts, count);
        }, cancellationToken);

    /// <summary>Files below a folder whose paths contain all terms. It looks at a bounded number of paths.</summary>
    /// <param name="upstreams">Whose caches.</param>
    /// <param name="folder">With a slash at both ends.</param>
    /// <param name="search">What to look for.</param>
    /// <param name="after">The path to go on behind; null to begin.</param>
    /// <param name="count">At most so many files.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<CacheListing> SearchAsync(
        IReadOnlyList<Upstream> upstreams, string folder, SearchTerms search, string? after, int count, CancellationToken cancellationToken) =>
        database.ReadAsync(async session =>
        {
            var parts = new List<CacheListing>(upstreams.Count);
            foreach (var upstream in upstreams)
                parts.Add(await SearchAsync(session, upstream, folder, search, after, count, MostSearched / upstreams.Count));
            return Merged(parts, count);
        }, cancellationToken);

    /// <summary>The statement behind the listing of one upstream's folder, and its parameters.</summary>
    public static (string Sql, object Parameters) Statement(Upstream upstream, string folder, string? after, int count) => (Level, new
    {
        upstream.Id, upstream.Generation, After = Behind(after ?? folder, folder), End = folder + Last, Depth = folder.Length + 1, NoSlash,
        Behind = "/" + Last, Count = count, Steps = MostSteps,
    });

    private static async Task<CacheListing> ListAsync(Session session, Upstream upstream, string folder, string? after, int count)
    {
        var (sql, parameters) = Statement(upstream, folder, after, count);
        var rows = await session.QueryAsync<Row>(sql, parameters);
        var live = rows.Where(row => row.Generation == upstream.Generation).Select(row => NameIn(folder, row, upstream)).ToList();
        return live.Count > count ? new(live[..count], live[count - 1].Path)
            : new(live, rows.Count == MostSteps ? rows[^1].RelativePath : null);
    }

    private static async Task<CacheListing> SearchAsync(
        Session session, Upstream upstream, string folder, SearchTerms search, string? after, int count, int most)
    {
        var parameters = new DynamicParameters(new
        {
            upstream.Id, upstream.Generation, After = Behind(after ?? folder, folder), End = folder + Last, Count = count + 1, Most = most, Skip = most - 1,
        });
        var terms = search.Patterns.Select((pattern, i) =>
        {
            parameters.Add($"Term{i}", pattern);
            return $@"lower(s.relative_path) like @Term{i} escape '\'";
        });
        const string paths = "select relative_path from maven_cache_entries where upstream_id = @Id and relative_path > @After and relative_path < @End order by relative_path";
        var rows = await session.QueryAsync<Row>($"""
            select e.relative_path, e.generation, e.size, e.downloaded_at from ({paths} limit @Most) as s
            join maven_cache_entries e on e.upstream_id = @Id and e.relative_path = s.relative_path and e.generation = @Generation
            {Conditions.All(terms)} order by e.relative_path limit @Count
            """, parameters);
        var found = rows.Take(count).Select(row => new CachedName(row.RelativePath, upstream, row.Size, row.DownloadedAt)).ToList();
        return new(found, rows.Count > count ? found[^1].Path : await session.FirstOrDefaultAsync<string>($"{paths} limit 1 offset @Skip", parameters));
    }

    // Nothing behind the point that every part has reached; a folder once, whoever has it.
    private static CacheListing Merged(List<CacheListing> parts, int count)
    {
        var reached = parts.Select(part => part.GoOn).Where(path => path is not null).Min(StringComparer.Ordinal);
        var names = parts.SelectMany(part => part.Names).Where(name => reached is null || string.CompareOrdinal(name.Path, reached) <= 0)
            .OrderBy(name => name.Path, StringComparer.Ordinal).DistinctBy(name => (name.Path, name.Upstream?.Id)).ToList();
        if (names.Count <= count) return new(names, reached);
        // Copies of one file stay together.
        var last = names[count - 1].Path;
        return new([.. names.TakeWhile(name => string.CompareOrdinal(name.Path, last) <= 0)], names[^1].Path == last ? reached : last);
    }

    private static CachedName NameIn(string folder, Row row, Upstream upstream)
    {
        var slash = row.RelativePath.IndexOf('/', folder.Length);
        return slash < 0 ? new(row.RelativePath, upstream, row.Size, row.DownloadedAt) : new(row.RelativePath[..(slash + 1)], null, 0, 0);
    }

    // Behind a folder that is in this one: behind all that is in it.
    private static string Behind(string path, string folder) => path.Length > folder.Length && path.EndsWith('/') ? path + Last : path;

    private sealed class Row
    {
        public string RelativePath { get; init; } = "";
        public long Generation { get; init; }
        public long Size { get; init; }
        public long DownloadedAt { get; init; }
    }
}
