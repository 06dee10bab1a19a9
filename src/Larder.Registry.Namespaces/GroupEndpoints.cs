using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>GitLab's groups API. Any user may make a top-level group, which is GitLab's own default.</summary>
internal static class GroupEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var groups = app.MapGroup("/api/v4/groups");
        groups.MapGet("", ListAsync).Requires(Permission.ListGroups, Surface.Api)
            .Describes("Lists the groups that one may see.", ["search", "visibility:private|internal|public", "min_access_level:integer",
                "owned:boolean", "all_available:boolean", "top_level_only:boolean", ..Page.Parameters])
            .AnswersPage<GroupJson>();
        groups.MapPost("", CreateAsync).Requires(Permission.CreateGroup, Surface.Api)
            .Describes("Makes a group.", "name!", "path!", "parent_id:integer", "visibility:private|internal|public", "description")
            .Answers<GroupJson>(StatusCodes.Status201Created).Audits("group_created");
        groups.MapGet("/{id}", GetAsync).Requires(Permission.ReadGroup, Surface.Api)
            .Describes("One group.").Answers<GroupJson>();
        groups.MapGet("/{id}/subgroups", SubgroupsAsync).Requires(Permission.ReadGroup, Surface.Api)
            .Describes("Lists the groups in a group.", ["search", "visibility:private|internal|public", "min_access_level:integer",
                "owned:boolean", "all_available:boolean", "top_level_only:boolean", ..Page.Parameters])
            .AnswersPage<GroupJson>();
        groups.MapGet("/{id}/projects", ProjectsAsync).Requires(Permission.ReadGroup, Surface.Api)
            .Describes("Lists the projects of a group.", ["search", "visibility:private|internal|public", "membership:boolean",
                "owned:boolean", "min_access_level:integer", "order_by:id|name|path|created_at|updated_at|last_activity_at",
                "sort:asc|desc", "simple:boolean", "include_subgroups:boolean", ..Page.Parameters])
            .AnswersPage<ProjectJson, SimpleProjectJson>();
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Gate gate, NamespaceStore namespaces, GroupAnswers json, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var filter = Filter(parameters, parent: null);
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        return await json.ListAsync(context, page, await namespaces.ListGroupsAsync(context.Caller(), filter, page, cancellationToken));
    }

    private static async Task<IResult> SubgroupsAsync(
        HttpContext context, Gate gate, NamespaceStore namespaces, GroupAnswers json, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        var filter = Filter(parameters, group);
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        return await json.ListAsync(context, page, await namespaces.ListGroupsAsync(context.Caller(), filter, page, cancellationToken));
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, Gate gate, NamespaceStore namespaces, GroupAnswers json, CancellationToken cancellationToken)
    {
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        return ApiJson.Answer(await json.OfAsync(context, group!));
    }

    private static async Task<IResult> ProjectsAsync(
        HttpContext context, Gate gate, NamespaceStore namespaces, ProjectStore projects, ProjectAnswers json, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        var filter = ProjectEndpoints.Filter(parameters) with
        {
            Inside = group, IncludeSubgroups = parameters.Flag("include_subgroups") ?? false,
        };
        var simple = parameters.Flag("simple") ?? false;
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        return await json.ListAsync(context, page, await projects.ListAsync(context.Caller(), filter, page, cancellationToken), simple);
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, Gate gate, NamespaceStore namespaces, GroupAnswers json, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var name = parameters.RequiredText("name");
        var path = parameters.RequiredText("path");
        var parentId = parameters.Number("parent_id");
        var visibility = parameters.OneOf("visibility", Visibility.Private, Visibility.Internal, Visibility.Public) ?? Visibility.Private;
        if (parameters.Problems is { } problems) return problems;

        var parent = parentId is { } id ? await namespaces.FindByIdAsync(id, cancellationToken) : null;
        var refusal = parentId is null
            ? await gate.CheckAsync(context)
            : await gate.CheckAsync(context, parent is { Kind: NamespaceKind.Group } ? parent : null, Permission.CreateSubgroup);
        if (refusal is not null) return refusal;
        if (Texts.TooLong("name", name) is { } tooLong) return tooLong;
        if (PathRules.Problem(path, atTop: parent is null, parent?.FullPath ?? "") is { } pathProblem) return ApiError.Model("path", pathProblem);
        if (parent is not null && !VisibilityRules.Fits(visibility, parent.Visibility))
            return ApiError.Model("visibility_level", $"{visibility} is not allowed since the parent group has a {parent.Visibility} visibility.");
        try
        {
            var group = await namespaces.CreateGroupAsync(parent, name, path, visibility, parameters.Text("description") ?? "",
                context.Caller().UserId!.Value, cancellationToken);
            context.HasMade(group);
            return ApiJson.Answer(await json.OfAsync(context, group), StatusCodes.Status201Created);
        }
        catch (DuplicateRowException)
        {
            return ApiError.Model("path", "has already been taken");
        }
    }

    private static GroupFilter Filter(ApiParameters parameters, Namespace? parent)
    {
        var level = Levels.Minimum(parameters);
        if (parameters.Flag("owned") is true) level = AccessLevel.Owner;
        // GitLab hides what one is no member of unless asked; here whatever is visible is listed, unless told otherwise.
        if (parameters.Flag("all_available") is false && level == AccessLevel.None) level = AccessLevel.Minimal;
        return new GroupFilter(parent?.Id, parameters.Flag("top_level_only") ?? false, parameters.Text("search"),
            parameters.OneOf("visibility", Visibility.Private, Visibility.Internal, Visibility.Public), level);
    }
}
