using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Packages;

/// <summary>Generic packages, and the packages API around them.</summary>
public static class PackagesModule
{
    /// <summary>What the endpoints need.</summary>
    public static void AddPackages(this IServiceCollection services)
    {
        services.AddSingleton(provider => new PackageListing(
            provider.GetRequiredService<Database>(), provider.GetRequiredService<PermissionTable>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new PackageSearch(
            provider.GetRequiredService<Database>(), provider.GetRequiredService<PermissionTable>(), provider.GetRequiredService<TimeProvider>()));
        services.AddPeriodicWork<PackageNames>();
        services.AddPeriodicWork<PackageDownloads>();
        services.AddSingleton<GenericStore>();
        services.AddSingleton<ResumableStore>();
        services.AddSingleton<ResumableTransfer>();
        services.AddSingleton<ResumableEndpoints>();
        services.AddPeriodicWork<UploadExpiry>();
        services.AddSingleton<PackageStore>();
        services.AddSingleton<PackageSettingsStore>();
        services.AddSingleton<ProtectionRuleStore>();
        services.AddSingleton<PackageProtection>();
        services.AddSingleton<PlanLimits>();
        services.AddSingleton<CleanupPolicyStore>();
        services.AddSingleton<Cleanup>();
        services.AddSingleton<CleanupPreviews>();
        services.AddPeriodicWork<CleanupRuns>();
    }

    /// <summary>The routes.</summary>
    public static void MapPackages(this IEndpointRouteBuilder app)
    {
        GenericEndpoints.Map(app);
        ResumableEndpoints.Map(app);
        PackageEndpoints.Map(app);
        ArchiveEndpoint.Map(app);
        GroupPackageEndpoints.Map(app);
        PackageSettingsEndpoints.Map(app);
        ProtectionRuleEndpoints.Map(app);
        PlanLimitEndpoints.Map(app);
        CleanupPolicyEndpoints.Map(app);
    }
}
