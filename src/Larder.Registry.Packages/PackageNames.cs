using Larder.Registry.Data;
using Larder.Registry.Upkeep;

namespace Larder.Registry.Packages;

/// <summary>
/// The names that <see cref="PackageSearch"/> goes through. Publishing adds them; this puts right what publishing alone cannot: names
/// that no package has any more, and those of packages that a node of an earlier version has published beside this one.
/// </summary>
public sealed class PackageNames(Database database) : IPeriodicWork
{
    private const int RowsPerStep = 500;

    // In the words of the index packages_identity: by project and name alone, each look would go through a whole project.
    private const string IsThere = "p.type = 'generic' and p.status <> 'pending_destruction'";

    /// <inheritdoc/>
    public string Name => "package_names";

    /// <inheritdoc/>
    public string About => "Puts the list of package names right that the search goes through.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var added = await RepeatAsync($"""
            select distinct p.project_id, p.name from packages p where {IsThere}
              and not exists (select 1 from package_names n where n.project_id = p.project_id and n.name = p.name)
            limit @Limit
            """, AddAsync, cancellationToken);
        var removed = await RepeatAsync($"""
            select n.project_id, n.name from package_names n
            where not exists (select 1 from packages p where p.project_id = n.project_id and p.name = n.name and {IsThere})
            limit @Limit
            """, RemoveAsync, cancellationToken);
        return added + removed == 0 ? null : $"{added} names added, {removed} removed";
    }

    /// <summary>Says that a project has a package of this name: a part of the transaction that adds it.</summary>
    internal static Task<int> AddAsync(Session session, long projectId, string name) => session.ExecuteAsync("""
        insert into package_names (project_id, name, name_key) values (@ProjectId, @Name, @Key) on conflict (project_id, name) do nothing
        """, new { ProjectId = projectId, Name = name, Key = name.ToLowerInvariant() });

    private static Task<int> RemoveAsync(Session session, long projectId, string name) => session.ExecuteAsync($"""
        delete from package_names where project_id = @ProjectId and name = @Name
          and not exists (select 1 from packages p where p.project_id = @ProjectId and p.name = @Name and {IsThere})
        """, new { ProjectId = projectId, Name = name });

    // Looking goes through every name and is reading; only what changes is written.
    private async Task<long> RepeatAsync(string wrong, Func<Session, long, string, Task<int>> rightAsync, CancellationToken cancellationToken)
    {
        for (var changed = 0L; ;)
        {
            var rows = await database.ReadAsync(session => session.QueryAsync<PackageName>(wrong, new { Limit = RowsPerStep }), cancellationToken);
            var before = changed;
            changed += rows.Count == 0 ? 0 : await database.WriteAsync(async session =>
            {
                var count = 0;
                foreach (var row in rows) count += await rightAsync(session, row.ProjectId, row.Name);
                return count;
            }, cancellationToken);
            if (rows.Count < RowsPerStep || changed == before) return changed;
        }
    }

    private sealed record PackageName(long ProjectId, string Name);
}
