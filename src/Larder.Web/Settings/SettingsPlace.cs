using Larder.Registry.Access;
using Larder.Registry.Namespaces;

namespace Larder.Web.Settings;

/// <summary>What settings are about: a group or a project; the other is null.</summary>
internal sealed record SettingsPlace(Namespace? Group, Project? Project)
{
    /// <summary>The row.</summary>
    public long Id => Group?.Id ?? Project!.Id;

    /// <summary>The full path.</summary>
    public string FullPath => Group?.FullPath ?? Project!.FullPath;

    /// <summary>As a word in a sentence.</summary>
    public string Kind => Group is null ? "project" : "group";

    /// <summary>The lineage of the group, or of the project's namespace.</summary>
    public string Lineage => Group?.Lineage ?? Project!.NamespaceLineage;

    /// <summary>For stores.</summary>
    public Place Place => new(Project?.Id, Group?.Id);

    /// <summary>How the patterns of the API begin for it.</summary>
    public string ApiPattern => Group is null ? "/api/v4/projects/{id}" : "/api/v4/groups/{id}";

    /// <summary>Whether it is a user's own namespace.</summary>
    public bool IsPersonal => Group?.Kind == NamespaceKind.User;

    /// <summary>Whether somebody may in a group the one, in a project the other; null: nobody.</summary>
    public async ValueTask<bool> AllowsAsync(
        Gate gate, Caller caller, Permission? inGroup, Permission? inProject, CancellationToken cancellationToken) => Group is null
        ? inProject is { } ofProject && await gate.AllowsAsync(caller, ofProject, Project!, cancellationToken)
        : inGroup is { } ofGroup && await gate.AllowsAsync(caller, ofGroup, Group, cancellationToken);

    /// <summary>Somebody's level in it.</summary>
    public ValueTask<AccessLevel> LevelAsync(Gate gate, Caller caller, CancellationToken cancellationToken) => Group is null
        ? gate.LevelAsync(caller, Project!, cancellationToken)
        : gate.LevelAsync(caller, Group, cancellationToken);
}
