using System.Text.Json.Serialization;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>
/// A project as GitLab shows it in short. What Larder has no notion of carries the value of an empty project in GitLab, here and below.
/// </summary>
internal class SimpleProjectJson(Project project, Namespace home, string fullNameOfHome, string baseUrl)
{
    public long Id { get; } = project.Id;
    public string Description { get; } = project.Description;
    public string Name { get; } = project.Name;
    public string NameWithNamespace { get; } = $"{fullNameOfHome} / {project.Name}";
    public string Path { get; } = project.Path;
    public string PathWithNamespace { get; } = project.FullPath;
    public DateTimeOffset CreatedAt { get; } = ApiJson.Instant(project.CreatedAt);
    public string? DefaultBranch { get; }
    public IReadOnlyList<string> TagList { get; } = [];
    public IReadOnlyList<string> Topics { get; } = [];
    public string? SshUrlToRepo { get; }
    public string HttpUrlToRepo { get; } = $"{baseUrl}/{project.FullPath}.git";
    public string WebUrl { get; } = $"{baseUrl}/{project.FullPath}";
    public string? ReadmeUrl { get; }
    public int ForksCount { get; }
    public string? AvatarUrl { get; }
    public int StarCount { get; }
    public DateTimeOffset LastActivityAt { get; } = ApiJson.Instant(project.UpdatedAt);
    public string Visibility { get; } = project.Visibility;
    public NamespaceJson Namespace { get; } = NamespaceJson.Of(home, baseUrl);
}

/// <summary>A project as GitLab shows it.</summary>
internal sealed class ProjectJson(Project project, Namespace home, string fullNameOfHome, string baseUrl, ProjectPermissionsJson? permissions)
    : SimpleProjectJson(project, home, fullNameOfHome, baseUrl)
{
    public DateTimeOffset UpdatedAt { get; } = ApiJson.Instant(project.UpdatedAt);
    public long? CreatorId { get; } = project.CreatorId;
    public bool EmptyRepo { get; } = true;
    public bool Archived { get; }
    public bool PackagesEnabled { get; } = project.RegistryAccess != RegistryAccess.Disabled;
    public string PackageRegistryAccessLevel { get; } = project.RegistryAccess;
    public bool IssuesEnabled { get; }
    public bool MergeRequestsEnabled { get; }
    public bool WikiEnabled { get; }
    public bool JobsEnabled { get; }
    public bool SnippetsEnabled { get; }
    public bool ContainerRegistryEnabled { get; }
    public string ContainerRegistryAccessLevel { get; } = "disabled";
    public bool LfsEnabled { get; }
    public bool RequestAccessEnabled { get; }
    public int OpenIssuesCount { get; }
    public IReadOnlyList<object> SharedWithGroups { get; } = [];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProjectPermissionsJson? Permissions { get; } = permissions;
}

/// <summary>The group or personal namespace that a project is in.</summary>
internal sealed record NamespaceJson(
    long Id, string Name, string Path, string Kind, string FullPath, long? ParentId, string? AvatarUrl, string WebUrl)
{
    public static NamespaceJson Of(Namespace home, string baseUrl) => new(
        home.Id, home.Name, home.Path, home.Kind, home.FullPath, home.ParentId, null,
        home.Kind == NamespaceKind.Group ? $"{baseUrl}/groups/{home.FullPath}" : $"{baseUrl}/{home.FullPath}");
}

/// <summary>What the caller may in a project: by its own membership, and by one of a group around it.</summary>
internal sealed record ProjectPermissionsJson(ProjectAccessJson? ProjectAccess, ProjectAccessJson? GroupAccess);

/// <summary>A level of access.</summary>
internal sealed record ProjectAccessJson(long AccessLevel, int NotificationLevel)
{
    /// <summary>Null for none.</summary>
    public static ProjectAccessJson? Of(long level) => level == 0 ? null : new(level, 3);
}
