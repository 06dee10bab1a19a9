using Larder.Registry.Data;
using Larder.Storage.Blobs;
using Larder.Storage.Upstreams;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Turns a miss, or a stale copy, into a download that all who want the file share, and its end into rows.
/// </summary>
public sealed class MavenDownloads(
    Downloads downloads, UpstreamClient client, CacheEntryStore entries, AbsenceMemory absences, UpstreamPasswords passwords, ChangeNotices changes, FillLeases fills,
    UpstreamFigures figures, LarderOptions options, TimeProvider time, ILogger<MavenDownloads> logger)
{
    /// <summary>Joins the download of this file from this upstream, or begins it.</summary>
    /// <param name="candidate">The upstream, and its stale copy if there is one: then the request is conditional.</param>
    /// <param name="path">The file.</param>
    /// <param name="absentAbove">Upstreams above that said "not here" on the way; not changed any more.</param>
    public DownloadReader Join(Candidate candidate, MavenPath path, IReadOnlyList<Upstream> absentAbove)
    {
        var mine = false;
        var reader = downloads.Join(new DownloadKey(candidate.Upstream.Id, path.Value, candidate.Upstream.AbsenceGeneration), () =>
        {
            mine = true;
            return Plan(candidate, path, absentAbove);
        });
        if (!mine) figures.CountAvoided(candidate.Upstream.Id);
        return reader;
    }

    private MavenDownloadPlan Plan(Candidate candidate, MavenPath path, IReadOnlyList<Upstream> absentAbove) =>
        new(entries, absences, changes, fills, figures, time, logger)
        {
            Request = RequestFor(candidate, path),
            MaxBytes = options.Upstreams.MaxBytes,
            Upstream = candidate.Upstream,
            Entry = candidate.Entry,
            Path = path,
            AbsentAbove = absentAbove,
            ChecksumFile = candidate.Upstream.VerifiesChecksumFiles != 0 && !path.IsMetadata
                ? new ChecksumFile(client, new UpstreamRequest(
                    UpstreamUrl.Of(candidate.Upstream.Url, path, ChecksumFile.Suffix), RequestFor(candidate, path).Credentials))
                : null,
        };

    private UpstreamRequest RequestFor(Candidate candidate, MavenPath path)
    {
        var (upstream, entry, _) = candidate;
        return new UpstreamRequest(
            UpstreamUrl.Of(upstream.Url, path), passwords.CredentialsOf(upstream.Username, upstream.Password),
            IfNoneMatch: entry?.UpstreamEtag,
            IfModifiedSince: entry?.UpstreamLastModified);
    }
}

/// <summary>What a download of a Maven file is for.</summary>
internal sealed partial class MavenDownloadPlan(
    CacheEntryStore entries, AbsenceMemory absences, ChangeNotices changes, FillLeases fills, UpstreamFigures figures, TimeProvider time, ILogger logger) : DownloadPlan
{
    private bool hasLease;

    public required override UpstreamRequest Request { get; init; }
    public required override long MaxBytes { get; init; }
    public required Upstream Upstream { get; init; }

    /// <summary>The copy that the request asks to confirm.</summary>
    public required CacheEntry? Entry { get; init; }

    public required MavenPath Path { get; init; }
    public required IReadOnlyList<Upstream> AbsentAbove { get; init; }

    /// <summary>What the file must agree with; null where nobody asked for that. Metadata changes between two requests.</summary>
    public required ChecksumFile? ChecksumFile { get; init; }

    public override async ValueTask<bool> IsOvertakenAsync(CancellationToken cancellationToken)
    {
        if (Entry is null && absences.Remembers(Upstream, Path)) return true;
        // First the lease, then the look: what another node has got meanwhile is seen.
        hasLease = await fills.TakeAsync(Fill, cancellationToken);
        var now = await entries.FindAsync(Upstream.Id, Path, cancellationToken);
        return now?.UpstreamCheckedAt != Entry?.UpstreamCheckedAt || now?.Blob.Digests != Entry?.Blob.Digests;
    }

    // Portals, proxies and expired domains answer 200 with a page for everything.
    public override UpstreamFailure? Refuse(UpstreamHeaders headers) =>
        headers.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) == true
        && !Path.Value.EndsWith(".html", StringComparison.Ordinal) && !Path.Value.EndsWith(".htm", StringComparison.Ordinal)
            ? new(UpstreamFailureKind.Malformed, "it answered with a web page instead of the file")
            : null;

    public override ValueTask<(ExpectedContent Expected, UpstreamFailure? Failure)> ExpectAsync(
        UpstreamHeaders headers, CancellationToken cancellationToken) =>
        ChecksumFile is null || headers.Announced.Sha1 is not null
            ? base.ExpectAsync(headers, cancellationToken)
            : ChecksumFile.AddToAsync(headers.Announced, cancellationToken);

    public override void NoteAbsence(int status)
    {
        figures.CountSent(Upstream.Id);
        // 403 is absence, but not definite enough to outweigh a copy that is here.
        if (Entry is null || status is 404 or 410) absences.Remember(Upstream, Path);
    }

    public override void NoteFailure(UpstreamFailure failure)
    {
        MavenMetrics.CountFailure(failure.Kind.ToString());
        if (failure.IsUnsent) figures.CountAvoided(Upstream.Id);
        else if (failure.Kind is UpstreamFailureKind.Abandoned or UpstreamFailureKind.NotStored) figures.CountSent(Upstream.Id); // no fault of the upstream
        else figures.CountFailed(Upstream.Id);
        UpstreamFailed(logger, Upstream.Id, Upstream.Name, Path.Value, failure.Kind, failure.Detail);
    }

    public override async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        figures.CountSent(Upstream.Id);
        await entries.ConfirmAsync(Entry!, Path, FreshUntil(), AbsentAbove, cancellationToken);
        changes.Publish(ChangeTopic.CachedFiles, Path.Value);
    }

    public override async Task PublishAsync(CompletedDownload completed, CancellationToken cancellationToken)
    {
        await entries.SaveAsync(new Arrival(Upstream, Path, completed.Blob, completed.Headers.ContentType,
            completed.Headers.ETag, completed.Headers.LastModified, FreshUntil(), AbsentAbove), cancellationToken);
        figures.CountSent(Upstream.Id, completed.Blob.Length);
        changes.Publish(ChangeTopic.CachedFiles, Path.Value);
    }

    public override Task EndAsync() => hasLease ? fills.ReleaseAsync(Fill) : Task.CompletedTask;

    private FillKey Fill => new(Upstream.Id, Path.Value, Upstream.AbsenceGeneration);

    private long FreshUntil() => Freshness.Until(Upstream, Path, time.GetUtcNow().ToUnixTimeMilliseconds());

    [LoggerMessage(4001, LogLevel.Warning, "Upstream {UpstreamId} ({UpstreamName}) failed for {Path}: {Kind}, {Detail}")]
    private static partial void UpstreamFailed(
        ILogger logger, long upstreamId, string upstreamName, string path, UpstreamFailureKind kind, string detail);
}
