using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>Changing a group by GitLab's API. What is not sent stays as it is; what Larder has no notion of is overlooked.</summary>
internal static class GroupChangeEndpoints
{
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapPut("/api/v4/groups/{id}", ChangeAsync).Requires(Permission.ManageGroup, Surface.Api)
            .Describes("Changes a group.", "name", "path", "visibility:private|internal|public", "description")
            .Answers<GroupJson>().Audits("group_updated");

    private static async Task<IResult> ChangeAsync(
        HttpContext context, Gate gate, NamespaceStore namespaces, GroupAnswers json, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var name = parameters.FilledText("name");
        var path = parameters.FilledText("path");
        var visibility = parameters.OneOf("visibility", Visibility.Private, Visibility.Internal, Visibility.Public);
        if (parameters.Problems is { } problems) return problems;
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        var changes = new GroupChanges(name ?? group!.Name, path ?? group!.Path, visibility ?? group!.Visibility,
            parameters.Text("description") ?? group!.Description);
        if (await ProblemAsync(namespaces, group!, changes, cancellationToken) is { } problem) return problem;
        try
        {
            return await namespaces.ChangeGroupAsync(group!, changes, cancellationToken) is { } changed
                ? ApiJson.Answer(await json.OfAsync(context, changed))
                : ApiError.NotFound("Group");
        }
        catch (DuplicateRowException)
        {
            return ApiError.Model("path", "has already been taken");
        }
    }

    private static async ValueTask<ApiError?> ProblemAsync(
        NamespaceStore namespaces, Namespace group, GroupChanges changes, CancellationToken cancellationToken)
    {
        if (Texts.TooLong("name", changes.Name) is { } tooLong) return tooLong;
        if (changes.Path != group.Path && PathRules.Problem(changes.Path, atTop: group.ParentId is null) is { } pathProblem)
            return ApiError.Model("path", pathProblem);
        // What is inside it has a longer path too.
        if (changes.Path.Length > group.Path.Length && await namespaces.LongestPathInsideAsync(group, cancellationToken)
            + changes.Path.Length - group.Path.Length > PathRules.LongestFullPath)
            return ApiError.Model("path", $"is too long (full paths end at {PathRules.LongestFullPath} characters)");
        if (changes.Visibility == group.Visibility) return null;
        if (group.ParentId is { } parentId && await namespaces.FindByIdAsync(parentId, cancellationToken) is { } parent
            && !VisibilityRules.Fits(changes.Visibility, parent.Visibility))
            return ApiError.Model("visibility_level", $"{changes.Visibility} is not allowed since the parent group has a {parent.Visibility} visibility.");
        var (groups, projects) = await namespaces.VisibilitiesInsideAsync(group, cancellationToken);
        if (groups.Any(inside => !VisibilityRules.Fits(inside, changes.Visibility)))
            return ApiError.Model("visibility_level", $"{changes.Visibility} is not allowed since there are sub-groups with higher visibility.");
        return projects.Any(inside => !VisibilityRules.Fits(inside, changes.Visibility))
            ? ApiError.Model("visibility_level", $"{changes.Visibility} is not allowed since this group contains projects with higher visibility.")
            : null;
    }
}
