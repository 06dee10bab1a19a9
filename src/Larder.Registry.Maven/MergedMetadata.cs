using System.Security.Cryptography;
using BitFaster.Caching.Lru;
using Larder.Storage.Blobs;
using Larder.Storage.Upstreams;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.VirtualRegistries;

/// <summary>A merged document with the digests of its very bytes.</summary>
/// <param name="Bytes">The document.</param>
/// <param name="Digests">Its digests: checksum files and headers are derived from them.</param>
/// <param name="ChangedAt">When the youngest of its parts was cached, in Unix milliseconds.</param>
public sealed record MergedDocument(byte[] Bytes, Digests Digests, long ChangedAt);

/// <summary>How the search for metadata ended: a document, or a refusal (never one that holds a file).</summary>
/// <param name="Document">The document.</param>
/// <param name="Refusal">Why there is none.</param>
/// <param name="IsStale">Whether a part of it is stale because its upstream failed.</param>
/// <param name="Entries">The cache entries that it was made of.</param>
public sealed record MetadataEnd(MergedDocument? Document, WalkEnd? Refusal, bool IsStale, IReadOnlyList<CacheEntry> Entries)
{
    internal static MetadataEnd Refused(WalkEnd refusal) => new(null, refusal, false, []);
}

/// <summary>
/// Answers <c>maven-metadata.xml</c> for a whole registry: every upstream is asked, all at once, each one's copy serves while it
/// is fresh or its upstream fails, and the documents are merged in the order of the upstreams. A client then sees every
/// version that any upstream has, which the first document alone would hide.
/// </summary>
public sealed partial class MergedMetadata(
    Candidates candidates, CacheEntryStore entries, Inquiry inquiry, IBlobStore blobs, ILogger<MergedMetadata> logger)
{
    // A merge is a pure function of its parts and of their upstreams' rules for this path: these are the key. At most about 128 MiB.
    private const int MostRemembered = 512;
    private const int LargestRemembered = 256 * 1024;
    private readonly ConcurrentLru<string, MergedDocument> remembered = new(MostRemembered);

    /// <summary>Asks, merges.</summary>
    public async Task<MetadataEnd> FindAsync(long registryId, MavenPath path, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await candidates.OfAsync(registryId, path, cancellationToken) is not { } admitted)
                return MetadataEnd.Refused(new WalkEnd.NoUpstreams());
            var answers = await Task.WhenAll(admitted.Select(candidate => AskAsync(candidate, path, cancellationToken)));
            if (answers.Any(answer => answer.Overtaken)) continue;
            if (await RefusalAsync(answers, path, cancellationToken) is { } refusal) return MetadataEnd.Refused(refusal);
            await RememberAbsenceAsync(admitted, answers, path, cancellationToken);
            var parts = answers.Select(answer => answer.Part).OfType<Part>().ToList();
            var (document, isLost) = await MergeAsync(parts, path, cancellationToken);
            if (isLost) continue;
            return document is null
                ? MetadataEnd.Refused(new WalkEnd.Undecided(answers.First(answer => answer.Part is not null).Upstream,
                    new(UpstreamFailureKind.Malformed, "its metadata is not well-formed")))
                : new MetadataEnd(document, null, answers.Any(answer => answer.Failure is not null),
                    [.. parts.Select(part => part.Entry).OfType<CacheEntry>()]);
        }
    }

    private async Task<Answer> AskAsync(Candidate candidate, MavenPath path, CancellationToken cancellationToken)
    {
        var upstream = candidate.Upstream;
        switch (await inquiry.AskAsync(candidate, path, [], cancellationToken))
        {
            case WalkEnd.Held held:
                return new(upstream, new Part(held.Entry.Blob, held.Entry.CreatedAt, held.Entry, candidate.Rules), held.FreshUntil, held.Failure);
            case WalkEnd.Arriving arriving:
                await using (arriving.Reader)
                {
                    arriving.Reader.KeepFilling();
                    var end = await arriving.Reader.CompletedAsync(cancellationToken);
                    if (end.Completed is not { } completed)
                        return candidate.Entry is { } stale
                            ? new(upstream, new Part(stale.Blob, stale.CreatedAt, stale, candidate.Rules), 0, end.Failure)
                            : new(upstream, null, 0, end.Failure);
                    var now = inquiry.Now;
                    return new(upstream, new Part(completed.Blob, now, null, candidate.Rules), Freshness.Until(upstream, path, now), null);
                }
            case WalkEnd.Undecided undecided:
                return new(upstream, null, 0, undecided.Failure);
            case WalkEnd.Overtaken:
                return new(upstream, null, 0, null) { Overtaken = true };
            default:
                return new(upstream, null, 0, null);
        }
    }

    // The rules of the walk: absent only if all say so; a failed upstream that has supplied the artifact is not left out.
    private async Task<WalkEnd?> RefusalAsync(Answer[] answers, MavenPath path, CancellationToken cancellationToken)
    {
        var failed = answers.Where(answer => answer.Part is null && answer.Failure is not null).ToList();
        foreach (var answer in failed)
        {
            if (await entries.HasSuppliedAsync(answer.Upstream.Id, path.Artifact, cancellationToken))
                return new WalkEnd.Undecided(answer.Upstream, answer.Failure!);
        }
        if (answers.Any(answer => answer.Part is not null)) return null;
        return failed.Count > 0 ? new WalkEnd.Undecided(failed[0].Upstream, failed[0].Failure!) : new WalkEnd.Nowhere();
    }

    // Once for each validity, not for each request: what is remembered already is not written again.
    private async Task RememberAbsenceAsync(
        IReadOnlyList<Candidate> admitted, Answer[] answers, MavenPath path, CancellationToken cancellationToken)
    {
        var until = answers.Where(answer => answer.Part is not null).Min(answer => answer.FreshUntil);
        var now = inquiry.Now;
        var absent = answers.Zip(admitted).Where(pair => pair.First is { Part: null, Failure: null } && !(pair.Second.AbsentUntil > now))
            .Select(pair => pair.First.Upstream).ToList();
        if (absent.Count > 0 && until > now) await entries.RememberAbsenceAsync(absent, path, until, cancellationToken);
    }

    // A part whose bytes are gone is dropped, and everybody asked again.
    private async Task<(MergedDocument? Document, bool IsLost)> MergeAsync(List<Part> parts, MavenPath path, CancellationToken cancellationToken)
    {
        var key = $"{path} {string.Join(' ', parts.Select(part => part.Blob.Digests.Sha256.Hex + part.Rules.Fingerprint))}";
        if (remembered.TryGet(key, out var known)) return (known, false);
        var documents = new List<(MavenMetadata Metadata, byte[] Bytes)>(parts.Count);
        foreach (var part in parts)
        {
            await using var blob = await blobs.OpenAsync(part.Blob.Digests.Sha256, cancellationToken);
            if (blob is null && part.Entry is not null)
            {
                await entries.RemoveAsync(part.Entry, cancellationToken);
                return (null, true);
            }
            var bytes = blob is null || blob.Length > MavenMetadata.LargestDocument ? null : await ReadAsync(blob, cancellationToken);
            if (bytes is not null && await MavenMetadata.ReadAsync(bytes, cancellationToken) is { } document)
            {
                var admitted = document.Where(version => part.Rules.Admits(path, version));
                documents.Add((admitted, ReferenceEquals(admitted, document) ? bytes : admitted.Write()));
            }
            else UnreadableMetadata(logger, path.Value, part.Blob.Digests.Sha256);
        }
        if (documents.Count == 0) return (null, false);
        // One document alone stays as it is: signatures of it hold.
        var merged = documents.Count == 1 ? documents[0].Bytes : MetadataMerge.Merge([.. documents.Select(document => document.Metadata)]).Write();
        var result = new MergedDocument(merged, DigestsOf(merged), parts.Max(part => part.CachedAt));
        if (merged.Length <= LargestRemembered && documents.Count == parts.Count) remembered.AddOrUpdate(key, result);
        return (result, false);
    }

    private static async Task<byte[]> ReadAsync(Blob blob, CancellationToken cancellationToken)
    {
        var bytes = new byte[blob.Length];
        for (var offset = 0; offset < bytes.Length;)
        {
            var read = await blob.ReadAsync(offset, bytes.AsMemory(offset), cancellationToken);
            if (read == 0) throw new EndOfStreamException("A blob ended before its length.");
            offset += read;
        }
        return bytes;
    }

#pragma warning disable CA5350, CA5351 // Checksums that Maven asks for; nothing is protected by them.
    private static Digests DigestsOf(byte[] bytes) => new(
        Convert.ToHexStringLower(MD5.HashData(bytes)), Convert.ToHexStringLower(SHA1.HashData(bytes)),
        Sha256.FromBytes(SHA256.HashData(bytes)), Convert.ToHexStringLower(SHA512.HashData(bytes)));
#pragma warning restore CA5350, CA5351

    private sealed record Part(StoredBlob Blob, long CachedAt, CacheEntry? Entry, RuleSet Rules);

    // Part: a copy. Failure without one: it could not be asked; with one: the copy is stale. Neither: it does not have it.
    private sealed record Answer(Upstream Upstream, Part? Part, long FreshUntil, UpstreamFailure? Failure)
    {
        public bool Overtaken { get; init; }
    }

    [LoggerMessage(4003, LogLevel.Warning, "A copy of {Path} cannot be merged: {Sha256} is gone or not well-formed metadata")]
    private static partial void UnreadableMetadata(ILogger logger, string path, Sha256 sha256);
}
