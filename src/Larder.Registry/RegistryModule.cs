using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Larder.Registry;

/// <summary>The whole registry: each feature is named here once, for the server and for its tests alike.</summary>
public static class RegistryModule
{
    /// <summary>The features. A clock or a database that is registered already stays.</summary>
    public static void AddRegistry(this IServiceCollection services, LarderOptions options)
    {
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Database>(_ => OpenDatabase(options));
        services.AddRouting();
        services.AddAccess();
        services.AddNamespaces();
    }

    /// <summary>The order of the pipeline: what a request passes on its way to an endpoint.</summary>
    public static void UseRegistry(this IApplicationBuilder app)
    {
        app.UseApiConventions(app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger("Larder.Requests"));
        app.UseCanonicalRequestTarget();
        app.UseRouting();
        app.UseAccess();
    }

    /// <summary>The routes.</summary>
    public static void MapRegistry(this IEndpointRouteBuilder app)
    {
        app.MapNamespaces();
    }

    private static Database OpenDatabase(LarderOptions options)
    {
        if (options.Database.Length > 0) return new PostgresDatabase(options.Database);
        Directory.CreateDirectory(options.DataDirectory);
        return new SqliteDatabase(Path.Combine(options.DataDirectory, "larder.db"));
    }
}
