using Larder.Registry.Http;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>How much the caller may know about what it asked for.</summary>
internal enum Sight
{
    /// <summary>There is no such thing.</summary>
    Absent,

    /// <summary>There is, and the caller must not learn it.</summary>
    Hidden,

    /// <summary>The caller may see it, and not do what it asked.</summary>
    Visible,
}

/// <summary>
/// How each surface words a refusal (generic-packages contract sections 1.5 and 1.6, Maven contract section 1.2). The ordinary
/// API hides behind 404 even from anonymous callers; clients of packages need the 401 with a challenge to offer a password.
/// </summary>
internal static class SurfaceWords
{
    private const string PackagesRealm = "GitLab Packages Registry";
    private const string VirtualRegistryRealm = "GitLab Virtual Registry";

    /// <summary>401: no credential, or one that is worth nothing.</summary>
    public static ApiError Unauthorized(Surface surface) => surface switch
    {
        Surface.GenericPackages => ApiError.Unauthorized(PackagesRealm),
        Surface.VirtualRegistryDownload => ApiError.Unauthorized(VirtualRegistryRealm),
        Surface.Graph => GraphInvalidToken(),
        _ => ApiError.Unauthorized(),
    };

    /// <summary>401: a token that worked once.</summary>
    public static ApiError InvalidToken(Surface surface, string description) => surface == Surface.Graph
        ? GraphInvalidToken()
        : ApiError.InvalidToken(description, surface == Surface.VirtualRegistryDownload ? VirtualRegistryRealm : null);

    /// <summary>A job of one project asks for another, which does not let it in.</summary>
    public static ApiError JobNotAllowed(JobGrants jobs, Project project) => ApiError.Forbidden(
        $"Authentication by CI/CD job token not allowed from {jobs.Grants[0].ProjectPath} to {project.Path}.");

    /// <summary>The caller is known, or nobody, and does not get what it asked for.</summary>
    public static ApiError Refuse(Surface surface, Caller caller, Sight sight, string thing) => (surface, sight) switch
    {
        (Surface.Api, Sight.Visible) => ApiError.Forbidden(),
        (Surface.Api, _) => ApiError.NotFound(thing),

        (Surface.GenericPackages, _) when caller.IsAnonymous => Unauthorized(surface),
        (Surface.GenericPackages, Sight.Visible) => ApiError.Forbidden(),
        (Surface.GenericPackages, _) => ApiError.NotFound(),

        // Virtual registries are looked up before the caller is.
        (Surface.VirtualRegistryApi, Sight.Absent) => ApiError.NotFound(thing),
        (Surface.VirtualRegistryApi, _) when caller.IsAnonymous => Unauthorized(surface),
        (Surface.VirtualRegistryApi, Sight.Hidden) => ApiError.NotFound(thing),
        (Surface.VirtualRegistryApi, _) => ApiError.Forbidden(),

        (_, Sight.Absent) => ApiError.NotFound(),
        (_, Sight.Hidden) when !caller.IsAnonymous => ApiError.NotFound(),
        _ => Unauthorized(surface),
    };

    private static ApiError GraphInvalidToken() => ApiError.Graph(401, "Invalid token");
}
