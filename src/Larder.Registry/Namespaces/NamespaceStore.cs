using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Data;

namespace Larder.Registry.Namespaces;

/// <summary>Groups and personal namespaces. What it finds may be up to five seconds old when another node changed it.</summary>
public sealed class NamespaceStore(Database database, AccessCache cache)
{
    /// <summary>Columns of table <c>namespaces n</c> in the order of <see cref="Namespace"/>.</summary>
    internal const string Columns = """
        n.id, n.kind, n.parent_id, n.owner_id, n.name, n.path, n.full_path, n.lineage, n.visibility, n.description, n.created_at, n.updated_at
        """;

    /// <summary>A group or personal namespace by id (digits only) or by full path, in any case; null when there is none.</summary>
    public ValueTask<Namespace?> FindAsync(string idOrPath, CancellationToken cancellationToken) =>
        IdOrPath.TryId(idOrPath, out var id) ? FindByIdAsync(id, cancellationToken) : FindByPathAsync(idOrPath, cancellationToken);

    /// <summary>A group, not a personal namespace, by id or full path.</summary>
    public async ValueTask<Namespace?> FindGroupAsync(string idOrPath, CancellationToken cancellationToken) =>
        await FindAsync(idOrPath, cancellationToken) is { Kind: NamespaceKind.Group } group ? group : null;

    /// <summary>By id.</summary>
    public ValueTask<Namespace?> FindByIdAsync(long id, CancellationToken cancellationToken) =>
        cache.Namespaces.GetAsync((id, ""), database, static (database, key, token) => database.ReadAsync(
            session => session.FirstOrDefaultAsync<Namespace>($"select {Columns} from namespaces n where n.id = @Id", new { key.Id }), token),
            cancellationToken);

    private ValueTask<Namespace?> FindByPathAsync(string path, CancellationToken cancellationToken) =>
        cache.Namespaces.GetAsync((0, path), database, static (database, key, token) => database.ReadAsync(
            session => session.FirstOrDefaultAsync<Namespace>(
                $"select {Columns} from routes r join namespaces n on n.id = r.namespace_id where r.path_key = @Key",
                new { Key = IdOrPath.Key(key.Path) }), token),
            cancellationToken);

}

/// <summary>How <c>:id</c> of groups and projects is read (generic-packages contract section 8).</summary>
internal static class IdOrPath
{
    /// <summary>Digits only, with an optional minus, are an id; everything else is a path.</summary>
    public static bool TryId(string text, out long id)
    {
        id = 0;
        var digits = text.StartsWith('-') ? text.AsSpan(1) : text;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9')) return false;
        // A number too large for any row is an id all the same: of nothing.
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out id)) id = -1;
        return true;
    }

    /// <summary>The key of a path in table <c>routes</c>.</summary>
    public static string Key(string path) => path.ToLowerInvariant();
}
