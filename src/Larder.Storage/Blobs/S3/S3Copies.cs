using Amazon.S3;
using Amazon.S3.Model;

namespace Larder.Storage.Blobs.S3;

/// <summary>Copies objects inside the bucket: their bytes do not pass this server.</summary>
internal sealed class S3Copies(S3BlobOptions options, AmazonS3Client client, S3Requests requests)
{
    /// <summary>Copies one; onto itself it gets a new date. False when there is none.</summary>
    /// <param name="from">Its key.</param>
    /// <param name="to">The key of the copy.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="BlobStoreFullException">Over quota, or no room.</exception>
    /// <exception cref="BlobStoreUnavailableException">Missing bucket, refused credentials, slow or away.</exception>
    public Task<bool> TryCopyAsync(string from, string to, long length, CancellationToken cancellationToken) =>
        length <= options.CopyBytes ? TryCopyWholeAsync(from, to, cancellationToken) : TryCopyPartsAsync(from, to, length, cancellationToken);

    private Task<bool> TryCopyWholeAsync(string from, string to, CancellationToken cancellationToken) => requests.RunAsync(async token =>
    {
        try
        {
            await client.CopyObjectAsync(new CopyObjectRequest
            {
                SourceBucket = options.Bucket, SourceKey = from, DestinationBucket = options.Bucket, DestinationKey = to,
                MetadataDirective = S3MetadataDirective.REPLACE, ContentType = S3Upload.ContentType,
            }, token);
            return true;
        }
        catch (AmazonS3Exception e) when (S3Failures.IsAbsent(e))
        {
            return false;
        }
    }, cancellationToken);

    // When it breaks, its parts go like those of any upload that nobody completed.
    private async Task<bool> TryCopyPartsAsync(string from, string to, long length, CancellationToken cancellationToken)
    {
        var begun = await requests.RunAsync(token => client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = options.Bucket, Key = to, ContentType = S3Upload.ContentType }, token), cancellationToken);
        var parts = new List<PartETag>();
        for (var offset = 0L; offset < length; offset += options.CopyBytes)
        {
            var part = new CopyPartRequest
            {
                SourceBucket = options.Bucket, SourceKey = from, DestinationBucket = options.Bucket, DestinationKey = to, UploadId = begun.UploadId,
                PartNumber = parts.Count + 1, FirstByte = offset, LastByte = Math.Min(offset + options.CopyBytes, length) - 1,
            };
            if (await TryCopyPartAsync(part, cancellationToken) is not { } tag) return false;
            parts.Add(tag);
        }
        await requests.RunAsync(token => client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest { BucketName = options.Bucket, Key = to, UploadId = begun.UploadId, PartETags = parts }, token), cancellationToken);
        return true;
    }

    private Task<PartETag?> TryCopyPartAsync(CopyPartRequest part, CancellationToken cancellationToken) => requests.RunAsync(async token =>
    {
        try
        {
            return new PartETag(part.PartNumber ?? 0, (await client.CopyPartAsync(part, token)).ETag);
        }
        catch (AmazonS3Exception e) when (S3Failures.IsAbsent(e))
        {
            return null;
        }
    }, cancellationToken);
}
