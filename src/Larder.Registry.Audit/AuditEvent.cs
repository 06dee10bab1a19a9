using Larder.Registry.Access;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Audit;

/// <summary>One change of access, settings or packages: who, when, where and what. Never holds a secret.</summary>
public sealed record AuditEvent
{
    /// <summary>Of the row; 0 before there is one.</summary>
    public long Id { get; init; }

    /// <summary>UTC Unix milliseconds.</summary>
    public long CreatedAt { get; init; }

    /// <summary>What was done, such as <c>member_added</c>.</summary>
    public required string EventName { get; init; }

    /// <summary>The user who did it; null for a deploy token and for upkeep.</summary>
    public long? AuthorId { get; init; }

    /// <summary>The name that went with the credential, or the name of the upkeep work.</summary>
    public required string AuthorName { get; init; }

    /// <summary><c>Project</c>, <c>Group</c>, or <c>Instance</c> where it concerns neither.</summary>
    public required string EntityType { get; init; }

    /// <summary>The project or group.</summary>
    public long? EntityId { get; init; }

    /// <summary>Its full path at that time; empty for the instance.</summary>
    public required string EntityPath { get; init; }

    /// <summary>What was changed: verb and path of the call below <c>/api/v4/</c>, or the name of what upkeep removed.</summary>
    public required string Target { get; init; }

    /// <summary>The parameters of the call as a JSON object of texts; secrets in it are replaced.</summary>
    public string Parameters { get; init; } = "{}";

    /// <summary>Address of the client; empty for upkeep.</summary>
    public string IpAddress { get; init; } = "";

    /// <summary>The event of a request whose caller and place are known: after the gate.</summary>
    public static AuditEvent Of(HttpContext context, string eventName)
    {
        var (caller, place) = (context.Caller(), context.Features.Get<GatedPlace>());
        return new AuditEvent
        {
            EventName = eventName,
            AuthorId = caller.UserId,
            AuthorName = caller.Name,
            EntityType = place is null ? EntityTypes.Instance : place.Project is null ? EntityTypes.Group : EntityTypes.Project,
            EntityId = place?.Project?.Id ?? place?.Group?.Id,
            EntityPath = place?.Project?.FullPath ?? place?.Group?.FullPath ?? "",
            Target = $"{context.Request.Method} {Relative(context.Request.Path.Value ?? "")}",
            Parameters = context.Features.Get<ApiParameters>()?.Described() ?? "{}",
            IpAddress = context.Connection.RemoteIpAddress?.ToString() ?? "",
        };
    }

    private static string Relative(string path) => path.StartsWith("/api/v4/", StringComparison.Ordinal) ? path["/api/v4/".Length..] : path;
}

/// <summary>The words of <see cref="AuditEvent.EntityType"/>.</summary>
public static class EntityTypes
{
    public const string Project = "Project";
    public const string Group = "Group";
    public const string Instance = "Instance";
}
