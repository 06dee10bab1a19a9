using Larder.Registry.Upkeep;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Audit;

/// <summary>Audit events: who changed access, settings or packages.</summary>
public static class AuditModule
{
    /// <summary>What the endpoints and the audited features need.</summary>
    public static void AddAudit(this IServiceCollection services)
    {
        services.AddSingleton<AuditLog>();
        services.AddPeriodicWork<AuditExpiry>();
    }

    /// <summary>The routes.</summary>
    public static void MapAudit(this IEndpointRouteBuilder app) => AuditEndpoints.Map(app);
}
