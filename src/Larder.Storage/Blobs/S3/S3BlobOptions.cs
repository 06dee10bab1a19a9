namespace Larder.Storage.Blobs.S3;

/// <summary>Where a bucket is, and what this node keeps of it.</summary>
public sealed record S3BlobOptions
{
    /// <summary>The server, without the bucket: <c>https://s3.example.com</c>; empty for AWS, where the region says it.</summary>
    public string ServiceUrl { get; init; } = "";

    /// <summary>The bucket, which exists.</summary>
    public required string Bucket { get; init; }

    /// <summary>The region that requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Empty: from the environment, as every AWS tool finds it.</summary>
    public string AccessKey { get; init; } = "";

    /// <summary>Belongs to <see cref="AccessKey"/>.</summary>
    public string SecretKey { get; init; } = "";

    /// <summary><c>https://server/bucket/key</c> instead of <c>https://bucket.server/key</c>: for most servers that are not AWS.</summary>
    public bool ForcePathStyle { get; init; }

    /// <summary>Sends the newer checksum headers of S3, which many servers that are not AWS refuse.</summary>
    public bool SendChecksums { get; init; }

    /// <summary>A folder of this process alone, on a local disk: bytes on their way to the bucket, and copies for reading.</summary>
    public required string LocalFolder { get; init; }

    /// <summary>How many bytes of copies are kept for reading; 0 for none.</summary>
    public long CacheBytes { get; init; } = 10L << 30;

    /// <summary>From this length on a blob goes up in parts of so many bytes; at least 5 MiB, the smallest that S3 takes.</summary>
    public long PartBytes { get; init; } = 16 << 20;

    /// <summary>Parts of one blob on their way at a time.</summary>
    public int ParallelParts { get; init; } = 4;

    /// <summary>
    /// What one request copies inside the bucket; longer blobs are copied in parts. Bytes; 5 MiB to 5 GiB. The answer comes when all
    /// of it is copied, and <see cref="IdleTimeout"/> bounds the silence.
    /// </summary>
    public long CopyBytes { get; init; } = 1L << 30;

    /// <summary>A PEM file of the authorities that the server's certificate may come from; empty for those of the system.</summary>
    public string CertificateAuthority { get; init; } = "";

    /// <summary>The address of the server for clients that are sent there; empty for <see cref="ServiceUrl"/>.</summary>
    public string PublicServiceUrl { get; init; } = "";

    /// <summary>How long a client may use the URL that it is sent to.</summary>
    public TimeSpan RedirectLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time without a byte, or without an answer, after which a request to the bucket has failed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
