namespace Larder.Registry.Namespaces;

/// <summary>A group, or a user's personal namespace: what projects live in.</summary>
/// <param name="Id">The row.</param>
/// <param name="Kind"><see cref="NamespaceKind"/>.</param>
/// <param name="ParentId">The group around this group, or null at the top.</param>
/// <param name="OwnerId">The user of a personal namespace.</param>
/// <param name="Name">For people.</param>
/// <param name="Path">The last part of <paramref name="FullPath"/>.</param>
/// <param name="FullPath">The paths from the top-level group to this one, joined by slashes.</param>
/// <param name="Lineage">The ids from the top-level group to this one, joined by slashes: <c>1/5/9</c>.</param>
/// <param name="Visibility"><see cref="Namespaces.Visibility"/>.</param>
/// <param name="Description">Free text; may be empty.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
/// <param name="UpdatedAt">Unix milliseconds.</param>
public sealed record Namespace(
    long Id, string Kind, long? ParentId, long? OwnerId, string Name, string Path, string FullPath, string Lineage, string Visibility,
    string Description, long CreatedAt, long UpdatedAt);

/// <summary>A project: what packages live in.</summary>
/// <param name="Id">The row.</param>
/// <param name="NamespaceId">The group or personal namespace.</param>
/// <param name="CreatorId">The user who made it, if known.</param>
/// <param name="Name">For people.</param>
/// <param name="Path">The last part of <paramref name="FullPath"/>.</param>
/// <param name="FullPath">The namespace's full path, a slash, and the project's path.</param>
/// <param name="Visibility"><see cref="Namespaces.Visibility"/>.</param>
/// <param name="RegistryAccess"><see cref="Namespaces.RegistryAccess"/>.</param>
/// <param name="Description">Free text; may be empty.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
/// <param name="UpdatedAt">Unix milliseconds.</param>
/// <param name="NamespaceLineage">The lineage of the namespace.</param>
public sealed record Project(
    long Id, long NamespaceId, long? CreatorId, string Name, string Path, string FullPath, string Visibility, string RegistryAccess,
    string Description, long CreatedAt, long UpdatedAt, string NamespaceLineage);

/// <summary>The kinds of namespaces.</summary>
public static class NamespaceKind
{
    /// <summary>A group.</summary>
    public const string Group = "group";

    /// <summary>A user's personal namespace.</summary>
    public const string User = "user";
}

/// <summary>Who sees a group or project besides its members.</summary>
public static class Visibility
{
    /// <summary>Nobody.</summary>
    public const string Private = "private";

    /// <summary>Any signed-in user.</summary>
    public const string Internal = "internal";

    /// <summary>Anybody.</summary>
    public const string Public = "public";
}

/// <summary>A project's <c>package_registry_access_level</c>.</summary>
public static class RegistryAccess
{
    /// <summary>The project has no package registry.</summary>
    public const string Disabled = "disabled";

    /// <summary>Only members use it, even where the project is public.</summary>
    public const string Private = "private";

    /// <summary>Whoever sees the project may pull.</summary>
    public const string Enabled = "enabled";

    /// <summary>Anybody may pull, even where the project is private.</summary>
    public const string Public = "public";
}
