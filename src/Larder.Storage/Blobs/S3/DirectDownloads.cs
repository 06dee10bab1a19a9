using Amazon.S3;
using Amazon.S3.Model;

namespace Larder.Storage.Blobs.S3;

/// <summary>
/// Where a client may fetch a blob without this server: URLs of the bucket that are signed for one object, one name, one type
/// and some minutes. Whoever has such a URL may use it.
/// </summary>
public sealed class DirectDownloads : IDisposable
{
    /// <summary>There are none: every byte goes through this server.</summary>
    public static readonly DirectDownloads None = new();

    private readonly S3BlobOptions? options;
    private readonly AmazonS3Client? client;

    /// <summary>Signs with the key that the store uses.</summary>
    public DirectDownloads(S3BlobOptions options)
    {
        this.options = options;
        client = S3Connection.Open(options, ServiceUrl);
    }

    private DirectDownloads()
    {
    }

    private string ServiceUrl => options!.PublicServiceUrl.Length > 0 ? options.PublicServiceUrl : options.ServiceUrl;

    /// <summary>A URL for this blob, or null. Nobody has asked whether it is in the bucket.</summary>
    public async ValueTask<Uri?> LinkAsync(Sha256 digest, string contentType, string contentDisposition)
    {
        if (client is null) return null;
        return new Uri(await client.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = options!.Bucket, Key = S3BlobStore.KeyOf(digest), Verb = HttpVerb.GET,
            Expires = TimeProvider.System.GetUtcNow().UtcDateTime + options.RedirectLifetime, // the signature tells the real time too
            Protocol = ServiceUrl.StartsWith("http:", StringComparison.OrdinalIgnoreCase) ? Protocol.HTTP : Protocol.HTTPS,
            ResponseHeaderOverrides = new ResponseHeaderOverrides { ContentType = contentType, ContentDisposition = contentDisposition },
        }));
    }

    /// <inheritdoc/>
    public void Dispose() => client?.Dispose();
}
