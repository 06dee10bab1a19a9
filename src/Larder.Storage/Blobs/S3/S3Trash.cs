using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;

namespace Larder.Storage.Blobs.S3;

/// <summary>
/// What was deleted stays under <c>trash/</c> for a while. S3 has no "delete if older": whoever stores the same content between
/// the look at its date and the deletion would lose it. So a deleted object is put aside first, comes back when somebody opens it,
/// and is gone for good only when no row has named it for hours.
/// </summary>
internal sealed class S3Trash(S3BlobOptions options, AmazonS3Client client, S3Requests requests, S3Copies copies)
{
    /// <summary>What its keys begin with.</summary>
    public const string Prefix = "trash/";

    /// <summary>Puts a blob aside. In a bucket that has no more room it is not: nobody can store the content there meanwhile either.</summary>
    public async Task PutAsync(Sha256 digest, long length, CancellationToken cancellationToken)
    {
        try
        {
            await copies.TryCopyAsync(S3BlobStore.KeyOf(digest), KeyOf(digest), length, cancellationToken);
        }
        catch (BlobStoreFullException)
        {
            // To delete is the way out of it.
        }
    }

    /// <summary>Puts a blob back to its place; false when it is not here.</summary>
    public async Task<bool> TryRestoreAsync(Sha256 digest, CancellationToken cancellationToken)
    {
        var head = await requests.FindAsync(token => client.GetObjectMetadataAsync(options.Bucket, KeyOf(digest), token), cancellationToken);
        return head is not null && await copies.TryCopyAsync(KeyOf(digest), S3BlobStore.KeyOf(digest), head.ContentLength, cancellationToken);
    }

    /// <summary>Forgets a blob.</summary>
    public Task RemoveAsync(Sha256 digest, CancellationToken cancellationToken) =>
        requests.AskAsync(token => client.DeleteObjectAsync(options.Bucket, KeyOf(digest), token), cancellationToken);

    /// <summary>What was put aside before an instant, page by page.</summary>
    public async IAsyncEnumerable<IReadOnlyList<Sha256>> ListAsync(
        DateTimeOffset putBefore, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = options.Bucket, Prefix = Prefix };
        while (true)
        {
            var page = await requests.AskAsync(token => client.ListObjectsV2Async(request, token), cancellationToken);
            var old = new List<Sha256>();
            foreach (var entry in page.S3Objects ?? [])
            {
                if (S3BlobStore.Instant(entry.LastModified) < putBefore
                    && Sha256.TryParse(entry.Key[(entry.Key.LastIndexOf('/') + 1)..], out var digest)) old.Add(digest);
            }
            yield return old;
            if (page.IsTruncated != true) yield break;
            request.ContinuationToken = page.NextContinuationToken;
        }
    }

    private static string KeyOf(Sha256 digest) => $"{Prefix}{digest.Hex[..2]}/{digest.Hex}";
}
