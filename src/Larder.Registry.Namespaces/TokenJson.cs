using Larder.Registry.Access;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>Access tokens as GitLab shows them. The text is in the answer that makes one, and never again.</summary>
internal static class TokenJson
{
    /// <summary>Of a user.</summary>
    public static Dictionary<string, object?> Personal(PersonalAccessToken token, TimeProvider time, string? text = null) =>
        WithText(Fields(token, time), text);

    /// <summary>Of a project or group.</summary>
    public static Dictionary<string, object?> Resource(ResourceToken token, Place place, TimeProvider time, string? text = null)
    {
        var json = Fields(token.Token, time);
        json["access_level"] = token.AccessLevel;
        json["resource_type"] = place.ProjectId is null ? "group" : "project";
        json["resource_id"] = place.ProjectId ?? place.NamespaceId;
        return WithText(json, text);
    }

    private static Dictionary<string, object?> Fields(PersonalAccessToken token, TimeProvider time) => new()
    {
        ["id"] = token.Id,
        ["name"] = token.Name,
        ["revoked"] = token.RevokedAt is not null,
        ["created_at"] = ApiJson.Instant(token.CreatedAt),
        ["description"] = token.Description,
        ["scopes"] = token.ScopeList,
        ["user_id"] = token.UserId,
        ["last_used_at"] = ApiJson.Instant(token.LastUsedAt),
        ["active"] = token.IsActive(time.GetUtcNow().ToUnixTimeMilliseconds()),
        ["expires_at"] = ApiJson.Day(token.ExpiresAt),
    };

    private static Dictionary<string, object?> WithText(Dictionary<string, object?> json, string? text)
    {
        if (text is not null) json["token"] = text;
        return json;
    }
}
