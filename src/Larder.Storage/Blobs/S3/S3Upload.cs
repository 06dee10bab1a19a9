using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Larder.Storage.Blobs.S3;

/// <summary>
/// Sends a file under a key: a small one with one request, a larger one in parts, several at a time. Nothing is visible before
/// the last byte has arrived; parts of an upload that fails are taken away at once, or, if the bucket does not answer even
/// that, by <see cref="AbortAsync(string, DateTimeOffset, CancellationToken)"/> later.
/// </summary>
internal sealed class S3Upload(S3BlobOptions options, AmazonS3Client client, S3Requests requests)
{
    /// <summary>What every object is said to be.</summary>
    public const string ContentType = "application/octet-stream";

    private const int MostParts = 10_000; // S3's bound for one object

    /// <summary>Sends it.</summary>
    public Task SendAsync(string key, StoredBlob stored, string file, CancellationToken cancellationToken) =>
        stored.Length < options.PartBytes ? SendWholeAsync(key, stored, file, cancellationToken) : SendPartsAsync(key, stored, file, cancellationToken);

    /// <summary>Ends uploads in parts under a prefix that began before an instant: a killed node has left them.</summary>
    public async Task AbortAsync(string prefix, DateTimeOffset begunBefore, CancellationToken cancellationToken)
    {
        var request = new ListMultipartUploadsRequest { BucketName = options.Bucket, Prefix = prefix };
        while (true)
        {
            var page = await requests.RunAsync(token => client.ListMultipartUploadsAsync(request, token), cancellationToken);
            foreach (var upload in page.MultipartUploads ?? [])
                if (S3BlobStore.Instant(upload.Initiated) < begunBefore) await AbortAsync(upload.Key, upload.UploadId, cancellationToken);
            if (page.IsTruncated != true) return;
            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }
    }

    private async Task SendWholeAsync(string key, StoredBlob stored, string file, CancellationToken cancellationToken) => await requests.RunAsync(
        watch => client.PutObjectAsync(new PutObjectRequest
        {
            BucketName = options.Bucket, Key = key, FilePath = file, ContentType = ContentType,
            MD5Digest = Convert.ToBase64String(Convert.FromHexString(stored.Digests.Md5)),
            StreamTransferProgress = (_, _) => watch.Restart(),
        }, watch.Token), cancellationToken);

    private async Task SendPartsAsync(string key, StoredBlob stored, string file, CancellationToken cancellationToken)
    {
        var begun = await requests.RunAsync(token => client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = options.Bucket, Key = key, ContentType = ContentType }, token), cancellationToken);
        try
        {
            var size = Math.Max(options.PartBytes, (stored.Length + MostParts - 1) / MostParts);
            var parts = new PartETag[(stored.Length + size - 1) / size];
            var several = new ParallelOptions { MaxDegreeOfParallelism = options.ParallelParts, CancellationToken = cancellationToken };
            await Parallel.ForAsync(0, parts.Length, several, async (index, token) =>
                parts[index] = await SendPartAsync(key, begun.UploadId, file, index, index * size, Math.Min(size, stored.Length - index * size), token));
            await CompleteAsync(key, begun.UploadId, parts, stored.Length, cancellationToken);
        }
        catch
        {
            await TryAbortAsync(key, begun.UploadId);
            throw;
        }
    }

    private async Task<PartETag> SendPartAsync(
        string key, string uploadId, string file, int index, long offset, long length, CancellationToken cancellationToken)
    {
        var sent = await requests.RunAsync(watch => client.UploadPartAsync(new UploadPartRequest
        {
            BucketName = options.Bucket, Key = key, UploadId = uploadId, PartNumber = index + 1, FilePath = file, FilePosition = offset, PartSize = length,
            StreamTransferProgress = (_, _) => watch.Restart(),
        }, watch.Token), cancellationToken);
        return new PartETag(index + 1, sent.ETag);
    }

    private async Task CompleteAsync(
        string key, string uploadId, PartETag[] parts, long length, CancellationToken cancellationToken) => await requests.RunAsync(
        async token =>
        {
            try
            {
                await client.CompleteMultipartUploadAsync(
                    new CompleteMultipartUploadRequest { BucketName = options.Bucket, Key = key, UploadId = uploadId, PartETags = [.. parts] }, token);
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound)
            {
                // It was completed, and the answer to that got lost: the client has asked a second time.
                if ((await client.GetObjectMetadataAsync(options.Bucket, key, token)).ContentLength != length) throw;
            }
            return true;
        }, cancellationToken);

    // Also when the caller has gone.
    private async Task TryAbortAsync(string key, string uploadId)
    {
        try
        {
            await AbortAsync(key, uploadId, CancellationToken.None);
        }
        catch (IOException)
        {
            // What made the upload fail is what the caller should hear of.
        }
    }

    private async Task AbortAsync(string key, string uploadId, CancellationToken cancellationToken) => await requests.RunAsync(async token =>
    {
        try
        {
            await client.AbortMultipartUploadAsync(options.Bucket, key, uploadId, token);
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchUpload")
        {
            // It has ended meanwhile.
        }
        return true;
    }, cancellationToken);
}
