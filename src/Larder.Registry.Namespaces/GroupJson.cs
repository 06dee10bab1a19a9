using Larder.Registry.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Namespaces;

/// <summary>Groups as GitLab shows them. What Larder has no notion of carries the value of a new group in GitLab.</summary>
internal sealed class GroupJson(NamespaceStore namespaces, LarderOptions options)
{
    /// <summary>One group.</summary>
    public async ValueTask<object> OfAsync(HttpContext context, Namespace group) => new
    {
        group.Id,
        WebUrl = $"{ExternalUrl.Base(context, options.ExternalUrl)}/groups/{group.FullPath}",
        group.Name, group.Path, group.Description, group.Visibility,
        ShareWithGroupLock = false, RequireTwoFactorAuthentication = false, TwoFactorGracePeriod = 48,
        ProjectCreationLevel = "developer", AutoDevopsEnabled = (bool?)null, SubgroupCreationLevel = "maintainer",
        EmailsDisabled = false, EmailsEnabled = true, MentionsDisabled = (bool?)null, LfsEnabled = true, DefaultBranch = (string?)null,
        DefaultBranchProtection = 2, AvatarUrl = (string?)null, RequestAccessEnabled = true,
        FullName = await namespaces.FullNameAsync(group, context.RequestAborted),
        group.FullPath, CreatedAt = ApiJson.Instant(group.CreatedAt), group.ParentId, OrganizationId = 1,
        SharedRunnersSetting = "enabled", SharedWithGroups = Array.Empty<object>(),
    };

    /// <summary>A page of groups, with its headers.</summary>
    public async ValueTask<IResult> ListAsync(HttpContext context, Page page, (IReadOnlyList<Namespace> Groups, long Total) found)
    {
        page.WriteHeaders(context, found.Total, options.ExternalUrl, found.Groups.Count);
        var shown = new List<object>(found.Groups.Count);
        foreach (var group in found.Groups) shown.Add(await OfAsync(context, group));
        return ApiJson.Answer(shown);
    }
}
