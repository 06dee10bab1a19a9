using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Upstreams that are a project's or group's own Maven packages (Maven contract section 6.2). Larder keeps no Maven packages of
/// its own, so there is nothing that such an upstream could serve: it says so, instead of looking like a server that has
/// never heard of them.
/// </summary>
internal static class LocalUpstreamEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v4/virtual_registries/packages/maven/registries/{id}/local/upstreams", RefuseAsync)
            .Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Would put hosted packages into a registry: there are none.")
            .OnlyRefuses(StatusCodes.Status501NotImplemented).IsNotAudited("it refuses");
        app.MapMethods("/api/v4/virtual_registries/packages/maven/local/upstreams/{id}", ["GET", "PATCH", "DELETE"], () => ApiError.RowNotFound())
            .Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("There never is one.")
            .OnlyRefuses(StatusCodes.Status404NotFound).IsNotAudited("there never is one");
    }

    private static async Task<IResult> RefuseAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, CancellationToken cancellationToken)
    {
        var (_, refusal) = await RegistryEndpoints.FindAsync(context, namespaces, gate, registries, cancellationToken);
        return refusal ?? ApiError.Message(StatusCodes.Status501NotImplemented,
            "501 Not Implemented - local upstreams serve Maven packages of a project or group, and this server keeps none");
    }
}
