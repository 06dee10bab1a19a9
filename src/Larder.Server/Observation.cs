using Larder.Registry;
using Larder.Registry.Data;
using Larder.Storage.Blobs;
using OpenTelemetry.Metrics;

namespace Larder.Server;

/// <summary>What an operator's tools ask: health, readiness, liveness, metrics.</summary>
internal static class Observation
{
    /// <summary>Counts what Kestrel, the runtime and Larder itself report.</summary>
    public static void AddObservation(this IServiceCollection services)
    {
        services.AddSingleton<BlobHealth>();
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter("Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Larder")
            .AddPrometheusExporter());
    }

    /// <summary>
    /// <c>/-/liveness</c>: the process answers. <c>/-/readiness</c> and <c>/-/health</c>: so do the database and the blob store.
    /// <c>/-/metrics</c>: Prometheus, which asks for no token; it can be kept to a port that only the operator reaches.
    /// </summary>
    public static void MapObservation(this WebApplication app, LarderOptions options)
    {
        app.MapGet("/-/liveness", () => Results.Text("ok"));
        app.MapGet("/-/readiness", ReadinessAsync);
        app.MapGet("/-/health", ReadinessAsync);
        app.MapPrometheusScrapingEndpoint("/-/metrics").Add(endpoint =>
        {
            var scrape = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context =>
            {
                // Not the port of the Host header, which the client chooses.
                if (options.MetricsPort == 0 || context.Connection.LocalPort == options.MetricsPort) return scrape(context);
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            };
        });
    }

    // What is wrong is in the log already, once: this is asked every few seconds.
    private static async Task<IResult> ReadinessAsync(Database database, BlobHealth blobs, CancellationToken cancellationToken)
    {
        try
        {
            await database.ReadAsync(session => session.SingleAsync<long>("select count(*) from users where id = 0"), cancellationToken);
            await blobs.ProbeAsync(cancellationToken);
            return Results.Text("ok");
        }
        catch (BlobStoreUnavailableException)
        {
            return Results.Text("the blob store does not answer", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
        catch (DatabaseUnavailableException)
        {
            return Results.Text("the database does not answer", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
