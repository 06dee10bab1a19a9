using System.Text.Json;
using Larder.Registry.Access;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>A personal access token as GitLab shows it.</summary>
internal record PersonalAccessTokenJson(
    long Id, string Name, bool Revoked, DateTimeOffset CreatedAt, string? Description, IReadOnlyList<string> Scopes, long UserId,
    DateTimeOffset? LastUsedAt, bool Active, DateOnly? ExpiresAt)
{
    public static PersonalAccessTokenJson Of(PersonalAccessToken token, TimeProvider time) => new(
        token.Id, token.Name, token.RevokedAt is not null, ApiJson.Instant(token.CreatedAt), token.Description, token.ScopeList, token.UserId,
        ApiJson.Instant(token.LastUsedAt), token.IsActive(time.GetUtcNow().ToUnixTimeMilliseconds()), ApiJson.Day(token.ExpiresAt));
}

/// <summary>The same in the answer that makes one: with its text, which is told never again.</summary>
internal sealed record NewPersonalAccessTokenJson : PersonalAccessTokenJson
{
    public NewPersonalAccessTokenJson(PersonalAccessTokenJson token, string text) : base(token) => Token = text;

    public string Token { get; }
}

/// <summary>An access token of a project or group as GitLab shows it.</summary>
internal record AccessTokenJson : PersonalAccessTokenJson
{
    public AccessTokenJson(ResourceToken token, Place place, TimeProvider time) : base(Of(token.Token, time)) =>
        (AccessLevel, ResourceType, ResourceId) = (token.AccessLevel, place.ProjectId is null ? "group" : "project", place.ProjectId ?? place.NamespaceId!.Value);

    public long? AccessLevel { get; }
    public string ResourceType { get; }
    public long ResourceId { get; }
}

/// <summary>The same in the answer that makes one.</summary>
internal sealed record NewAccessTokenJson : AccessTokenJson
{
    public NewAccessTokenJson(ResourceToken token, Place place, TimeProvider time, string text) : base(token, place, time) => Token = text;

    public string Token { get; }
}

/// <summary>A deploy token as GitLab shows it. One that was revoked is gone.</summary>
internal record DeployTokenJson(
    long Id, string Name, string Username, DateTimeOffset? ExpiresAt, IReadOnlyList<string> Scopes, bool Revoked, bool Expired)
{
    public static DeployTokenJson Of(DeployToken token, TimeProvider time) => new(
        token.Id, token.Name, token.Username, ApiJson.Instant(token.ExpiresAt), token.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        Revoked: false, Expired: token.ExpiresAt <= time.GetUtcNow().ToUnixTimeMilliseconds());
}

/// <summary>The same in the answer that makes one.</summary>
internal sealed record NewDeployTokenJson : DeployTokenJson
{
    public NewDeployTokenJson(DeployTokenJson token, string text) : base(token) => Token = text;

    public string Token { get; }
}

/// <summary>A job token that still works.</summary>
internal sealed record JobTokenJson(long Id, long ProjectId, long UserId, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    public static JobTokenJson Of(RunningJobToken token) =>
        new(token.Id, token.ProjectId, token.UserId, ApiJson.Instant(token.CreatedAt), ApiJson.Instant(token.ExpiresAt));
}

/// <summary>A job token in the answer that makes it.</summary>
internal sealed record NewJobTokenJson(long Id, string Token, long ProjectId, long UserId, DateTimeOffset ExpiresAt)
{
    public static NewJobTokenJson Of(JobToken token, string text) =>
        new(token.Id, text, token.ProjectId, token.UserId, ApiJson.Instant(token.ExpiresAt));
}

/// <summary>Whether jobs of other projects are let in, and jobs of this one kept from others.</summary>
internal sealed record JobTokenScopeJson(bool InboundEnabled, bool OutboundEnabled);

/// <summary>A project whose jobs have just been let in.</summary>
internal sealed record AllowedProjectJson(long SourceProjectId, long TargetProjectId);

/// <summary>A rule by which signed statements of a CI system stand for job tokens of a project.</summary>
internal sealed record TrustRuleJson(
    long Id, long ProjectId, long UserId, long AccessLevel, string Issuer, string Audience, IReadOnlyDictionary<string, string> Claims,
    DateTimeOffset CreatedAt)
{
    public static TrustRuleJson Of(TrustRule rule) => new(
        rule.Id, rule.ProjectId, rule.UserId, rule.AccessLevel, rule.Issuer, rule.Audience,
        JsonSerializer.Deserialize<Dictionary<string, string>>(rule.Claims)!, ApiJson.Instant(rule.CreatedAt));
}
