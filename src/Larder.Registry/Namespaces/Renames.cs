using Larder.Registry.Data;

namespace Larder.Registry.Namespaces;

/// <summary>
/// Moves what is named by a path to another: full paths are kept in each row, so those of everything inside change too.
/// </summary>
internal static class Renames
{
    /// <summary>A group or personal namespace gets another last part of its path.</summary>
    /// <exception cref="DuplicateRowException">The path has been taken.</exception>
    public static async Task NamespaceAsync(Session session, Namespace before, string path)
    {
        var inside = "(n.id = @Id or n.lineage like @Lineage || '/%')";
        var parameters = new
        {
            before.Id, before.Lineage, Path = path, FullPath = FullPath(before.FullPath, path), Key = IdOrPath.Key(FullPath(before.FullPath, path)),
            Rest = before.FullPath.Length + 1,
        };
        await session.ExecuteAsync("update namespaces set path = @Path where id = @Id", parameters);
        await session.ExecuteAsync($"""
            update routes set path_key = @Key || substr(path_key, @Rest)
            where namespace_id in (select n.id from namespaces n where {inside})
              or project_id in (select p.id from projects p join namespaces n on n.id = p.namespace_id where {inside})
            """, parameters);
        await session.ExecuteAsync($"""
            update projects set full_path = @FullPath || substr(full_path, @Rest)
            where namespace_id in (select n.id from namespaces n where {inside})
            """, parameters);
        await session.ExecuteAsync($"""
            update namespaces set full_path = @FullPath || substr(full_path, @Rest)
            where id in (select n.id from namespaces n where {inside})
            """, parameters);
    }

    /// <summary>A project gets another last part of its path.</summary>
    /// <exception cref="DuplicateRowException">The path has been taken.</exception>
    public static async Task ProjectAsync(Session session, Project before, string path)
    {
        var fullPath = FullPath(before.FullPath, path);
        var parameters = new { before.Id, Path = path, FullPath = fullPath, Key = IdOrPath.Key(fullPath) };
        await session.ExecuteAsync("update projects set path = @Path, full_path = @FullPath where id = @Id", parameters);
        await session.ExecuteAsync("update routes set path_key = @Key where project_id = @Id", parameters);
    }

    private static string FullPath(string before, string path) => before[..(before.LastIndexOf('/') + 1)] + path;
}
