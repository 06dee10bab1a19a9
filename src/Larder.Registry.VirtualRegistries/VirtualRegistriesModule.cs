using Larder.Registry.Upkeep;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Virtual registries as rows: what stands in front of which upstreams, what is held of them, and the REST that manages it.</summary>
public static class VirtualRegistriesModule
{
    /// <summary>What the endpoints need.</summary>
    public static void AddVirtualRegistries(this IServiceCollection services)
    {
        services.AddSingleton<RegistryStore>();
        services.AddSingleton<UpstreamStore>();
        services.AddSingleton<RegistryUpstreamStore>();
        services.AddSingleton<UpstreamRuleStore>();
        services.AddSingleton<RuleBook>();
        services.AddSingleton<CacheEntryStore>();
        services.AddSingleton<RegistryDirectory>();
        services.AddSingleton<UpstreamPasswords>();
        services.AddSingleton<UpstreamForm>();
        services.AddSingleton<ConnectionTest>();
        services.AddSingleton<CacheEntryList>();
        services.AddSingleton<CacheTree>();
        services.AddSingleton<CacheCleanupPolicyStore>();
        services.AddPeriodicWork<CacheCleanup>();
        services.AddPeriodicWork<CacheEviction>();
        services.AddPeriodicWork<UpstreamRemains>();
        services.AddSingleton<UpstreamFigures>();
        services.AddHostedService(provider => provider.GetRequiredService<UpstreamFigures>());
        services.AddMetrics();
        services.AddHostedService<UpstreamHostGauge>();
        services.AddSingleton<HitMemory>();
        services.AddSingleton<FillLeases>();
        services.AddHostedService(provider => provider.GetRequiredService<FillLeases>());
    }

    /// <summary>The routes.</summary>
    public static void MapVirtualRegistries(this IEndpointRouteBuilder app)
    {
        RegistryEndpoints.Map(app);
        UpstreamEndpoints.Map(app);
        RegistryUpstreamEndpoints.Map(app);
        LocalUpstreamEndpoints.Map(app);
        UpstreamRuleEndpoints.Map(app);
        ConnectionTestEndpoints.Map(app);
        CacheEntryEndpoints.Map(app);
        CacheCleanupPolicyEndpoints.Map(app);
    }
}
