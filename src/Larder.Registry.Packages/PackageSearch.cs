using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Data;

namespace Larder.Registry.Packages;

/// <summary>A package that a search has found: its newest version.</summary>
/// <param name="Package">The row.</param>
/// <param name="ProjectPath">The full path of its project.</param>
public sealed record FoundPackage(Package Package, string ProjectPath);

/// <summary>
/// Search by name over everything that the caller may list. It goes through names, of which there is one however many versions a
/// package has, and looks at the packages of the first few alone.
/// </summary>
public sealed class PackageSearch
{
    // Some names may turn out to have nothing on display.
    private const int NamesPerResult = 4;

    private readonly Database database;
    private readonly PermissionTable permissions;
    private readonly TimeProvider time;

    internal PackageSearch(Database database, PermissionTable permissions, TimeProvider time)
    {
        this.database = database;
        this.permissions = permissions;
        this.time = time;
    }

    /// <summary>
    /// The packages whose names contain all these words, whatever the case: first the one of exactly this name, then those that
    /// begin with it. No more than <paramref name="limit"/>; nothing for more words than <see cref="PackageFilter"/> looks for.
    /// </summary>
    public async Task<IReadOnlyList<FoundPackage>> FindAsync(Caller caller, string text, int limit, CancellationToken cancellationToken)
    {
        if (PackageFilter.HasTooManyWords(text)) return [];
        var (sql, parameters) = Statement(caller, text, limit);
        var rows = await database.ReadAsync(session => session.QueryAsync<Row>(sql, parameters), cancellationToken);
        return [.. rows.Select(row => row.Read())];
    }

    /// <summary>The statement; a test asks both databases how they would run it.</summary>
    public (string Sql, Dapper.DynamicParameters Parameters) Statement(Caller caller, string text, int limit)
    {
        var key = text.ToLowerInvariant();
        var parameters = new Dapper.DynamicParameters(new
        {
            UserId = caller.UserId ?? 0, IsAdmin = caller.IsAdmin ? 1L : 0L, Now = time.GetUtcNow().ToUnixTimeMilliseconds(),
            ListLevel = (long)permissions[Permission.ListPackages].Level, Limit = limit, Names = limit * NamesPerResult,
            Exact = key, Beyond = key + "\U0010FFFF",
        });
        var conditions = PackageFilter.WordsOf(text).Select((word, i) =>
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"Word{i}");
            parameters.Add(name, LikePattern.Containing(word));
            return $@"k.name_key like @{name} escape '\'";
        });
        // Each part walks the index of names in its order and ends at the limit: a text that every name has in it ends at once, and one
        // that none has reads each name once. "is true" keeps the condition out of the choice of the index.
        string Part(int place, string condition, string most) => $"""
            select * from (select k.project_id, k.name, k.name_key, {place} as place from package_names k
              where {condition} and (k.project_id in (select id from visible)) is true
              order by k.name_key, k.project_id, k.name limit {most}) as part{place}
            """;
        return ($"""
            with visible as materialized (
              select p.id from projects p join namespaces n on n.id = p.namespace_id where {VisibleRows.ListPackages}),
            beginning as materialized ({Part(0, "k.name_key = @Exact", "@Names")}
              union all {Part(1, "k.name_key > @Exact and k.name_key < @Beyond", "@Names")}),
            named as materialized (
              select * from beginning
              union all {Part(2, $"not (k.name_key between @Exact and @Beyond) and {string.Join(" and ", conditions)}", "(select case when count(*) < @Names then @Names else 0 end from beginning)")}),
            newest as (
              select d.place, d.name_key, (
                select p.id from packages p where p.project_id = d.project_id and p.name = d.name and {PackageListing.OnDisplay}
                order by p.created_at desc, p.id desc limit 1) as package_id
              from named d)
            select {PackageStore.PackageColumns}, r.full_path as project_path
            from newest w join packages p on p.id = w.package_id join projects r on r.id = p.project_id
            order by w.place, w.name_key, p.project_id, p.name limit @Limit
            """, parameters);
    }

    private sealed class Row : PackageRow
    {
        public string ProjectPath { get; init; } = "";

        public FoundPackage Read() => new(Package, ProjectPath);
    }
}
