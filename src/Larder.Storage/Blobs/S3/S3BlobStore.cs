using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace Larder.Storage.Blobs.S3;

/// <summary>
/// Blobs in a bucket, for any number of nodes: <c>sha256/ab/abcd…</c>, as the file-system store names them. What is read again
/// is copied to the local disk.
/// </summary>
public sealed class S3BlobStore : IBlobStore, IAsyncDisposable
{
    private const string Prefix = "sha256/";
    private const int SmallBytes = 64 * 1024;      // comes with one answer, into memory

    // The same content that somebody stored within this time needs no new date: its row comes long before any sweep.
    private static readonly TimeSpan Young = TimeSpan.FromMinutes(15);

    // The date of one object comes in whole seconds, rounded down.
    private static readonly TimeSpan DateUnit = TimeSpan.FromSeconds(1);

    private readonly S3BlobOptions options;
    private readonly TimeProvider time;
    private readonly AmazonS3Client client;
    private readonly S3Requests requests;
    private readonly S3Upload upload;
    private readonly S3Copies duplicates;
    private readonly S3Trash trash;
    private readonly ConcurrentDictionary<Sha256, Task> sending = new();
    private readonly string spool;
    private readonly ReadCache cache;
    private readonly LocalCopies copies;

    /// <summary>Takes the local folder. The bucket is not asked yet.</summary>
    public S3BlobStore(S3BlobOptions options, TimeProvider time, ILogger<S3BlobStore> logger)
    {
        (this.options, this.time) = (options, time);
        spool = Path.Combine(options.LocalFolder, "spool");
        if (Directory.Exists(spool)) Directory.Delete(spool, recursive: true);
        Directory.CreateDirectory(spool);
        cache = new ReadCache(Path.Combine(options.LocalFolder, "cache"), options.CacheBytes);
        copies = new LocalCopies(cache, NewTemp, async (digest, token) => await OpenInBucketAsync(digest, token), logger);
        client = S3Connection.Open(options, options.ServiceUrl);
        requests = new S3Requests(time, options.IdleTimeout);
        upload = new S3Upload(options, client, requests);
        duplicates = new S3Copies(options, client, requests);
        trash = new S3Trash(options, client, requests, duplicates);
    }

    /// <summary>Bytes of copies on the local disk.</summary>
    public long CachedBytes => cache.Bytes;

