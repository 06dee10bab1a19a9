using Larder.Registry.Access;
using Larder.Registry.Data;

namespace Larder.Registry.Namespaces;

/// <summary>Projects. What it finds may be up to five seconds old when another node changed it.</summary>
public sealed class ProjectStore(Database database, AccessCache cache)
{
    /// <summary>Columns of <c>projects p</c> and its <c>namespaces n</c> in the order of <see cref="Project"/>.</summary>
    internal const string Columns = """
        p.id, p.namespace_id, p.creator_id, p.name, p.path, p.full_path, p.visibility, p.registry_access, p.description, p.created_at,
        p.updated_at, n.lineage as namespace_lineage
        """;

    /// <summary>
    /// A project by id (digits only) or by full path, in any case; null when there is none. A word without a slash is never a
    /// project (generic-packages contract section 8).
    /// </summary>
    public ValueTask<Project?> FindAsync(string idOrPath, CancellationToken cancellationToken) =>
        IdOrPath.TryId(idOrPath, out var id) ? FindByIdAsync(id, cancellationToken)
        : idOrPath.Contains('/', StringComparison.Ordinal) ? FindByPathAsync(idOrPath, cancellationToken)
        : ValueTask.FromResult<Project?>(null);

    /// <summary>By id.</summary>
    public ValueTask<Project?> FindByIdAsync(long id, CancellationToken cancellationToken) =>
        cache.Projects.GetAsync((id, ""), database, static (database, key, token) => database.ReadAsync(
            session => session.FirstOrDefaultAsync<Project>(
                $"select {Columns} from projects p join namespaces n on n.id = p.namespace_id where p.id = @Id", new { key.Id }), token),
            cancellationToken);

    private ValueTask<Project?> FindByPathAsync(string path, CancellationToken cancellationToken) =>
        cache.Projects.GetAsync((0, path), database, static (database, key, token) => database.ReadAsync(
            session => session.FirstOrDefaultAsync<Project>($"""
                select {Columns} from routes r join projects p on p.id = r.project_id join namespaces n on n.id = p.namespace_id
                where r.path_key = @Key
                """, new { Key = IdOrPath.Key(key.Path) }), token),
            cancellationToken);

    /// <summary>The projects of a group, and of all groups inside it where those are wanted too, whoever may see them.</summary>
    public Task<IReadOnlyList<Project>> InGroupAsync(Namespace group, bool includeSubgroups, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<Project>($"""
            select {Columns} from projects p join namespaces n on n.id = p.namespace_id
            where n.id = @Id or (n.lineage like @Inside and @IncludeSubgroups = 1)
            order by p.id
            """, new { group.Id, Inside = group.Lineage + "/%", IncludeSubgroups = includeSubgroups ? 1 : 0 }), cancellationToken);
}
