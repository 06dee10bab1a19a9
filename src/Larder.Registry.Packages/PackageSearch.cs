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
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var parameters = new Dapper.DynamicParameters(new
        {
            UserId = caller.UserId ?? 0, IsAdmin = caller.IsAdmin ? 1L : 0L, Now = time.GetUtcNow().ToUnixTimeMilliseconds(),
            ListLevel = (long)permissions[Permission.ListPackages].Level, Limit = limit, Names = limit * NamesPerResult,
            Exact = text.ToLowerInvariant(), Beginning = LikePattern.Containing(text)![1..],
        });
        var conditions = words.Select((word, i) =>
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"Word{i}");
            parameters.Add(name, LikePattern.Containing(word));
            return $@"k.name_key like @{name} escape '\'";
        });
        return ($"""
            with visible as materialized (
              select p.id, p.full_path from projects p join namespaces n on n.id = p.namespace_id where {VisibleRows.ListPackages}),
            named as materialized (
              select k.project_id, k.name, k.name_key, v.full_path,
                case when k.name_key = @Exact then 0 when k.name_key like @Beginning escape '\' then 1 else 2 end as place
              from package_names k join visible v on v.id = k.project_id
              where {string.Join(" and ", conditions)} order by place, k.name_key, k.project_id, k.name limit @Names),
            newest as (
              select d.place, d.name_key, d.full_path, (
                select p.id from packages p where p.project_id = d.project_id and p.name = d.name and {PackageListing.OnDisplay}
                order by p.created_at desc, p.id desc limit 1) as package_id
              from named d)
            select {PackageStore.PackageColumns}, w.full_path as project_path from newest w join packages p on p.id = w.package_id
            order by w.place, w.name_key, p.project_id, p.name limit @Limit
            """, parameters);
    }

    private sealed class Row : PackageRow
    {
        public string ProjectPath { get; init; } = "";

        public FoundPackage Read() => new(Package, ProjectPath);
    }
}
