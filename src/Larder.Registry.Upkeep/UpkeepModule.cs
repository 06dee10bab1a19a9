using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Upkeep;

/// <summary>Work that runs beside requests.</summary>
public static class UpkeepModule
{
    /// <summary>Registers and starts it.</summary>
    public static void AddUpkeep(this IServiceCollection services)
    {
        services.AddSingleton<IntegrityCheck>();
        services.AddSingleton<DownloadCounts>();
        services.AddHostedService(provider => provider.GetRequiredService<DownloadCounts>());
        services.AddSingleton<LeaseStore>();
        services.AddSingleton<UpkeepRuns>();
        services.AddHostedService<UpkeepLoop>();
        services.AddPeriodicWork<Sweep>();
        services.AddPeriodicWork<OrphanSweep>();
        services.AddPeriodicWork<StorageUsage>();
    }

    /// <summary>Registers work of a feature that <see cref="UpkeepLoop"/> runs.</summary>
    public static void AddPeriodicWork<T>(this IServiceCollection services) where T : class, IPeriodicWork
    {
        services.AddSingleton<T>();
        services.AddSingleton<IPeriodicWork>(provider => provider.GetRequiredService<T>());
    }
}
