using System.Runtime.CompilerServices;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
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
    private const long PartBytes = 16 << 20;       // from here on in parts, several at a time
    private const long LargestCopy = 5L << 30;     // S3's bound for one copy request
    private const int ParallelParts = 4;

    // The same content that somebody stored within this time needs no new date: its row comes long before any sweep.
    private static readonly TimeSpan Young = TimeSpan.FromMinutes(15);

    // The date of one object comes in whole seconds, rounded down.
    private static readonly TimeSpan DateUnit = TimeSpan.FromSeconds(1);

    private readonly S3BlobOptions options;
    private readonly TimeProvider time;
    private readonly AmazonS3Client client;
    private readonly TransferUtility transfer;
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
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.ForcePathStyle,
            RequestChecksumCalculation = options.SendChecksums ? RequestChecksumCalculation.WHEN_SUPPORTED : RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = options.SendChecksums ? ResponseChecksumValidation.WHEN_SUPPORTED : ResponseChecksumValidation.WHEN_REQUIRED,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = 3,
            Timeout = options.IdleTimeout,
        };
        if (options.ServiceUrl.Length > 0) (config.ServiceURL, config.AuthenticationRegion) = (options.ServiceUrl, options.Region);
        else config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        client = options.AccessKey.Length > 0
            ? new AmazonS3Client(new BasicAWSCredentials(options.AccessKey, options.SecretKey), config)
            : new AmazonS3Client(config);
        transfer = new TransferUtility(client, new TransferUtilityConfig { ConcurrentServiceRequests = ParallelParts, MinSizeBeforePartUpload = PartBytes });
    }

    /// <summary>Bytes of copies on the local disk.</summary>
    public long CachedBytes => cache.Bytes;

    /// <summary>Asks whether the bucket is there and lets this server in.</summary>
    /// <exception cref="BlobStoreUnavailableException">It says no, or does not answer.</exception>
    public Task ProbeAsync(CancellationToken cancellationToken) => S3Failures.RunAsync(
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
        // S3 has no "delete if older". Who stores the content between these two requests puts a new date on it first, and
        // what was stored within the last hours is never asked to be deleted: see the sweep.
        if (await HeadAsync(digest, cancellationToken) is not { } head || head.WrittenAt + DateUnit > writtenBefore) return false;
        await S3Failures.RunAsync(token => client.DeleteObjectAsync(options.Bucket, KeyOf(digest), token), cancellationToken);
        cache.Remove(digest);
        return true;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobInfo> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = options.Bucket, Prefix = Prefix };
        while (true)
        {
            var page = await S3Failures.RunAsync(token => client.ListObjectsV2Async(request, token), cancellationToken);
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
    public Task AbortUploadsAsync(DateTimeOffset begunBefore, CancellationToken cancellationToken) => S3Failures.RunAsync(async token =>
    {
        await transfer.AbortMultipartUploadsAsync(
            new TransferUtilityAbortMultipartUploadRequest { BucketName = options.Bucket, InitiatedDate = begunBefore.UtcDateTime }, token);
        return true;
    }, cancellationToken);

    /// <summary>Ends what runs in the background.</summary>
    public async ValueTask DisposeAsync()
    {
        await copies.DisposeAsync();
        transfer.Dispose();
        client.Dispose();
    }

    /// <summary>Puts a spooled file into the bucket, unless its content is there; then it gets a new date.</summary>
    internal async ValueTask PutAsync(StoredBlob stored, string file, CancellationToken cancellationToken)
    {
        var digest = stored.Digests.Sha256;
        var head = await HeadAsync(digest, cancellationToken);
        if (head is null || head.Length != stored.Length) await UploadAsync(stored, file, cancellationToken);
        else if (time.GetUtcNow() - head.WrittenAt > Young) await TouchAsync(stored, file, cancellationToken);
        cache.Take(digest, stored.Length, file);
    }

    private Task<bool> UploadAsync(StoredBlob stored, string file, CancellationToken cancellationToken) => S3Failures.RunAsync(async token =>
    {
        var key = KeyOf(stored.Digests.Sha256);
        if (stored.Length < PartBytes)
        {
            await client.PutObjectAsync(new PutObjectRequest
            {
                BucketName = options.Bucket, Key = key, FilePath = file, ContentType = "application/octet-stream",
                MD5Digest = Convert.ToBase64String(Convert.FromHexString(stored.Digests.Md5)),
            }, token);
        }
        else
        {
            await transfer.UploadAsync(new TransferUtilityUploadRequest
            {
                BucketName = options.Bucket, Key = key, FilePath = file, ContentType = "application/octet-stream", PartSize = PartBytes,
            }, token);
        }
        return true;
    }, cancellationToken);

    private Task TouchAsync(StoredBlob stored, string file, CancellationToken cancellationToken)
    {
        if (stored.Length > LargestCopy) return UploadAsync(stored, file, cancellationToken);
        var key = KeyOf(stored.Digests.Sha256);
        return S3Failures.RunAsync(token => client.CopyObjectAsync(new CopyObjectRequest
        {
            SourceBucket = options.Bucket, SourceKey = key, DestinationBucket = options.Bucket, DestinationKey = key,
            MetadataDirective = S3MetadataDirective.REPLACE, ContentType = "application/octet-stream",
        }, token), cancellationToken);
    }

    private Task<BlobInfo?> HeadAsync(Sha256 digest, CancellationToken cancellationToken) => S3Failures.RunAsync(async token =>
    {
        try
        {
            var head = await client.GetObjectMetadataAsync(options.Bucket, KeyOf(digest), token);
            return new BlobInfo(digest, head.ContentLength, Instant(head.LastModified));
        }
        catch (AmazonS3Exception e) when (S3Failures.IsAbsent(e))
        {
            return null;
        }
    }, cancellationToken);

    private Task<GetObjectResponse?> GetAsync(Sha256 digest, long offset, CancellationToken cancellationToken) => S3Failures.RunAsync(async token =>
    {
        try
        {
            var request = new GetObjectRequest { BucketName = options.Bucket, Key = KeyOf(digest) };
            if (offset > 0) request.ByteRange = new ByteRange($"bytes={offset}-");
            return await client.GetObjectAsync(request, token);
        }
        catch (AmazonS3Exception e) when (S3Failures.IsAbsent(e))
        {
            return null;
        }
    }, cancellationToken);

    private async Task<GetObjectResponse> ResumeAsync(Sha256 digest, long offset, CancellationToken cancellationToken) =>
        await GetAsync(digest, offset, cancellationToken) ?? throw new IOException($"Blob {digest} was deleted while it was being read.");

    private async Task<S3Blob?> OpenInBucketAsync(Sha256 digest, CancellationToken cancellationToken) =>
        await GetAsync(digest, 0, cancellationToken) is { } answer
            ? new S3Blob(answer, answer.ContentLength, (offset, token) => ResumeAsync(digest, offset, token), options.IdleTimeout)
            : null;

    private static async Task<byte[]> ReadAllAsync(S3Blob blob, CancellationToken cancellationToken)
    {
        var bytes = new byte[blob.Length];
        for (var offset = 0; offset < bytes.Length;) offset += await blob.ReadAsync(offset, bytes.AsMemory(offset), cancellationToken);
        return bytes;
    }

    private string NewTemp() => Path.Combine(spool, Guid.NewGuid().ToString("N"));

    private static string KeyOf(Sha256 digest) => $"{Prefix}{digest.Hex[..2]}/{digest.Hex}";

    private static DateTimeOffset Instant(DateTime? date) => new(DateTime.SpecifyKind(date ?? default, DateTimeKind.Utc));
}
