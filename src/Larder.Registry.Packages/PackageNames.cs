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

    /// <inheritdoc/>
    public string Name => "package_names";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var added = await RepeatAsync("""
            insert into package_names (project_id, name, name_key)
            select distinct p.project_id, p.name, lower(p.name) from packages p
            where p.status <> 'pending_destruction'
              and not exists (select 1 from package_names n where n.project_id = p.project_id and n.name = p.name)
            limit @Limit
            on conflict (project_id, name) do nothing
            """, cancellationToken);
        var removed = await RepeatAsync("""
            delete from package_names where (project_id, name) in (
              select n.project_id, n.name from package_names n
              where not exists (select 1 from packages p
                where p.project_id = n.project_id and p.name = n.name and p.status <> 'pending_destruction')
              limit @Limit)
            """, cancellationToken);
        return added + removed == 0 ? null : $"{added} names added, {removed} removed";
    }

    /// <summary>Says that a project has a package of this name: a part of the transaction that adds it.</summary>
    internal static Task<int> AddAsync(Session session, long projectId, string name) => session.ExecuteAsync("""
        insert into package_names (project_id, name, name_key) values (@ProjectId, @Name, @Key) on conflict (project_id, name) do nothing
        """, new { ProjectId = projectId, Name = name, Key = name.ToLowerInvariant() });

    private async Task<long> RepeatAsync(string step, CancellationToken cancellationToken)
    {
        for (var rows = 0L; ;)
        {
            var changed = await database.WriteAsync(session => session.ExecuteAsync(step, new { Limit = RowsPerStep }), cancellationToken);
            rows += changed;
            if (changed < RowsPerStep) return rows;
        }
    }
}
