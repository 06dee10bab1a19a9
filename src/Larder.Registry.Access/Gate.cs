using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Access;

/// <summary>
/// The one gate: whether the caller may do to this project or group what the endpoint says it does, by
/// <see cref="PermissionTable"/>; and if not, the refusal in the words of the endpoint's surface.
/// </summary>
public sealed class Gate
{
    private readonly PermissionTable table;
    private readonly Memberships memberships;
    private readonly Standings standings;

    internal Gate(PermissionTable table, Memberships memberships, Standings standings)
    {
        this.table = table;
        this.memberships = memberships;
        this.standings = standings;
    }

    /// <summary>For permissions that concern the whole server. Null when allowed.</summary>
    public ValueTask<ApiError?> CheckAsync(HttpContext context)
    {
        var required = Required(context);
        var caller = context.Caller();
        var allowed = caller.IsAdmin || table[required.Permission].Audience switch
        {
            Audience.Administrators => false,
            Audience.SignedIn => !caller.IsAnonymous,
            Audience.Everybody => true,
            _ => throw new InvalidOperationException($"{required.Permission} needs a project or a group."),
        };
        return ValueTask.FromResult(allowed ? null : caller.IsAnonymous ? SurfaceWords.Unauthorized(required.Surface) : ApiError.Forbidden());
    }

    /// <summary>Null when allowed; a null project is one that was not found.</summary>
    public ValueTask<ApiError?> CheckAsync(HttpContext context, Project? project) =>
        CheckAsync(context, project, Required(context).Permission);

    /// <summary>The same for an endpoint that asks for more than its metadata says.</summary>
    public async ValueTask<ApiError?> CheckAsync(HttpContext context, Project? project, Permission permission)
    {
        var (caller, required) = (context.Caller(), Required(context));
        if (project is null) return SurfaceWords.Refuse(required.Surface, caller, Sight.Absent, "Project");
        if (await AllowsAsync(caller, permission, project, context.RequestAborted)) return Passed(context, new GatedPlace(project, null));
        var visible = await AllowsAsync(caller, Permission.ReadProject, project, context.RequestAborted);
        if (!visible && caller.Bounds is JobGrants jobs && required.Surface == Surface.Api) return SurfaceWords.JobNotAllowed(jobs, project);
        return SurfaceWords.Refuse(required.Surface, caller, visible ? Sight.Visible : Sight.Hidden, "Project");
    }

    /// <summary>Null when allowed; a null group is one that was not found.</summary>
    public ValueTask<ApiError?> CheckAsync(HttpContext context, Namespace? group) =>
        CheckAsync(context, group, Required(context).Permission);

    /// <summary>The same for an endpoint that asks for more than its metadata says, as a subgroup asks something of its parent.</summary>
    public async ValueTask<ApiError?> CheckAsync(HttpContext context, Namespace? group, Permission permission)
    {
        var (caller, surface) = (context.Caller(), Required(context).Surface);
        if (group is null) return SurfaceWords.Refuse(surface, caller, Sight.Absent, "Group");
        if (await AllowsAsync(caller, permission, group, context.RequestAborted)) return Passed(context, new GatedPlace(null, group));
        var visible = await AllowsAsync(caller, Permission.ReadGroup, group, context.RequestAborted);
        return SurfaceWords.Refuse(surface, caller, visible ? Sight.Visible : Sight.Hidden, "Group");
    }

    /// <summary>Whether the caller may, whatever the scopes of its token: for links and for lists.</summary>
    public async ValueTask<bool> AllowsAsync(
        Caller caller, Permission permission, Project project, CancellationToken cancellationToken = default)
    {
        var rule = table[permission];
        if (rule.Registry != RegistryRule.None)
        {
            if (project.RegistryAccess == RegistryAccess.Disabled) return false;
            if (rule.Registry == RegistryRule.RestrictsAndOpens && project.RegistryAccess == RegistryAccess.Public) return true;
        }
        if (caller.IsAdmin) return true;
        var visitors = rule.Registry == RegistryRule.None || project.RegistryAccess != RegistryAccess.Private;
        if (visitors && AdmitsVisitor(rule, caller, project.Visibility)) return true;
        return await LevelAsync(caller, project, cancellationToken) >= rule.Level;
    }

    /// <summary>The level of the caller in the project; an administrator may more than it says.</summary>
    public ValueTask<AccessLevel> LevelAsync(Caller caller, Project project, CancellationToken cancellationToken = default) =>
        standings.LevelAsync(caller, project, cancellationToken);

    /// <summary>The level of the caller in the group; an administrator may more than it says.</summary>
    public ValueTask<AccessLevel> LevelAsync(Caller caller, Namespace group, CancellationToken cancellationToken = default) =>
        standings.LevelAsync(caller, group, cancellationToken);

    /// <summary>Whether the caller may, whatever the scopes of its token.</summary>
    public async ValueTask<bool> AllowsAsync(
        Caller caller, Permission permission, Namespace group, CancellationToken cancellationToken = default)
    {
        var rule = table[permission];
        if (caller.IsAdmin || AdmitsVisitor(rule, caller, group.Visibility)) return true;
        if (await standings.LevelAsync(caller, group, cancellationToken) >= rule.Level) return true;
        // Whoever works on something inside a group sees the group itself, and nothing else in it.
        return permission == Permission.ReadGroup && caller is { UserId: { } userId, Bounds: null }
            && await memberships.IsMemberInsideAsync(userId, group, cancellationToken);
    }

    // Whoever writes down what was changed wants to know where; what only reads is not slowed down for it.
    private static ApiError? Passed(HttpContext context, GatedPlace place)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method)) context.Features.Set(place);
        return null;
    }

    private static bool AdmitsVisitor(PermissionRule rule, Caller caller, string visibility) =>
        rule.Audience == Audience.MembersAndVisitors
        && (visibility == Visibility.Public || (visibility == Visibility.Internal && caller.Kind is CallerKind.User or CallerKind.Job));

    private static RequiredPermission Required(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RequiredPermission>()
        ?? throw new InvalidOperationException("This endpoint does not say what it requires.");
}

/// <summary>
/// The feature of a request that holds the project or group in which the gate let it act, the last one if several; not of GET and HEAD.
/// A request that makes one acts in what it has made.
/// </summary>
public sealed record GatedPlace(Project? Project, Namespace? Group);
