namespace Larder.Storage.Blobs;

/// <summary>
/// A blob being written, by one writer at a time: <see cref="GetMemory"/>, fill, <see cref="AdvanceAsync"/>, again, then
/// <see cref="CommitAsync"/> once. Disposing without a commit discards everything; disposing after one does nothing,
/// so it can always stand in <c>await using</c>. Memory per writer is fixed, whatever the length of the blob.
/// </summary>
public abstract class BlobWriter : IAsyncDisposable
{
    /// <summary>Bytes written so far. They are readable through <see cref="OpenWritten"/>.</summary>
    public abstract long Length { get; }

    /// <summary>Memory to fill next: at least one byte, usually tens of KiB.</summary>
    public abstract Memory<byte> GetMemory();

    /// <summary>Writes the first <paramref name="count"/> bytes of what <see cref="GetMemory"/> gave.</summary>
    /// <exception cref="IOException">The medium failed; the writer can only be disposed.</exception>
    public abstract ValueTask AdvanceAsync(int count, CancellationToken cancellationToken);

    /// <summary>
    /// Opens what is written so far for reading while the writer goes on: reads reach up to <see cref="Length"/>.
    /// Only before the commit; the handle stays good after commit and after dispose, until it is disposed itself.
    /// </summary>
    public abstract Blob OpenWritten();

    /// <summary>
    /// Publishes the blob if it is what <paramref name="expected"/> says. The same content being there already is success.
    /// A cancelled or failed commit leaves nothing.
    /// </summary>
    /// <exception cref="IOException">The medium failed; nothing was published.</exception>
    public abstract ValueTask<BlobCommit> CommitAsync(ExpectedContent expected, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

/// <summary>How a commit ended: exactly one of the two is set.</summary>
public readonly record struct BlobCommit(StoredBlob? Stored, ContentMismatch? Mismatch);
