using Larder.Registry.Http;

namespace Larder.Registry.VirtualRegistries;

/// <summary>A cache entry as GitLab shows it.</summary>
internal sealed record CacheEntryJson(
    string Id, long GroupId, long UpstreamId, DateTimeOffset UpstreamCheckedAt, string FileMd5, string FileSha1, long Size, string RelativePath,
    string? ContentType, string? UpstreamEtag, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, long DownloadsCount, DateTimeOffset DownloadedAt)
{
    public static CacheEntryJson Of(ListedEntry entry) => new(
        CacheEntryId.Write(entry.UpstreamId, entry.RelativePath), entry.GroupId, entry.UpstreamId, ApiJson.Instant(entry.UpstreamCheckedAt),
        entry.FileMd5, entry.FileSha1, entry.Size, entry.RelativePath, entry.ContentType, entry.UpstreamEtag,
        ApiJson.Instant(entry.CreatedAt), ApiJson.Instant(entry.UpdatedAt), entry.DownloadsCount, ApiJson.Instant(entry.DownloadedAt));
}

/// <summary>The cleanup policy of a group's virtual registries, and how its last run went.</summary>
internal sealed record CacheCleanupPolicyJson(
    long GroupId, bool Enabled, long KeepNDaysAfterDownload, long Cadence, bool NotifyOnSuccess, bool NotifyOnFailure,
    DateTimeOffset? NextRunAt, DateTimeOffset? LastRunAt, long LastRunDeletedSize, long LastRunDeletedEntriesCount, string Status,
    string? FailureMessage, CleanupMetricsJson LastRunDetailedMetrics, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, long? CacheSizeLimit)
{
    public static CacheCleanupPolicyJson Of(CacheCleanupPolicy policy) => new(
        policy.GroupId, policy.Enabled == 1, policy.KeepNDaysAfterDownload, policy.Cadence, policy.NotifyOnSuccess == 1, policy.NotifyOnFailure == 1,
        ApiJson.Instant(policy.NextRunAt), ApiJson.Instant(policy.LastRunAt), policy.LastRunDeletedSize, policy.LastRunDeletedEntriesCount,
        policy.Status, policy.FailureMessage, new(new(policy.LastRunDeletedEntriesCount, policy.LastRunDeletedSize)),
        ApiJson.Instant(policy.CreatedAt), ApiJson.Instant(policy.UpdatedAt), policy.CacheSizeLimit);
}

/// <summary>What a run has removed, for each kind of packages.</summary>
internal sealed record CleanupMetricsJson(CleanupMetricJson Maven);

/// <summary>What a run has removed of one kind.</summary>
internal sealed record CleanupMetricJson(long DeletedEntriesCount, long DeletedSize);
