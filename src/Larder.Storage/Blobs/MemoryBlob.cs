namespace Larder.Storage.Blobs;

/// <summary>A small blob in memory. It holds nothing that must be given back, so any number of readers may share it.</summary>
public sealed class MemoryBlob(byte[] bytes) : Blob
{
    /// <inheritdoc/>
    public override long Length => bytes.Length;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (offset >= bytes.Length) return new(0);
        var count = (int)Math.Min(buffer.Length, bytes.Length - offset);
        bytes.AsMemory((int)offset, count).CopyTo(buffer);
        return new(count);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => default;
}
