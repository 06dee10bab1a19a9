using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>A group as GitLab shows it. What Larder has no notion of carries the value of a new group in GitLab.</summary>
internal sealed class GroupJson(Namespace group, string fullName, string baseUrl)
{
    public long Id { get; } = group.Id;
    public string WebUrl { get; } = $"{baseUrl}/groups/{group.FullPath}";
    public string Name { get; } = group.Name;
    public string Path { get; } = group.Path;
    public string Description { get; } = group.Description;
    public string Visibility { get; } = group.Visibility;
    public bool ShareWithGroupLock { get; }
    public bool RequireTwoFactorAuthentication { get; }
    public int TwoFactorGracePeriod { get; } = 48;
    public string ProjectCreationLevel { get; } = "developer";
    public bool? AutoDevopsEnabled { get; }
    public string SubgroupCreationLevel { get; } = "maintainer";
    public bool EmailsDisabled { get; }
    public bool EmailsEnabled { get; } = true;
    public bool? MentionsDisabled { get; }
    public bool LfsEnabled { get; } = true;
    public string? DefaultBranch { get; }
    public int DefaultBranchProtection { get; } = 2;
    public string? AvatarUrl { get; }
    public bool RequestAccessEnabled { get; } = true;
    public string FullName { get; } = fullName;
    public string FullPath { get; } = group.FullPath;
    public DateTimeOffset CreatedAt { get; } = ApiJson.Instant(group.CreatedAt);
    public long? ParentId { get; } = group.ParentId;
    public int OrganizationId { get; } = 1;
    public string SharedRunnersSetting { get; } = "enabled";
    public IReadOnlyList<object> SharedWithGroups { get; } = [];
}
