using Larder.Registry.Access;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Namespaces;

/// <summary>Projects as GitLab shows them. What Larder has no notion of carries the value of an empty project in GitLab.</summary>
internal sealed class ProjectJson(NamespaceStore namespaces, MemberStore members, Memberships memberships, LarderOptions options)
{
    /// <summary>One project, with what the caller may there.</summary>
    public async ValueTask<object> OfAsync(HttpContext context, Project project) =>
        await BuildAsync(context, project, simple: false, await PermissionsAsync(context.Caller(), project, context.RequestAborted));

    /// <summary>A page of projects, with its headers; in short when <paramref name="simple"/>.</summary>
    public async ValueTask<IResult> ListAsync(
        HttpContext context, Page page, (IReadOnlyList<Project> Projects, long Total) found, bool simple)
    {
        page.WriteHeaders(context, found.Total, options.ExternalUrl, found.Projects.Count);
        var shown = new List<object>(found.Projects.Count);
        foreach (var project in found.Projects) shown.Add(await BuildAsync(context, project, simple, permissions: null));
        return ApiJson.Answer(shown);
    }

    private async ValueTask<Dictionary<string, object?>> BuildAsync(HttpContext context, Project project, bool simple, object? permissions)
    {
        var baseUrl = ExternalUrl.Base(context, options.ExternalUrl);
        var home = (await namespaces.FindByIdAsync(project.NamespaceId, context.RequestAborted))!;
        var json = new Dictionary<string, object?>
        {
            ["id"] = project.Id,
            ["description"] = project.Description,
            ["name"] = project.Name,
            ["name_with_namespace"] = $"{await namespaces.FullNameAsync(home, context.RequestAborted)} / {project.Name}",
            ["path"] = project.Path,
            ["path_with_namespace"] = project.FullPath,
            ["created_at"] = ApiJson.Instant(project.CreatedAt),
            ["default_branch"] = null,
            ["tag_list"] = Array.Empty<string>(),
            ["topics"] = Array.Empty<string>(),
            ["ssh_url_to_repo"] = null,
            ["http_url_to_repo"] = $"{baseUrl}/{project.FullPath}.git",
            ["web_url"] = $"{baseUrl}/{project.FullPath}",
            ["readme_url"] = null,
            ["forks_count"] = 0,
            ["avatar_url"] = null,
            ["star_count"] = 0,
            ["last_activity_at"] = ApiJson.Instant(project.UpdatedAt),
            ["visibility"] = project.Visibility,
            ["namespace"] = Namespace(home, baseUrl),
        };
        if (!simple) AddDetails(json, project, permissions);
        return json;
    }

    private static void AddDetails(Dictionary<string, object?> json, Project project, object? permissions)
    {
        json["updated_at"] = ApiJson.Instant(project.UpdatedAt);
        json["creator_id"] = project.CreatorId;
        json["empty_repo"] = true;
        json["archived"] = false;
        json["packages_enabled"] = project.RegistryAccess != RegistryAccess.Disabled;
        json["package_registry_access_level"] = project.RegistryAccess;
        json["issues_enabled"] = false;
        json["merge_requests_enabled"] = false;
        json["wiki_enabled"] = false;
        json["jobs_enabled"] = false;
        json["snippets_enabled"] = false;
        json["container_registry_enabled"] = false;
        json["container_registry_access_level"] = "disabled";
        json["lfs_enabled"] = false;
        json["request_access_enabled"] = false;
        json["open_issues_count"] = 0;
        json["shared_with_groups"] = Array.Empty<object>();
        if (permissions is not null) json["permissions"] = permissions;
    }

    private static object Namespace(Namespace home, string baseUrl) => new
    {
        home.Id, home.Name, home.Path, home.Kind, home.FullPath, home.ParentId, AvatarUrl = (string?)null,
        WebUrl = home.Kind == NamespaceKind.Group ? $"{baseUrl}/groups/{home.FullPath}" : $"{baseUrl}/{home.FullPath}",
    };

    private async ValueTask<object?> PermissionsAsync(Caller caller, Project project, CancellationToken cancellationToken)
    {
        if (caller.UserId is not { } userId) return null;
        var direct = await members.FindAsync(new Place(project.Id, null), userId, cancellationToken);
        var home = await namespaces.FindByIdAsync(project.NamespaceId, cancellationToken);
        var above = home is null ? AccessLevel.None : await memberships.LevelAsync(userId, home, cancellationToken);
        // The owner of a personal namespace counts as a member of the project itself.
        var personal = home is { Kind: NamespaceKind.User };
        return new
        {
            ProjectAccess = Access(direct?.AccessLevel ?? (personal ? (long)above : 0)),
            GroupAccess = Access(personal ? 0 : (long)above),
        };
    }

    private static object? Access(long level) => level == 0 ? null : new { AccessLevel = level, NotificationLevel = 3 };
}
