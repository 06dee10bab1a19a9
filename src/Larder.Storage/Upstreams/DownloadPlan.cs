using Larder.Storage.Blobs;

namespace Larder.Storage.Upstreams;

/// <summary>Names a download: a file of an upstream.</summary>
/// <param name="UpstreamId">The upstream.</param>
/// <param name="Path">The file.</param>
/// <param name="Generation">
/// Counts the changes of the upstream after which its answers may be others: who comes after one does not join a download from
/// before it.
/// </param>
public readonly record struct DownloadKey(long UpstreamId, string Path, long Generation = 0);

/// <summary>A file that came whole, was verified, and is in the blob store.</summary>
public sealed record CompletedDownload(StoredBlob Blob, UpstreamHeaders Headers);

/// <summary>What a download is for: the feature's side of it. Its methods are called at most once each, never two at a time.</summary>
public abstract class DownloadPlan
{
    /// <summary>What to ask.</summary>
    public abstract UpstreamRequest Request { get; init; }

    /// <summary>The largest body that is accepted, in bytes.</summary>
    public abstract long MaxBytes { get; init; }

    /// <summary>
    /// Whether the reason for this download is gone: another one has ended between the look that found nothing and now.
    /// Asked first; then nothing is sent and everybody looks again.
    /// </summary>
    public abstract ValueTask<bool> IsOvertakenAsync(CancellationToken cancellationToken);

    /// <summary>A reason not to take the file, from what its head says; null to take it.</summary>
    public abstract UpstreamFailure? Refuse(UpstreamHeaders headers);

    /// <summary>
    /// What the whole file must be, beyond what its head announces; or why that cannot be found out. Asked when the body is here,
    /// before its last byte is shown.
    /// </summary>
    public virtual ValueTask<(ExpectedContent Expected, UpstreamFailure? Failure)> ExpectAsync(
        UpstreamHeaders headers, CancellationToken cancellationToken) => new((headers.Announced, null));

    /// <summary>The upstream said that it does not have the file. Called before anybody is told.</summary>
    public abstract void NoteAbsence(int status);

    /// <summary>
    /// It is not known whether the upstream has the file, or what came is not the file: before the first byte or after it. Called
    /// once, however many wait; not when the download was given up because nobody did.
    /// </summary>
    public abstract void NoteFailure(UpstreamFailure failure);

    /// <summary>The upstream confirmed what the validators stand for.</summary>
    public abstract Task ConfirmAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Makes the file visible to those who come later. Readers do not wait for it, and do not suffer when it fails; the
    /// download stays joinable until it has ended.
    /// </summary>
    public abstract Task PublishAsync(CompletedDownload completed, CancellationToken cancellationToken);

    /// <summary>
    /// The last call, however the download has ended, also when it was given up: what is held for it can be given back. Readers do
    /// not wait for it. It throws nothing.
    /// </summary>
    public virtual Task EndAsync() => Task.CompletedTask;
}

/// <summary>How a download began.</summary>
public abstract record DownloadOpening
{
    /// <summary>The file is coming.</summary>
    public sealed record Streaming(UpstreamHeaders Headers) : DownloadOpening;

    /// <summary>What the validators stand for is still right.</summary>
    public sealed record NotModified : DownloadOpening;

    /// <summary>The upstream does not have it.</summary>
    public sealed record Absent(int Status) : DownloadOpening;

    /// <summary>It is not known whether the upstream has it.</summary>
    public sealed record Failed(UpstreamFailure Failure) : DownloadOpening;

    /// <summary>It was not needed any more: look again.</summary>
    public sealed record Overtaken : DownloadOpening;
}

/// <summary>How a download that was streaming has ended: exactly one is set.</summary>
public sealed record DownloadEnd(CompletedDownload? Completed, UpstreamFailure? Failure);

/// <summary>A download failed after its first byte: what was read is not the whole file, and must not look like it.</summary>
public sealed class DownloadBrokenException(UpstreamFailure failure) : IOException($"The download broke: {failure.Detail}.")
{
    /// <summary>Why.</summary>
    public UpstreamFailure Failure { get; } = failure;
}

/// <summary>A running download, for display.</summary>
public sealed record RunningDownload(DownloadKey Key, long Bytes, long? Length, int Readers, DateTimeOffset Since);

/// <summary>How downloads behave.</summary>
public sealed record DownloadOptions
{
    /// <summary>When all have left, a download whose rest is at most this many bytes is finished all the same.</summary>
    public long SmallRestBytes { get; init; } = 8 << 20;
}
