using Microsoft.Win32.SafeHandles;

namespace Larder.Storage.Blobs;

/// <summary>Writes a blob into a temporary file and digests it on the way; what becomes of the whole file, its store decides.</summary>
internal abstract class SpoolingBlobWriter : BlobWriter
{
    // Long bodies go to the disk while they come, so that the sync at their end is short.
    private const long WriteBackBytes = 8 << 20;

    private readonly bool willBeSynced;
    private readonly DigestLanes lanes = new();
    private long length;
    private long writtenBack;
    private bool ended;
    private bool disposed;

    /// <summary>Makes the file, whose name is free.</summary>
    protected SpoolingBlobWriter(string temp, bool willBeSynced)
    {
        this.willBeSynced = willBeSynced;
        Temp = temp;
        try
        {
            Spool = File.OpenHandle(temp, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete);
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

    /// <summary>The name of the file.</summary>
    protected string Temp { get; }

    /// <summary>The file, open for writing.</summary>
    protected SafeFileHandle Spool { get; }

    public override Memory<byte> GetMemory() => lanes.Free;

    public override async ValueTask AdvanceAsync(int count, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(count);
        if (willBeSynced && length - writtenBack >= WriteBackBytes)
        {
            FileSystemCalls.BeginWriteBack(Spool, writtenBack, length - writtenBack);
            writtenBack = length;
        }
        await lanes.AdvanceAsync(count);
    }

    public override Blob OpenWritten()
    {
        if (ended) throw new InvalidOperationException("The writer has ended.");
        return new FileBlob(File.OpenHandle(Temp, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), this);
    }

    public override async ValueTask<BlobCommit> CommitAsync(ExpectedContent expected, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (ended) throw new InvalidOperationException("A writer commits once.");
        ended = true;
        var stored = new StoredBlob(length, await lanes.FinishAsync());
        if (expected.Compare(stored) is { } mismatch) return new(null, mismatch);
        cancellationToken.ThrowIfCancellationRequested();
        await PublishAsync(stored, cancellationToken);
        return new(stored, null);
    }

    public override async ValueTask DisposeAsync()
    {
        if (disposed) return;
        disposed = true;
        await lanes.ReleaseAsync();
        Spool.Dispose();
        File.Delete(Temp); // where it was renamed there is nothing under this name
    }

    /// <summary>Makes the file, which is whole and as expected, the blob. It may be renamed.</summary>
    protected abstract ValueTask PublishAsync(StoredBlob stored, CancellationToken cancellationToken);

    private void Write(int count)
    {
        var bytes = lanes.Free.Span[..count];
        try
        {
            RandomAccess.Write(Spool, bytes, length);
        }
        catch (Exception e) when (FileSystemCalls.SaysFull(e))
        {
            throw new BlobStoreFullException(e);
        }
        Volatile.Write(ref length, length + count);
    }
}
