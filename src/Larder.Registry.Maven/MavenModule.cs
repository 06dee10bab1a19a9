using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.VirtualRegistries;

/// <summary>What Maven and its kin ask of a virtual registry: one URL in front of ordered upstreams, cached as they are used.</summary>
public static class MavenModule
{
    /// <summary>What the endpoints need.</summary>
    public static void AddMaven(this IServiceCollection services)
    {
        services.AddSingleton<Candidates>();
        services.AddSingleton<DownloadLimit>();
        services.AddSingleton<AbsenceMemory>();
        services.AddSingleton<MavenDownloads>();
        services.AddSingleton<Inquiry>();
        services.AddSingleton<Walk>();
        services.AddSingleton<Foresight>();
        services.AddSingleton<MergedMetadata>();
    }

    /// <summary>The routes.</summary>
    public static void MapMaven(this IEndpointRouteBuilder app)
    {
        DownloadEndpoint.Map(app);
        SeedEndpoint.Map(app);
    }
}
