using Larder.Registry.Data;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>Which access tokens are wanted; null for all. Instants are Unix milliseconds.</summary>
public sealed record TokenFilter
{
    /// <summary>Of this user.</summary>
    public long? UserId { get; init; }

    /// <summary>Of the bots of this project or group.</summary>
    public Place? Place { get; init; }

    /// <summary>Neither revoked nor expired, or one of the two.</summary>
    public bool? Active { get; init; }

    /// <summary>Revoked or not.</summary>
    public bool? Revoked { get; init; }

    /// <summary>Text in the name.</summary>
    public string? Search { get; init; }

    /// <summary>Made at that time or later.</summary>
    public long? CreatedAfter { get; init; }

    /// <summary>Made at that time or earlier.</summary>
    public long? CreatedBefore { get; init; }

    /// <summary>Last used at that time or later.</summary>
    public long? LastUsedAfter { get; init; }

    /// <summary>Last used at that time or earlier.</summary>
    public long? LastUsedBefore { get; init; }

    /// <summary>Expiring on that midnight or later.</summary>
    public long? ExpiresAfter { get; init; }

    /// <summary>Expiring on that midnight or earlier.</summary>
    public long? ExpiresBefore { get; init; }

    /// <summary>One of <see cref="Orders"/>; by id when null.</summary>
    public string? Sort { get; init; }

    /// <summary>The orders that GitLab names.</summary>
    public static IReadOnlyCollection<string> Orders => OrderOfName.Keys;

    // Never text of the client: only these are ever named. What has no value comes last.
    private static readonly Dictionary<string, string> OrderOfName = new()
    {
        ["created_asc"] = "t.created_at asc, t.id asc",
        ["created_desc"] = "t.created_at desc, t.id desc",
        ["expires_asc"] = "case when t.expires_at is null then 1 else 0 end, t.expires_at asc, t.id asc",
        ["expires_at_asc_id_desc"] = "case when t.expires_at is null then 1 else 0 end, t.expires_at asc, t.id desc",
        ["expires_desc"] = "case when t.expires_at is null then 1 else 0 end, t.expires_at desc, t.id desc",
        ["last_used_asc"] = "case when t.last_used_at is null then 1 else 0 end, t.last_used_at asc, t.id asc",
        ["last_used_desc"] = "case when t.last_used_at is null then 1 else 0 end, t.last_used_at desc, t.id desc",
        ["name_asc"] = "lower(t.name) asc, t.id asc",
        ["name_desc"] = "lower(t.name) desc, t.id desc",
    };

    /// <summary>SQL: the where clause over <c>personal_access_tokens t</c> and its <c>users u</c>.</summary>
    internal string Where
    {
        get
        {
            const string works = "t.revoked_at is null and (t.expires_at is null or t.expires_at > @Now)";
            return Conditions.All(
                UserId is null ? null : "t.user_id = @UserId",
                Place is null ? null : "(u.bot_project_id = @ProjectId or u.bot_namespace_id = @NamespaceId)",
                Active switch { null => null, true => works, false => $"not ({works})" },
                Revoked switch { null => null, true => "t.revoked_at is not null", false => "t.revoked_at is null" },
                Search is null ? null : @"lower(t.name) like @Search escape '\'",
                CreatedAfter is null ? null : "t.created_at >= @CreatedAfter",
                CreatedBefore is null ? null : "t.created_at <= @CreatedBefore",
                LastUsedAfter is null ? null : "t.last_used_at >= @LastUsedAfter",
                LastUsedBefore is null ? null : "t.last_used_at <= @LastUsedBefore",
                ExpiresAfter is null ? null : "t.expires_at >= @ExpiresAfter",
                ExpiresBefore is null ? null : "t.expires_at <= @ExpiresBefore");
        }
    }

    /// <summary>SQL: the order by clause.</summary>
    internal string OrderBy => $"order by {(Sort is null ? "t.id" : OrderOfName[Sort])}";

    /// <summary>The parameters of both.</summary>
    internal object Parameters(long now, Http.Page page) => new
    {
        UserId = UserId ?? 0, Place?.ProjectId, Place?.NamespaceId, Search = LikePattern.Containing(Search), Now = now,
        CreatedAfter = CreatedAfter ?? 0, CreatedBefore = CreatedBefore ?? 0, LastUsedAfter = LastUsedAfter ?? 0,
        LastUsedBefore = LastUsedBefore ?? 0, ExpiresAfter = ExpiresAfter ?? 0, ExpiresBefore = ExpiresBefore ?? 0,
        Limit = page.Size, page.Offset, Http.Page.CountLimit,
    };
}
