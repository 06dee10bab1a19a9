using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Audit;

/// <summary>The metadata of an endpoint whose success is an audit event of this name.</summary>
public sealed record AuditedAs(string EventName);

/// <summary>
/// The metadata of an endpoint that is asked with another verb than GET and writes no event by itself.
/// </summary>
/// <param name="Reason">Why: it changes nothing, or the event is written elsewhere.</param>
public sealed record NotAudited(string Reason);

/// <summary>Says of endpoints whether they are audited.</summary>
public static class AuditConventions
{
    /// <summary>
    /// An answer below 400 writes an event: who called, the place that the gate let it into, the call and its parameters. The
    /// event is durable before the answer begins.
    /// </summary>
    public static RouteHandlerBuilder Audits(this RouteHandlerBuilder endpoint, string eventName) =>
        endpoint.WithMetadata(new AuditedAs(eventName)).AddEndpointFilter(async (context, next) =>
        {
            var result = await next(context);
            if (result is not IStatusCodeHttpResult { StatusCode: >= 400 })
            {
                var log = context.HttpContext.RequestServices.GetRequiredService<AuditLog>();
                await log.AddAsync(AuditEvent.Of(context.HttpContext, eventName));
            }
            return result;
        });

    /// <summary>The event of this request belongs to the project that it has made, as in GitLab.</summary>
    public static void HasMade(this HttpContext context, Project project) => context.Features.Set(new GatedPlace(project, null));

    /// <summary>The event of this request belongs to the group that it has made, as in GitLab.</summary>
    public static void HasMade(this HttpContext context, Namespace group) => context.Features.Set(new GatedPlace(null, group));

    /// <summary>Says why an endpoint that looks like a change writes no event by itself.</summary>
    public static RouteHandlerBuilder IsNotAudited(this RouteHandlerBuilder endpoint, string reason) =>
        endpoint.WithMetadata(new NotAudited(reason));
}
