using System.Net;
using Amazon.Runtime;
using Amazon.S3;

namespace Larder.Storage.Blobs.S3;

/// <summary>
/// Sorts what the S3 client throws. Who can do something about an absent object catches that itself; everything else becomes an
/// <see cref="IOException"/> that says why.
/// </summary>
internal static class S3Failures
{
    /// <summary>Whether it says that the object is not there. A missing bucket is another matter.</summary>
    public static bool IsAbsent(AmazonS3Exception failure) =>
        failure.StatusCode == HttpStatusCode.NotFound && failure.ErrorCode != "NoSuchBucket";

    /// <summary>The exception to throw instead, or null for one that is not about the bucket.</summary>
    public static IOException? Translate(Exception failure, CancellationToken cancellationToken) => failure switch
    {
        AmazonS3Exception { ErrorCode: "QuotaExceeded" or "InsufficientStorage" } or AmazonS3Exception { StatusCode: HttpStatusCode.InsufficientStorage } =>
            new BlobStoreFullException(failure),
        AmazonS3Exception { ErrorCode: "NoSuchBucket" } => new BlobStoreUnavailableException("the bucket does not exist", failure, needsOperator: true),
        AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } e =>
            new BlobStoreUnavailableException($"the bucket refuses this server ({e.ErrorCode})", failure, needsOperator: true),
        AmazonS3Exception e => new BlobStoreUnavailableException($"the bucket answers {(int)e.StatusCode} {e.ErrorCode}", failure),
        AmazonServiceException or AmazonClientException or HttpRequestException or WebException =>
            new BlobStoreUnavailableException("the bucket cannot be reached", failure),
        BlobStoreFullException or BlobStoreUnavailableException => null,
        IOException => new BlobStoreUnavailableException("the connection to the bucket broke", failure),
        OperationCanceledException when !cancellationToken.IsCancellationRequested =>
            new BlobStoreUnavailableException("the bucket did not answer in time", failure),
        _ => null,
    };
}
