using Larder.Storage.Upstreams;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Finds out what one upstream has of one file: from its fresh copy, its remembered absence, or by asking it, and falls back to
/// the stale copy when it fails.
/// </summary>
public sealed class Inquiry(
    CacheEntryStore entries, AbsenceMemory absences, MavenDownloads downloads, UpstreamFigures figures, LarderOptions options, TimeProvider time)
{
    /// <summary>The clock by which copies are fresh or stale, in Unix milliseconds.</summary>
    internal long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// What this upstream has to say of the file. Never <see cref="WalkEnd.NoUpstreams"/>.
    /// </summary>
    /// <param name="candidate">The upstream and what is known there.</param>
    /// <param name="path">The file.</param>
    /// <param name="absentAbove">Upstreams that said "not here" on the way: remembered for as long as a copy that comes is fresh.</param>
    /// <param name="cancellationToken">Ends the waiting of this caller, not the asking.</param>
    public async Task<WalkEnd> AskAsync(
        Candidate candidate, MavenPath path, IReadOnlyList<Upstream> absentAbove, CancellationToken cancellationToken)
    {
        if (Known(candidate, path) is { } known)
        {
            figures.CountAvoided(candidate.Upstream.Id);
            return known.End;
        }
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

    /// <summary>
    /// What is known without asking: a fresh copy or a remembered absence, and until when (Unix milliseconds). Null: it must be asked.
    /// </summary>
    internal (WalkEnd End, long Until)? Known(Candidate candidate, MavenPath path)
    {
        var (upstream, entry, absentUntil) = candidate;
        var now = Now;
        if (entry is not null)
            return Freshness.Until(upstream, path, entry.UpstreamCheckedAt) is var until && until > now ? (new WalkEnd.Held(entry, until, Failure: null), until) : null;
        var remembered = Math.Max(absentUntil ?? 0, absences.Until(upstream, path));
        return remembered > now ? (new WalkEnd.Nowhere(), remembered) : null;
    }

    /// <summary>What an upstream that fails comes to: its stale copy, if there is one that is not too old.</summary>
    internal WalkEnd Stale(Candidate candidate, MavenPath path, UpstreamFailure failure)
    {
        if (candidate.Entry is not { } entry) return new WalkEnd.Undecided(candidate.Upstream, failure);
        var staleSince = Freshness.Until(candidate.Upstream, path, entry.UpstreamCheckedAt);
        var bound = options.Upstreams.MaxStaleHours;
        var tooOld = bound > 0 && time.GetUtcNow() - Http.ApiJson.Instant(staleSince) > TimeSpan.FromHours(bound);
        return tooOld ? new WalkEnd.Undecided(candidate.Upstream, failure) : new WalkEnd.Held(entry, staleSince, failure);
    }
}
