using Larder.Web.Administration;
using Larder.Web.Maven;
using Larder.Web.Pages;
using Larder.Web.Settings;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Web;

/// <summary>The pages for people: rendered on the server, complete without scripts. See docs/decisions/0008-pages.md.</summary>
public static class PagesModule
{
    /// <summary>What the pages need.</summary>
    public static void AddPages(this IServiceCollection services)
    {
        services.AddRazorComponents();
        services.AddSingleton<ApiOperation>();
        services.AddSingleton<RegistrySight>();
        services.AddSingleton<UpstreamHealth>();
        services.AddSingleton<RevealedOnce>();
        OpenIdProvider.Add(services);
    }

    /// <summary>Behind the middleware of the API.</summary>
    public static void UsePages(this IApplicationBuilder app) => app.UseMiddleware<PageMiddleware>();

    /// <summary>One route for each page; those of groups, projects and packages are <see cref="PlacePages"/>.</summary>
    public static void MapPages(this IEndpointRouteBuilder app)
    {
        StyleFiles.Map(app);
        var pages = app.MapGroup("");
        pages.WithMetadata(new PageMetadata());
        SignInPages.Map(pages);
        OpenIdPages.Map(pages);
        HomePages.Map(pages);
        NewPlacePages.Map(pages);
        PackagePages.Map(pages);
        RegistryPages.Map(pages);
        PlacesPages.Map(pages);
        UpstreamPages.Map(pages);
        CachePages.Map(pages);
        RulePages.Map(pages);
        WhyPages.Map(pages);
        HealthPages.Map(pages);
        AdminPages.Map(pages);
        PublishPages.Map(pages);
        SettingsPages.Map(pages);
    }
}
