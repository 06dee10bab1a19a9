using BitFaster.Caching.Lru;

namespace Larder.Storage.Blobs;

/// <summary>
/// Keeps small, often opened blobs in memory in front of another store: most files of a build are a few KiB, and opening
/// one costs more than sending it. A blob is kept from its second opening on. Blobs never change, so nothing goes stale.
/// </summary>
public sealed class SmallBlobCache(IBlobStore store) : IBlobStore
{
    /// <summary>The largest blob that is kept, in bytes.</summary>
    public const int LargestBlob = 64 * 1024;

    /// <summary>How many are kept: at most 32 MiB in all.</summary>
    public const int MostBlobs = 512;

    private readonly ConcurrentLru<Sha256, MemoryBlob?> kept = new(MostBlobs);
    private readonly ConcurrentLru<Sha256, bool> seen = new(MostBlobs * 4);

    /// <inheritdoc/>
    public ValueTask<Blob?> OpenAsync(Sha256 digest, CancellationToken cancellationToken) =>
        kept.TryGet(digest, out var blob) ? new(blob) : OpenInnerAsync(digest, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlobWriter> CreateAsync(Durability durability, CancellationToken cancellationToken) =>
        store.CreateAsync(durability, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteAsync(Sha256 digest, DateTimeOffset writtenBefore, CancellationToken cancellationToken)
    {
        var deleted = await store.DeleteAsync(digest, writtenBefore, cancellationToken);
        kept.TryRemove(digest);
        return deleted;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DiscardAsync(Sha256 digest, DateTimeOffset writtenBefore, CancellationToken cancellationToken)
    {
        var discarded = await store.DiscardAsync(digest, writtenBefore, cancellationToken);
        kept.TryRemove(digest);
        return discarded;
    }

    /// <inheritdoc/>
    public Task ProbeAsync(CancellationToken cancellationToken) => store.ProbeAsync(cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<BlobInfo> ListAsync(CancellationToken cancellationToken) => store.ListAsync(cancellationToken);

    private async ValueTask<Blob?> OpenInnerAsync(Sha256 digest, CancellationToken cancellationToken)
    {
        var blob = await store.OpenAsync(digest, cancellationToken);
        if (blob is null || blob.Length > LargestBlob) return blob;
        if (!seen.TryGet(digest, out _))
        {
            seen.AddOrUpdate(digest, true);
            return blob;
        }
        await using (blob)
        {
            var bytes = new byte[blob.Length];
            for (var offset = 0; offset < bytes.Length;)
            {
                var read = await blob.ReadAsync(offset, bytes.AsMemory(offset), cancellationToken);
                if (read == 0) throw new EndOfStreamException($"Blob {digest} ended before its length.");
                offset += read;
            }
            var memory = new MemoryBlob(bytes);
            kept.AddOrUpdate(digest, memory);
            return memory;
        }
    }
}
