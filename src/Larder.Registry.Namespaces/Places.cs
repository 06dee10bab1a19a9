using Larder.Registry.Access;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Namespaces;

/// <summary>Metadata of an endpoint whose <c>:id</c> names a project; without it, a group.</summary>
internal sealed record AboutProject;

/// <summary>The group or project that a request means, behind the gate.</summary>
internal sealed class Places(NamespaceStore namespaces, ProjectStore projects, Memberships memberships, Gate gate)
{
    /// <summary>The place and the lineage of its namespace, or the refusal.</summary>
    public async ValueTask<(Place? Place, string Lineage, ApiError? Refusal)> FindAsync(HttpContext context)
    {
        var (id, cancellationToken) = (context.Segment("id"), context.RequestAborted);
        if (context.GetEndpoint()?.Metadata.GetMetadata<AboutProject>() is not null)
        {
            var project = await projects.FindAsync(id, cancellationToken);
            return await gate.CheckAsync(context, project) is { } refusal
                ? (null, "", refusal)
                : (new Place(project!.Id, null), project.NamespaceLineage, null);
        }
        var group = await namespaces.FindGroupAsync(id, cancellationToken);
        return await gate.CheckAsync(context, group) is { } refused
            ? (null, "", refused)
            : (new Place(null, group!.Id), group.Lineage, null);
    }

    /// <summary>Whether the caller may change the place, where its endpoint asks for less. Null when it may, else the refusal.</summary>
    public async ValueTask<ApiError?> MayManageAsync(HttpContext context, Place place) => place.ProjectId is { } projectId
        ? await gate.CheckAsync(context, await projects.FindByIdAsync(projectId, context.RequestAborted), Permission.ManageProject)
        : await gate.CheckAsync(context, await namespaces.FindByIdAsync(place.NamespaceId!.Value, context.RequestAborted), Permission.ManageGroup);

    /// <summary>Nobody makes another more than they are themselves.</summary>
    public async ValueTask<bool> MayGrantAsync(HttpContext context, Place place, AccessLevel level)
    {
        var (caller, cancellationToken) = (context.Caller(), context.RequestAborted);
        if (caller.IsAdmin) return true;
        if (caller.UserId is not { } userId) return false;
        if (place.ProjectId is { } projectId)
        {
            var project = await projects.FindByIdAsync(projectId, cancellationToken);
            return project is not null && await memberships.LevelAsync(userId, project, cancellationToken) >= level;
        }
        var group = await namespaces.FindByIdAsync(place.NamespaceId!.Value, cancellationToken);
        return group is not null && await memberships.LevelAsync(userId, group, cancellationToken) >= level;
    }
}
