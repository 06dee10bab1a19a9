using System.Net;
using Amazon.Runtime;
using Amazon.S3;

namespace Larder.Storage.Blobs.S3;

/// <summary>Sorts what the S3 client throws: absent is a value, everything else an <see cref="IOException"/> that says why.</summary>
internal static class S3Failures
{
    /// <summary>Runs a request; every failure of the bucket or of the way to it leaves as one kind of exception.</summary>
    /// <exception cref="BlobStoreFullException">Over quota, or no room.</exception>
    /// <exception cref="BlobStoreUnavailableException">Missing bucket, refused credentials, slow or away.</exception>
    public static async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken)
    {
        try
        {
            return await request(cancellationToken);
        }
        catch (Exception e) when (Translate(e, cancellationToken) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>Whether it says that the object is not there. A missing bucket is another matter.</summary>
    public static bool IsAbsent(AmazonS3Exception failure) =>
        failure.StatusCode == HttpStatusCode.NotFound && failure.ErrorCode != "NoSuchBucket";

    /// <summary>The exception to throw instead, or null for one that is not about the bucket.</summary>
    public static IOException? Translate(Exception failure, CancellationToken cancellationToken) => failure switch
    {
        AmazonS3Exception e when IsAbsent(e) => null,
        AmazonS3Exception { ErrorCode: "QuotaExceeded" or "InsufficientStorage" } or AmazonS3Exception { StatusCode: HttpStatusCode.InsufficientStorage } =>
            new BlobStoreFullException(failure),
        AmazonS3Exception { ErrorCode: "NoSuchBucket" } => new BlobStoreUnavailableException("the bucket does not exist", failure),
        AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } e =>
            new BlobStoreUnavailableException($"the bucket refuses this server ({e.ErrorCode})", failure),
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
