using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Maven;

/// <summary>Which upstreams a registry has, in which order: the forms of its page.</summary>
internal static class PlacesPages
{
    private const string Places = "/api/v4/virtual_registries/packages/maven/registry_upstreams";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapPost("/-/virtual_registries/{id:long}/upstreams", (HttpContext context, long id) => ButtonForm.RunAsync(
            context, "POST", Places, new Dictionary<string, object>(), VirtualRegistryLinks.Registry(id),
            form => new { registry_id = id, upstream_id = form["upstream_id"] }));
        pages.MapPost("/-/virtual_registries/{id:long}/places/{place:long}/move", (HttpContext context, long id, long place) => ButtonForm.RunAsync(
            context, "PATCH", Places + "/{id}", Route(place), form => VirtualRegistryLinks.Registry(id, Number(form["upstream"])),
            form => new { position = form["position"] }));
        pages.MapPost("/-/virtual_registries/{id:long}/places/{place:long}/remove", (HttpContext context, long id, long place) => ButtonForm.RunAsync(
            context, "DELETE", Places + "/{id}", Route(place), VirtualRegistryLinks.Registry(id)));
    }

    private static Dictionary<string, object> Route(long id) => new() { ["id"] = id };

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
