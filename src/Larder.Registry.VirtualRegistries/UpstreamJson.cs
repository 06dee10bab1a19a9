using System.Text.Json.Serialization;
using Larder.Registry.Http;
using Larder.Storage.Upstreams;

namespace Larder.Registry.VirtualRegistries;

/// <summary>An upstream in the list of a group, as GitLab shows it; never with a password.</summary>
internal record UpstreamJson(
    long Id, long GroupId, string Url, string Name, string? Description, long CacheValidityHours, long MetadataCacheValidityHours, string? Username,
    bool VerifyChecksumFiles, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static UpstreamJson Of(Upstream row) => new(
        row.Id, row.GroupId, row.Url, row.Name, row.Description, row.CacheValidityHours, row.MetadataCacheValidityHours, row.Username,
        row.Settings.VerifiesChecksumFiles, ApiJson.Instant(row.CreatedAt), ApiJson.Instant(row.UpdatedAt));
}

/// <summary>An upstream in a registry.</summary>
internal sealed record PlacedUpstreamJson : UpstreamJson
{
    public PlacedUpstreamJson(Upstream row, RegistryUpstream place) : base(Of(row)) => RegistryUpstream = RegistryPlaceJson.Of(place);

    public RegistryPlaceJson RegistryUpstream { get; }
}

/// <summary>An upstream by itself, with all registries that it is in.</summary>
internal sealed record SingleUpstreamJson : UpstreamJson
{
    public SingleUpstreamJson(Upstream row, IEnumerable<RegistryUpstream> places) : base(Of(row)) =>
        RegistryUpstreams = [.. places.Select(RegistryPlaceJson.Of)];

    public IReadOnlyList<RegistryPlaceJson> RegistryUpstreams { get; }
}

/// <summary>How a connection to an upstream went; <c>result</c> says what was wrong.</summary>
internal sealed record ConnectionTestJson(
    bool Success, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Result);

/// <summary>A rule of an upstream.</summary>
internal sealed record UpstreamRuleJson(
    long Id, long UpstreamId, string RuleType, string PatternType, string TargetCoordinate, string Pattern, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static UpstreamRuleJson Of(UpstreamRule rule) => new(
        rule.Id, rule.UpstreamId, rule.RuleType, rule.PatternType, rule.TargetCoordinate, rule.Pattern,
        ApiJson.Instant(rule.CreatedAt), ApiJson.Instant(rule.UpdatedAt));
}

/// <summary>How the host of an upstream is doing, as this node sees it, and what all nodes have done with the upstream.</summary>
internal sealed record UpstreamHealthJson(
    long Id, string State, DateTimeOffset? Until, int ConsecutiveFailures, string? LastFailure, long RequestsSent, long RequestsAvoided,
    long? ResponseMilliseconds, UpstreamFiguresJson LastThirtyDays)
{
    public static UpstreamHealthJson Of(Upstream upstream, UpstreamHostState? host, UpstreamDay month) => new(
        upstream.Id,
        host?.State switch
        {
            UpstreamHostCondition.RateLimited => "rate_limited",
            UpstreamHostCondition.Resting => "resting",
            UpstreamHostCondition.Answering => "answering",
            _ => "unknown",
        },
        host?.Until, host?.ConsecutiveFailures ?? 0, host?.LastFailure?.Detail, host?.Sent ?? 0, host?.Avoided ?? 0,
        (long?)host?.ResponseTime?.TotalMilliseconds,
        new UpstreamFiguresJson(month.Hits, month.HitBytes, month.Streamed, month.Sent, month.Avoided, month.Failed, month.FetchedBytes));
}

/// <summary>What was done with an upstream.</summary>
internal sealed record UpstreamFiguresJson(
    long Hits, long HitBytes, long Streamed, long RequestsSent, long RequestsAvoided, long RequestsFailed, long FetchedBytes);
