namespace Larder.Storage.Blobs;

/// <summary>
/// Keeps bytes under their SHA-256, each content once. Readers see a blob wholly or not at all.
/// Every implementation passes the suite <c>BlobStoreContract</c>.
/// Failures of the medium (disk full, permission, network) are <see cref="IOException"/>s; they leave the store as it was.
/// </summary>
public interface IBlobStore
{
    /// <summary>Opens a blob, or answers null when the store does not have it (or has only a torn copy of it).</summary>
    ValueTask<Blob?> OpenAsync(Sha256 digest, CancellationToken cancellationToken);

    /// <summary>Begins a blob. Until its commit nothing is visible under any digest.</summary>
    /// <param name="durability">What a successful commit promises about a power cut.</param>
    /// <param name="cancellationToken">Stops the beginning only; the writer's calls take their own.</param>
    ValueTask<BlobWriter> CreateAsync(Durability durability, CancellationToken cancellationToken);

    /// <summary>
    /// Removes a blob, unless it was written, or written again, at or after an instant: what a commit has just promised is
    /// never taken away by somebody who looked before. False when nothing was removed. Who has it open reads on undisturbed.
    /// A store that cannot do both in one step may keep it aside for some hours and give it back to whoever opens it.
    /// </summary>
    /// <param name="digest">The blob.</param>
    /// <param name="writtenBefore">By the clock of the medium; <see cref="DateTimeOffset.MaxValue"/> for whenever.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    ValueTask<bool> DeleteAsync(Sha256 digest, DateTimeOffset writtenBefore, CancellationToken cancellationToken);

    /// <summary>The same for a damaged blob: it is not kept aside, nor comes back.</summary>
    ValueTask<bool> DiscardAsync(Sha256 digest, DateTimeOffset writtenBefore, CancellationToken cancellationToken) =>
        DeleteAsync(digest, writtenBefore, cancellationToken);

    /// <summary>Asks, at little cost, whether blobs can be opened now. A store that nothing can come between says yes.</summary>
    /// <exception cref="BlobStoreUnavailableException">They cannot, and why.</exception>
    Task ProbeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Names every blob, in no order. Blobs that come or go meanwhile may or may not be among them.</summary>
    IAsyncEnumerable<BlobInfo> ListAsync(CancellationToken cancellationToken);
}

/// <summary>The store cannot be asked now, or not by this server; who tries again later may succeed.</summary>
public sealed class BlobStoreUnavailableException(string reason, Exception? inner, bool needsOperator = false)
    : IOException($"The blob store is not available: {reason}.", inner)
{
    /// <summary>Waiting does not help: it is set up wrongly.</summary>
    public bool NeedsOperator => needsOperator;
}

/// <summary>There is no room for a blob: the disk, or the share of it that this process may use, is full.</summary>
public sealed class BlobStoreFullException(Exception inner) : IOException("There is no room for a blob.", inner);

/// <summary>A blob as a listing names it.</summary>
public sealed record BlobInfo(Sha256 Digest, long Length, DateTimeOffset WrittenAt);

/// <summary>What a commit promises.</summary>
public enum Durability
{
    /// <summary>After the commit the blob survives a power cut: for what a person published.</summary>
    Durable,

    /// <summary>After a power cut the blob may be gone, never wrong: for what can be fetched again.</summary>
    Refetchable,
}

/// <summary>Bytes open for reading at any offset, by several readers at once. Dispose it to give the handle back.</summary>
public abstract class Blob : IAsyncDisposable
{
    /// <summary>The length in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Reads up to <c>buffer.Length</c> bytes from <paramref name="offset"/>; 0 only at the end or for an empty buffer.</summary>
    public abstract ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
