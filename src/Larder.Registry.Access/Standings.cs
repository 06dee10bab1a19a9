using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>
/// The level that a caller has in a project or group, whatever kind of caller it is: the one place that turns deploy tokens
/// and jobs into levels of <see cref="PermissionTable"/>.
/// </summary>
internal sealed class Standings(Memberships memberships, JobTokenAllowlist allowlist)
{
    /// <summary>In a project.</summary>
    public async ValueTask<AccessLevel> LevelAsync(Caller caller, Project project, CancellationToken cancellationToken) => caller.Bounds switch
    {
        null => caller.UserId is { } userId ? await memberships.LevelAsync(userId, project, cancellationToken) : AccessLevel.None,
        DeployTokenHome home => Covers(home, project) ? LevelOf(caller.Scopes) : AccessLevel.None,
        JobGrants jobs => await LevelAsync(jobs, project, cancellationToken),
        _ => throw new InvalidOperationException($"Callers of kind {caller.Kind} have no level."),
    };

    /// <summary>In a group or personal namespace.</summary>
    public async ValueTask<AccessLevel> LevelAsync(Caller caller, Namespace @namespace, CancellationToken cancellationToken) => caller.Bounds switch
    {
        null => caller.UserId is { } userId ? await memberships.LevelAsync(userId, @namespace, cancellationToken) : AccessLevel.None,
        // Virtual registries ask their own group alone, and only this group's tokens (Maven contract section 1.4).
        DeployTokenHome home => home.NamespaceId == @namespace.Id && caller.Scopes.HasFlag(Scopes.ReadVirtualRegistry)
            ? AccessLevel.Guest : AccessLevel.None,
        JobGrants jobs => await LevelAsync(jobs, @namespace, cancellationToken),
        _ => throw new InvalidOperationException($"Callers of kind {caller.Kind} have no level."),
    };

    private async ValueTask<AccessLevel> LevelAsync(JobGrants jobs, Project project, CancellationToken cancellationToken)
    {
        var highest = AccessLevel.None;
        foreach (var grant in jobs.Grants)
        {
            if (!await allowlist.AllowsAsync(project.Id, grant.ProjectId, cancellationToken)) continue;
            var level = grant.OfAdministrator ? AccessLevel.Owner : await memberships.LevelAsync(grant.UserId, project, cancellationToken);
            highest = Highest(highest, grant, level);
        }
        return highest;
    }

    // A job stays with the groups around its project, wherever else its user may be a member.
    private async ValueTask<AccessLevel> LevelAsync(JobGrants jobs, Namespace @namespace, CancellationToken cancellationToken)
    {
        var highest = AccessLevel.None;
        foreach (var grant in jobs.Grants)
        {
            if (!Lineages.Contains(grant.Lineage, @namespace.Id)) continue;
            var level = grant.OfAdministrator ? AccessLevel.Owner : await memberships.LevelAsync(grant.UserId, @namespace, cancellationToken);
            highest = Highest(highest, grant, level);
        }
        return highest;
    }

    private static AccessLevel Highest(AccessLevel highest, JobGrant grant, AccessLevel level) =>
        (AccessLevel)Math.Max((int)highest, Math.Min((int)level, (int)grant.AtMost));

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
