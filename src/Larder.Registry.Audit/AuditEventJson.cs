using System.Text.Json.Nodes;
using Larder.Registry.Http;

namespace Larder.Registry.Audit;

/// <summary>An audit event as GitLab shows it.</summary>
internal sealed record AuditEventJson(
    long Id, long? AuthorId, long? EntityId, string EntityType, string EventName, AuditEventDetailsJson Details, DateTimeOffset CreatedAt)
{
    public static AuditEventJson Of(AuditEvent happened) => new(
        happened.Id, happened.AuthorId, happened.EntityId, happened.EntityType, happened.EventName,
        new AuditEventDetailsJson(happened.Target, happened.AuthorName, happened.EntityPath, happened.Target, happened.IpAddress,
            JsonNode.Parse(happened.Parameters)!.AsObject()),
        ApiJson.Instant(happened.CreatedAt));
}

/// <summary>What was done in an audit event; the parameters of the call are an object of texts.</summary>
internal sealed record AuditEventDetailsJson(
    string CustomMessage, string AuthorName, string EntityPath, string TargetDetails, string IpAddress, JsonObject Parameters);
