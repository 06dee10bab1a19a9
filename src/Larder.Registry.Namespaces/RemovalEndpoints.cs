using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>Deleting users, groups and projects. GitLab answers 202 and deletes later; here everything is gone with the answer.</summary>
internal static class RemovalEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapDelete("/api/v4/users/{id}", RemoveUserAsync).Requires(Permission.ManageUsers, Surface.Api)
            .Describes("Removes a user.")
            .AnswersNothing().Audits("user_removed");
        app.MapDelete("/api/v4/groups/{id}", RemoveGroupAsync).Requires(Permission.ManageGroup, Surface.Api)
            .Describes("Removes a group with everything in it.")
            .Answers<MessageJson>(StatusCodes.Status202Accepted).Audits("group_removed");
        app.MapDelete("/api/v4/projects/{id}", RemoveProjectAsync).Requires(Permission.AdministerProject, Surface.Api)
            .Describes("Removes a project with its packages.")
            .Answers<MessageJson>(StatusCodes.Status202Accepted).Audits("project_removed");
    }

    private static async Task<IResult> RemoveUserAsync(
        HttpContext context, Gate gate, UserStore users, Removals removals, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return invalid;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        if (await users.FindAsync(id, cancellationToken) is not { } user) return ApiError.NotFound("User");
        // Nobody might be left to make another.
        if (id == context.Caller().UserId) return ApiError.Forbidden();
        return await removals.RemoveUserAsync(user, cancellationToken)
            ? Results.NoContent()
            : ApiError.Conflict("User cannot be removed while is the sole-owner of a group");
    }

    private static async Task<IResult> RemoveGroupAsync(
        HttpContext context, Gate gate, NamespaceStore namespaces, Removals removals, CancellationToken cancellationToken)
    {
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        await removals.RemoveGroupAsync(group!, cancellationToken);
        return Accepted();
    }

    private static async Task<IResult> RemoveProjectAsync(
        HttpContext context, Gate gate, ProjectStore projects, Removals removals, CancellationToken cancellationToken)
    {
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        await removals.RemoveProjectAsync(project!.Id, cancellationToken);
        return Accepted();
    }

    private static ApiError Accepted() => ApiError.Message(StatusCodes.Status202Accepted, "202 Accepted");
}
