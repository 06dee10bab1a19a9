using Microsoft.Win32.SafeHandles;

namespace Larder.Storage.Blobs;

/// <summary>
/// A blob in a file. Reads are plain synchronous calls: on Linux an asynchronous file read is a synchronous one on another
/// thread, and nearly all of these come from the page cache.
/// </summary>
internal sealed class FileBlob : Blob
{
    private readonly SafeFileHandle file;
    private readonly long length;
    private readonly BlobWriter? writer;

    public FileBlob(SafeFileHandle file) => (this.file, length) = (file, RandomAccess.GetLength(file));

    /// <summary>A file that its writer is still filling.</summary>
    public FileBlob(SafeFileHandle file, BlobWriter writer) => (this.file, this.writer) = (file, writer);

    public override long Length => writer?.Length ?? length;

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(RandomAccess.Read(file, buffer.Span, offset));
    }

    public override ValueTask DisposeAsync()
    {
        file.Dispose();
        return default;
    }
}
