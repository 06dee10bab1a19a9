using System.Collections.Concurrent;
using System.Security.Cryptography;
using BitFaster.Caching.Lru;
using Microsoft.Extensions.Logging;

namespace Larder.Storage.Blobs.S3;

/// <summary>
/// Copies to the local disk, in the background, what is read from the bucket more than once: what is opened once may never be
/// opened again. A copy is compared with its digest before it is kept.
/// </summary>
internal sealed partial class LocalCopies(
    ReadCache cache, Func<string> newTemp, Func<Sha256, CancellationToken, Task<Blob?>> openInBucket, ILogger logger) : IAsyncDisposable
{
    private const int MostRemembered = 10_000;
    private const int CopiesAtOnce = 2;
    private const int PieceBytes = 128 * 1024;

    private readonly ConcurrentLru<Sha256, bool> seen = new(MostRemembered);
    private readonly ConcurrentDictionary<Sha256, Task> running = new();
    private readonly SemaphoreSlim turns = new(CopiesAtOnce);
    private readonly CancellationTokenSource stopping = new();

    /// <summary>The blob has been opened in the bucket.</summary>
    public void NoteOpening(Sha256 digest, long length)
    {
        if (length > cache.LargestBlob || stopping.IsCancellationRequested) return;
        if (!seen.TryGet(digest, out _))
        {
            seen.AddOrUpdate(digest, true);
            return;
        }
        var copying = new Task<Task>(() => CopyAsync(digest));
        if (running.TryAdd(digest, copying.Unwrap())) copying.Start(TaskScheduler.Default);
    }

    /// <summary>Ends the copying and waits for that.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running.Values);
        turns.Dispose();
        stopping.Dispose();
    }

    private async Task CopyAsync(Sha256 digest)
    {
        var temp = newTemp();
        try
        {
            await turns.WaitAsync(stopping.Token);
            try
            {
                if (!cache.Has(digest) && await FetchAsync(digest, temp) is { } length) cache.Take(digest, length, temp);
            }
            finally
            {
                turns.Release();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The node stops.
        }
        catch (IOException e)
        {
            CopyFailed(logger, e, digest);
        }
        finally
        {
            File.Delete(temp);
            running.TryRemove(digest, out _);
        }
    }

    // The length, or null when the bucket no longer has it, or has something else under this name.
    private async Task<long?> FetchAsync(Sha256 digest, string temp)
    {
        await using var blob = await openInBucket(digest, stopping.Token);
        if (blob is null) return null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(temp, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var buffer = new byte[PieceBytes];
        while (await blob.ReadAsync(file.Position, buffer, stopping.Token) is > 0 and var count)
        {
            hash.AppendData(buffer, 0, count);
            file.Write(buffer, 0, count);
        }
        if (Sha256.FromBytes(hash.GetHashAndReset()) == digest) return file.Length;
        BlobWrong(logger, digest);
        return null;
    }

    [LoggerMessage(1003, LogLevel.Warning, "Blob {Sha256} could not be copied from the bucket for reading")]
    private static partial void CopyFailed(ILogger logger, Exception exception, Sha256 sha256);

    [LoggerMessage(1004, LogLevel.Error, "The bucket has other bytes under the name of blob {Sha256}: restore it from a backup")]
    private static partial void BlobWrong(ILogger logger, Sha256 sha256);
}
