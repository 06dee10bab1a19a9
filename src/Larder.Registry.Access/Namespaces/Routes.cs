using Larder.Registry.Data;

namespace Larder.Registry.Namespaces;

/// <summary>
/// Which path leads to what. After a rename the earlier path still leads there, so that builds do not break, until something
/// else takes it. Full paths are kept in each row, so those of everything inside change with a namespace.
/// </summary>
internal static class Routes
{
    private const string Inside = "(n.id = @Id or n.lineage like @Lineage || '/%')";

    /// <summary>Gives a new namespace or project its path.</summary>
    /// <exception cref="DuplicateRowException">The path has been taken.</exception>
    public static async Task AddAsync(Session session, string fullPath, long? namespaceId, long? projectId)
    {
        var parameters = new { Key = IdOrPath.Key(fullPath), NamespaceId = namespaceId, ProjectId = projectId };
        await session.ExecuteAsync("delete from routes where path_key = @Key and moved = 1", parameters);
        await session.ExecuteAsync(
            "insert into routes (path_key, namespace_id, project_id) values (@Key, @NamespaceId, @ProjectId)", parameters);
    }

    /// <summary>A group or personal namespace gets another last part of its path.</summary>
    /// <exception cref="DuplicateRowException">The path has been taken.</exception>
    public static async Task RenameAsync(Session session, Namespace before, string path)
    {
        const string namespaces = $"select n.id from namespaces n where {Inside}";
        var parameters = new
        {
            before.Id, before.Lineage, Path = path, FullPath = FullPath(before.FullPath, path), Rest = before.FullPath.Length + 1,
        };
        await session.ExecuteAsync("update namespaces set path = @Path where id = @Id", parameters);
        await session.ExecuteAsync(
            $"update namespaces set full_path = @FullPath || substr(full_path, @Rest) where id in ({namespaces})", parameters);
        await session.ExecuteAsync(
            $"update projects set full_path = @FullPath || substr(full_path, @Rest) where namespace_id in ({namespaces})", parameters);
        await MoveAsync(session, namespaces, $"select p.id from projects p where p.namespace_id in ({namespaces})", parameters);
    }

    /// <summary>A project gets another last part of its path.</summary>
    /// <exception cref="DuplicateRowException">The path has been taken.</exception>
    public static async Task RenameAsync(Session session, Project before, string path)
    {
        var parameters = new { before.Id, Path = path, FullPath = FullPath(before.FullPath, path) };
        await session.ExecuteAsync("update projects set path = @Path, full_path = @FullPath where id = @Id", parameters);
        await MoveAsync(session, "select n.id from namespaces n where 1 = 0", "select p.id from projects p where p.id = @Id", parameters);
    }

    private static async Task MoveAsync(Session session, string namespaces, string projects, object parameters)
    {
        await session.ExecuteAsync(
            $"update routes set moved = 1 where namespace_id in ({namespaces}) or project_id in ({projects})", parameters);
        await session.ExecuteAsync($"""
            delete from routes where moved = 1 and (
              path_key in (select lower(full_path) from namespaces where id in ({namespaces}))
              or path_key in (select lower(full_path) from projects where id in ({projects})))
            """, parameters);
        await session.ExecuteAsync($"""
            insert into routes (path_key, namespace_id, project_id)
            select lower(full_path), id, null from namespaces where id in ({namespaces})
            union all select lower(full_path), null, id from projects where id in ({projects})
            """, parameters);
    }

    private static string FullPath(string before, string path) => before[..(before.LastIndexOf('/') + 1)] + path;
}
