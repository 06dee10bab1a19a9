using Microsoft.Win32.SafeHandles;

namespace Larder.Storage.Blobs;

/// <summary>Writes a blob into a temporary file, and renames it into place when it is whole.</summary>
internal sealed class FileSystemBlobWriter : BlobWriter
{
    // Long bodies go to the disk while they come, so that the sync at their end is short.
    private const long WriteBackBytes = 8 << 20;

    private readonly BlobLayout layout;
    private readonly Durability durability;
    private readonly string temp;
    private readonly SafeFileHandle file;
    private readonly DigestLanes lanes = new();
    private long length;
    private long writtenBack;
    private bool ended;
    private bool disposed;

    public FileSystemBlobWriter(BlobLayout layout, Durability durability)
    {
        this.layout = layout;
        this.durability = durability;
        temp = layout.NewTemp();
        try
        {
            file = File.OpenHandle(temp, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete);
        }
        catch (Exception e)
        {
            lanes.Dispose();
            if (FileSystemCalls.SaysFull(e)) throw new BlobStoreFullException(e);
            throw;
        }
    }

    // Readers follow on other threads.
    public override long Length => Volatile.Read(ref length);

    public override Memory<byte> GetMemory() => lanes.Free;

    public override async ValueTask AdvanceAsync(int count, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(count);
        if (durability == Durability.Durable && length - writtenBack >= WriteBackBytes)
        {
            FileSystemCalls.BeginWriteBack(file, writtenBack, length - writtenBack);
            writtenBack = length;
        }
        await lanes.AdvanceAsync(count);
    }

    public override Blob OpenWritten()
    {
        if (ended) throw new InvalidOperationException("The writer has ended.");
        return new FileBlob(File.OpenHandle(temp, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), this);
    }

    public override async ValueTask<BlobCommit> CommitAsync(ExpectedContent expected, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (ended) throw new InvalidOperationException("A writer commits once.");
        ended = true;
        var stored = new StoredBlob(length, await lanes.FinishAsync());
        if (expected.Compare(stored) is { } mismatch) return new(null, mismatch);
        cancellationToken.ThrowIfCancellationRequested();
        Publish(stored.Digests.Sha256);
        return new(stored, null);
    }

    public override async ValueTask DisposeAsync()
    {
        if (disposed) return;
        disposed = true;
        await lanes.ReleaseAsync();
        file.Dispose();
        File.Delete(temp); // after a commit there is nothing under this name
    }

    private void Write(int count)
    {
        var bytes = lanes.Free.Span[..count];
        try
        {
            RandomAccess.Write(file, bytes, length);
        }
        catch (Exception e) when (FileSystemCalls.SaysFull(e))
        {
            throw new BlobStoreFullException(e);
        }
        Volatile.Write(ref length, length + count);
    }

    private void Publish(Sha256 digest)
    {
        try
        {
            // Some file systems find room for a file only now.
            if (durability == Durability.Durable) RandomAccess.FlushToDisk(file);
            // Over whatever stands there: it may be torn, or never have been synced. Who has it open reads on.
            lock (layout.GateOf(digest)) File.Move(temp, layout.FileOf(digest), overwrite: true);
        }
        catch (Exception e) when (FileSystemCalls.SaysFull(e))
        {
            throw new BlobStoreFullException(e);
        }
        if (durability == Durability.Durable) FileSystemCalls.SyncFolder(layout.FolderOf(digest));
    }
}
