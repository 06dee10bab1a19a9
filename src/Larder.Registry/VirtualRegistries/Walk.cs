using Larder.Storage.Upstreams;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Where a walk over the upstreams of a registry has ended.</summary>
public abstract record WalkEnd
{
    /// <summary>A copy is here. <paramref name="Failure"/> is set when it is stale and its upstream could not be asked.</summary>
    public sealed record Held(CacheEntry Entry, long FreshUntil, UpstreamFailure? Failure) : WalkEnd;

    /// <summary>It is coming; the reader follows it and must be disposed.</summary>
    public sealed record Arriving(Upstream Upstream, DownloadReader Reader, UpstreamHeaders Headers) : WalkEnd;

    /// <summary>Every upstream definitely said that it does not have it.</summary>
    public sealed record Nowhere : WalkEnd;

    /// <summary>Nobody has it as far as is known, but at least one could not be asked: not an absence.</summary>
    public sealed record Undecided(Upstream Upstream, UpstreamFailure Failure) : WalkEnd;

    /// <summary>The registry has no upstreams.</summary>
    public sealed record NoUpstreams : WalkEnd;

    /// <summary>Another download of the file ended in the middle of this walk: walk again.</summary>
    public sealed record Overtaken : WalkEnd;
}

/// <summary>
/// Finds a file by asking the upstreams of a registry in the order of their positions, one at a time:
/// <list type="number">
/// <item>a fresh entry is served;</item>
/// <item>an unexpired absence is skipped;</item>
/// <item>a stale entry is revalidated, and served stale when its upstream fails;</item>
/// <item>an unknown is asked; the first that has the file wins;</item>
/// <item>a failed upstream is passed over, unless it is known to supply the artifact: then nobody below may take its place.</item>
/// </list>
/// </summary>
public sealed partial class Walk(
    CacheEntryStore entries, AbsenceMemory absences, MavenDownloads downloads, LarderOptions options, TimeProvider time, ILogger<Walk> logger)
{
    /// <summary>Walks. What an upstream must be asked for is shared with everybody who walks to the same file.</summary>
    public async Task<WalkEnd> FindAsync(long registryId, MavenPath path, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await WalkOnceAsync(registryId, path, cancellationToken) is var end and not WalkEnd.Overtaken) return end;
        }
    }

    private async Task<WalkEnd> WalkOnceAsync(long registryId, MavenPath path, CancellationToken cancellationToken)
    {
        var candidates = await entries.CandidatesAsync(registryId, path, cancellationToken);
        if (candidates.Count == 0) return new WalkEnd.NoUpstreams();
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var absent = new List<long>();
        WalkEnd.Undecided? undecided = null;
        foreach (var candidate in candidates)
        {
            if (candidate.Entry is { } entry && Freshness.Until(candidate.Upstream, path, entry.UpstreamCheckedAt) is var until && until > now)
                return new WalkEnd.Held(entry, until, Failure: null);
            if (candidate.Entry is null && (candidate.AbsentUntil > now || absences.Remembers(candidate.Upstream.Id, path)))
            {
                absent.Add(candidate.Upstream.Id);
                continue;
            }
            switch (await AskAsync(candidate, path, absent, cancellationToken))
            {
                case WalkEnd.Nowhere:
                    absent.Add(candidate.Upstream.Id);
                    break;
                case WalkEnd.Undecided failed when !await entries.HasSuppliedAsync(candidate.Upstream.Id, path.Artifact, cancellationToken):
                    undecided ??= failed;
                    break;
                case var end:
                    return end;
            }
        }
        return undecided ?? (WalkEnd)new WalkEnd.Nowhere();
    }

    private async Task<WalkEnd> AskAsync(
        Candidate candidate, MavenPath path, IReadOnlyList<long> absentAbove, CancellationToken cancellationToken)
    {
        var (upstream, entry, _) = candidate;
        var reader = downloads.Join(candidate, path, [.. absentAbove]);
        var keep = false;
        try
        {
            switch (await reader.OpenedAsync(cancellationToken))
            {
                case DownloadOpening.Streaming streaming:
                    keep = true;
                    return new WalkEnd.Arriving(upstream, reader, streaming.Headers);
                case DownloadOpening.NotModified when entry is not null:
                    var checkedAt = time.GetUtcNow().ToUnixTimeMilliseconds();
                    return new WalkEnd.Held(entry, Freshness.Until(upstream, path, checkedAt), Failure: null);
                case DownloadOpening.Absent { Status: var status } when entry is null || status is 404 or 410:
                    if (entry is not null) await entries.RemoveAsync(entry, cancellationToken);
                    return new WalkEnd.Nowhere();
                case DownloadOpening.Absent { Status: var status }:
                    return Stale(candidate, path, UpstreamFailure.OfStatus(status));
                case DownloadOpening.Overtaken:
                    return new WalkEnd.Overtaken();
                case DownloadOpening.Failed { Failure: var failure }:
                    UpstreamFailed(logger, upstream.Id, upstream.Name, path.Value, failure.Kind, failure.Detail);
                    return Stale(candidate, path, failure);
                default:
                    throw new InvalidOperationException("An upstream answered 'not modified' to an unconditional request.");
            }
        }
        finally
        {
            if (!keep) await reader.DisposeAsync();
        }
    }

    private WalkEnd Stale(Candidate candidate, MavenPath path, UpstreamFailure failure)
    {
        if (candidate.Entry is not { } entry) return new WalkEnd.Undecided(candidate.Upstream, failure);
        var staleSince = Freshness.Until(candidate.Upstream, path, entry.UpstreamCheckedAt);
        var bound = options.Upstreams.MaxStaleHours;
        var tooOld = bound > 0 && time.GetUtcNow() - Http.ApiJson.Instant(staleSince) > TimeSpan.FromHours(bound);
        return tooOld ? new WalkEnd.Undecided(candidate.Upstream, failure) : new WalkEnd.Held(entry, staleSince, failure);
    }

    [LoggerMessage(4001, LogLevel.Warning, "Upstream {UpstreamId} ({UpstreamName}) failed for {Path}: {Kind}, {Detail}")]
    private static partial void UpstreamFailed(
        ILogger logger, long upstreamId, string upstreamName, string path, UpstreamFailureKind kind, string detail);
}