    /// <inheritdoc/>
    public Task ProbeAsync(CancellationToken cancellationToken) => requests.AskAsync(
        token => client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = options.Bucket, Prefix = Prefix, MaxKeys = 1 }, token), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<Blob?> OpenAsync(Sha256 digest, CancellationToken cancellationToken)
    {
        if (cache.Open(digest) is { } copy) return copy;
        var blob = await OpenInBucketAsync(digest, cancellationToken);
        if (blob is null || blob.Length > SmallBytes)
        {
            if (blob is not null) copies.NoteOpening(digest, blob.Length);
            return blob;
        }
        // It is here with its head: whoever opened it keeps it, also when it is deleted meanwhile.
        await using (blob) return new MemoryBlob(await ReadAllAsync(blob, cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> CreateAsync(Durability durability, CancellationToken cancellationToken) =>
        new(new S3BlobWriter(NewTemp(), this));

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteAsync(Sha256 digest, DateTimeOffset writtenBefore, CancellationToken cancellationToken)
    {
        if (await HeadAsync(digest, cancellationToken) is not { } head || head.WrittenAt + DateUnit > writtenBefore) return false;
        await trash.PutAsync(digest, head.Length, cancellationToken);
        await RemoveAsync(digest, cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DiscardAsync(Sha256 digest, DateTimeOffset writtenBefore, CancellationToken cancellationToken)
    {
        if (await HeadAsync(digest, cancellationToken) is not { } head || head.WrittenAt + DateUnit > writtenBefore) return false;
        await trash.RemoveAsync(digest, cancellationToken);
        await RemoveAsync(digest, cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobInfo> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = options.Bucket, Prefix = Prefix };
        while (true)
        {
            var page = await requests.AskAsync(token => client.ListObjectsV2Async(request, token), cancellationToken);
            foreach (var entry in page.S3Objects ?? [])
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Sha256.TryParse(entry.Key[(entry.Key.LastIndexOf('/') + 1)..], out var digest))
                    yield return new BlobInfo(digest, entry.Size ?? 0, Instant(entry.LastModified));
            }
            if (page.IsTruncated != true) yield break;
            request.ContinuationToken = page.NextContinuationToken;
        }
    }

    /// <summary>Ends uploads in parts that a killed node has left behind.</summary>
    public async Task AbortUploadsAsync(DateTimeOffset begunBefore, CancellationToken cancellationToken)
    {
        await upload.AbortAsync(Prefix, begunBefore, cancellationToken);
        await upload.AbortAsync(S3Trash.Prefix, begunBefore, cancellationToken);
    }

    /// <summary>
    /// Removes for good what was deleted before an instant. What somebody wants after all, because it was stored again in the
    /// moment of its deletion, is put back to its place.
    /// </summary>
    /// <param name="deletedBefore">By the clock of the bucket: so long ago that every upload of that time is over.</param>
    /// <param name="wanted">Those of some digests that are wanted.</param>
    /// <param name="cancellationToken">Ends it between two blobs.</param>
    /// <returns>How many were put back.</returns>
    public async Task<int> EmptyTrashAsync(
        DateTimeOffset deletedBefore, Func<IReadOnlyList<Sha256>, Task<IReadOnlySet<Sha256>>> wanted, CancellationToken cancellationToken)
    {
        var restored = 0;
        await foreach (var page in trash.ListAsync(deletedBefore, cancellationToken))
        {
            var named = page.Count == 0 ? new HashSet<Sha256>() : await wanted(page);
            foreach (var digest in page)
            {
                if (named.Contains(digest) && await HeadAsync(digest, cancellationToken) is null
                    && await trash.TryRestoreAsync(digest, cancellationToken)) restored++;
                await trash.RemoveAsync(digest, cancellationToken);
            }
        }
        return restored;
    }

    /// <summary>Ends what runs in the background.</summary>
    public async ValueTask DisposeAsync()
    {
        await copies.DisposeAsync();
        client.Dispose();
    }

    /// <summary>
    /// Puts a spooled file into the bucket, unless its content is there; then it gets a new date. Who comes with the same content
    /// meanwhile waits, and finds it there.
    /// </summary>
    internal async ValueTask PutAsync(StoredBlob stored, string file, CancellationToken cancellationToken)
    {
        var digest = stored.Digests.Sha256;
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (sending.GetOrAdd(digest, mine.Task) is var first && first != mine.Task) await first.WaitAsync(cancellationToken);
        try
        {
            var head = await HeadAsync(digest, cancellationToken);
            if (head is null || head.Length != stored.Length) await UploadAsync(stored, file, cancellationToken);
            else if (time.GetUtcNow() - head.WrittenAt > Young) await TouchAsync(stored, file, cancellationToken);
        }
        finally
        {
            sending.TryRemove(digest, out _);
            mine.SetResult();
        }
        cache.Take(digest, stored.Length, file);
    }

    private Task UploadAsync(StoredBlob stored, string file, CancellationToken cancellationToken) =>
        upload.SendAsync(KeyOf(stored.Digests.Sha256), stored, file, cancellationToken);

    // Unless it was deleted meanwhile, its new date is all that it takes.
    private async Task TouchAsync(StoredBlob stored, string file, CancellationToken cancellationToken)
    {
        var key = KeyOf(stored.Digests.Sha256);
        if (!await duplicates.TryCopyAsync(key, key, stored.Length, cancellationToken)) await UploadAsync(stored, file, cancellationToken);
    }

    private async Task RemoveAsync(Sha256 digest, CancellationToken cancellationToken)
    {
        await requests.AskAsync(token => client.DeleteObjectAsync(options.Bucket, KeyOf(digest), token), cancellationToken);
        cache.Remove(digest);
    }

    private async Task<BlobInfo?> HeadAsync(Sha256 digest, CancellationToken cancellationToken) =>
        await requests.FindAsync(token => client.GetObjectMetadataAsync(options.Bucket, KeyOf(digest), token), cancellationToken) is { } head
            ? new BlobInfo(digest, head.ContentLength, Instant(head.LastModified)) : null;

    private Task<GetObjectResponse?> GetAsync(Sha256 digest, long offset, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = options.Bucket, Key = KeyOf(digest) };
        if (offset > 0) request.ByteRange = new ByteRange($"bytes={offset}-");
        return requests.FindAsync(token => client.GetObjectAsync(request, token), cancellationToken);
    }

    private async Task<GetObjectResponse> ResumeAsync(Sha256 digest, long offset, long length, CancellationToken cancellationToken)
    {
        var answer = await GetAsync(digest, offset, cancellationToken) ?? throw new IOException($"Blob {digest} was deleted while it was being read.");
        // A proxy between may not know ranges: to go on with the first byte would mix the two.
        if (offset == 0 ? answer.ContentLength == length : answer.ContentRange == $"bytes {offset}-{length - 1}/{length}") return answer;
        answer.Dispose();
        throw new IOException($"The bucket answered another part of blob {digest} than the one from {offset} on.");
    }

    private async Task<S3Blob?> OpenInBucketAsync(Sha256 digest, CancellationToken cancellationToken)
    {
        var answer = await GetAsync(digest, 0, cancellationToken);
        if (answer is null && await trash.TryRestoreAsync(digest, cancellationToken)) answer = await GetAsync(digest, 0, cancellationToken);
        if (answer is null) return null;
        var length = answer.ContentLength;
        return new S3Blob(answer, length, (offset, token) => ResumeAsync(digest, offset, length, token), time, options.IdleTimeout);
    }

    private static async Task<byte[]> ReadAllAsync(S3Blob blob, CancellationToken cancellationToken)
    {
        var bytes = new byte[blob.Length];
        for (var offset = 0; offset < bytes.Length;) offset += await blob.ReadAsync(offset, bytes.AsMemory(offset), cancellationToken);
        return bytes;
    }

    private string NewTemp() => Path.Combine(spool, Guid.NewGuid().ToString("N"));

    internal static string KeyOf(Sha256 digest) => $"{Prefix}{digest.Hex[..2]}/{digest.Hex}";

    internal static DateTimeOffset Instant(DateTime? date) => new(DateTime.SpecifyKind(date ?? default, DateTimeKind.Utc));
}
