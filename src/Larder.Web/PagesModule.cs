using Larder.Registry;
using Larder.Registry.Http;
using Larder.Web.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Web;

/// <summary>The pages for people: rendered on the server, complete without scripts.</summary>
public static class PagesModule
{
    /// <summary>What the pages need.</summary>
    public static void AddPages(this IServiceCollection services) => services.AddRazorComponents();

    /// <summary>One route for each page.</summary>
    public static void MapPages(this IEndpointRouteBuilder app) => app.MapGet("/", Start);

    private static RazorComponentResult<Start> Start(HttpContext context, LarderOptions options) =>
        new(new { Base = ExternalUrl.Base(context, options.ExternalUrl) });
}
