using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>
/// The level that a caller has in a project or group, whatever kind of caller it is: the one place that turns deploy tokens
/// and jobs into levels of <see cref="PermissionTable"/>.
/// </summary>
internal sealed class Standings(Memberships memberships)
{
    /// <summary>In a project.</summary>
    public async ValueTask<AccessLevel> LevelAsync(Caller caller, Project project, CancellationToken cancellationToken) => caller.Bounds switch
    {
        null => caller.UserId is { } userId ? await memberships.LevelAsync(userId, project, cancellationToken) : AccessLevel.None,
        DeployTokenHome home => Covers(home, project) ? LevelOf(caller.Scopes) : AccessLevel.None,
        _ => throw new InvalidOperationException($"Callers of kind {caller.Kind} have no level."),
    };

    /// <summary>In a group or personal namespace.</summary>
    public async ValueTask<AccessLevel> LevelAsync(Caller caller, Namespace @namespace, CancellationToken cancellationToken) => caller.Bounds switch
    {
        null => caller.UserId is { } userId ? await memberships.LevelAsync(userId, @namespace, cancellationToken) : AccessLevel.None,
        // Virtual registries ask their own group alone, and only this group's tokens (Maven contract section 1.4).
        DeployTokenHome home => home.NamespaceId == @namespace.Id && caller.Scopes.HasFlag(Scopes.ReadVirtualRegistry)
            ? AccessLevel.Guest : AccessLevel.None,
        _ => throw new InvalidOperationException($"Callers of kind {caller.Kind} have no level."),
    };

    private static bool Covers(DeployTokenHome home, Project project) =>
        home.ProjectId == project.Id || (home.NamespaceId is { } id && Lineages.Contains(project.NamespaceLineage, id));

    // A token that only publishes may download as well (generic-packages contract section 1.2).
    private static AccessLevel LevelOf(Scopes scopes) =>
        scopes.HasFlag(Scopes.WritePackageRegistry) ? AccessLevel.Developer
        : scopes.HasFlag(Scopes.ReadPackageRegistry) ? AccessLevel.Reporter
        : AccessLevel.None;
}

/// <summary>Lineages of namespaces: ids from the top-level group down, joined by slashes.</summary>
internal static class Lineages
{
    /// <summary>Whether the namespace of this lineage is the given one or inside it.</summary>
    public static bool Contains(string lineage, long id)
    {
        foreach (var part in lineage.AsSpan().Split('/'))
            if (long.TryParse(lineage.AsSpan(part), System.Globalization.NumberStyles.None, null, out var one) && one == id) return true;
        return false;
    }
}
