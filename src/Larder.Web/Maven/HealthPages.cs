using Larder.Registry.VirtualRegistries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Maven;

/// <summary>How the upstreams of a registry are doing, at a glance.</summary>
internal static class HealthPages
{
    public static void Map(IEndpointRouteBuilder pages) => pages.MapGet("/-/virtual_registries/{id:long}/health", ShowAsync);

    private static async Task<IResult> ShowAsync(HttpContext context, long id, RegistrySight sight, UpstreamStore upstreams, UpstreamHealth health)
    {
        if (await sight.RegistryAsync(context, id) is not { } seen) return context.NoSuchPage();
        return context.Page<HealthPage>(StatusCodes.Status200OK, ("Seen", seen), ("Today", health.Today),
            ("Reports", await health.OfAsync(await upstreams.InRegistryAsync(id, context.RequestAborted), context.RequestAborted)));
    }
}
