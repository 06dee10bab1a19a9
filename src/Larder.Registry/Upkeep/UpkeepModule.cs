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
    }
}
