namespace Larder.Registry;

/// <summary>Section <c>Larder:Blobs</c>: where the bytes are.</summary>
public sealed class BlobOptions
{
    /// <summary><see cref="Kind"/>: in the data directory, for one node.</summary>
    public const string FileSystem = "FileSystem";

    /// <summary><see cref="Kind"/>: in a bucket, for any number of nodes.</summary>
    public const string Bucket = "S3";

    /// <summary><c>FileSystem</c> or <c>S3</c>.</summary>
    public string Kind { get; init; } = FileSystem;

    /// <summary>The bucket, where the kind is <c>S3</c>.</summary>
    public S3Options S3 { get; init; } = new();

    internal IEnumerable<string> Problems()
    {
        if (Kind == Bucket) return S3.Problems();
        return Kind == FileSystem ? [] : [$"Larder:Blobs:Kind is '{Kind}'; it must be FileSystem or S3."];
    }
}

/// <summary>Section <c>Larder:Blobs:S3</c>.</summary>
public sealed class S3Options
{
    /// <summary>The server without the bucket; empty for AWS.</summary>
    public string ServiceUrl { get; init; } = "";

    /// <summary>The bucket, which exists.</summary>
    public string Bucket { get; init; } = "";

    /// <summary>The region that requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Empty: from the environment, as AWS's own tools find it.</summary>
    [SecretOption]
    public string AccessKey { get; init; } = "";

    /// <summary>Belongs to the access key.</summary>
    [SecretOption]
    public string SecretKey { get; init; } = "";

    /// <summary>The bucket stands in the path instead of the host name: for most servers that are not AWS.</summary>
    public bool ForcePathStyle { get; init; }

    /// <summary>Sends the newer checksum headers, which many servers that are not AWS refuse.</summary>
    public bool SendChecksums { get; init; }

    /// <summary>Bytes of local copies for reading, in the data directory; 0 for none.</summary>
    public long CacheBytes { get; init; } = 10L << 30;

    /// <summary>A PEM file of the authorities that the server's certificate may come from; empty for those of the system.</summary>
    public string CertificateAuthority { get; init; } = "";

    /// <summary>From this length on a blob goes up in parts of so many bytes, at least 5 MiB.</summary>
    public long PartBytes { get; init; } = 16L << 20;

    /// <summary>Parts of one blob on their way at a time.</summary>
    public int ParallelParts { get; init; } = 4;

    /// <summary>Sends clients that fetch generic package files to the bucket, with a URL that is signed for a while.</summary>
    public bool RedirectDownloads { get; init; }

    /// <summary>How long such a URL is good for, in seconds.</summary>
    public int RedirectSeconds { get; init; } = 300;

    /// <summary>The address of the bucket's server in such a URL; empty for <see cref="ServiceUrl"/>.</summary>
    public string PublicServiceUrl { get; init; } = "";

    internal IEnumerable<string> Problems()
    {
        if (Bucket.Length < 3) yield return "Larder:Blobs:S3:Bucket is not the name of a bucket.";
        if (!IsUrlOrEmpty(ServiceUrl)) yield return $"Larder:Blobs:S3:ServiceUrl is '{ServiceUrl}'; it must be an http or https URL.";
        if (!IsUrlOrEmpty(PublicServiceUrl)) yield return $"Larder:Blobs:S3:PublicServiceUrl is '{PublicServiceUrl}'; it must be an http or https URL.";
        if (CertificateAuthority.Length > 0 && !File.Exists(CertificateAuthority))
            yield return $"Larder:Blobs:S3:CertificateAuthority is '{CertificateAuthority}'; there is no such file.";
        if (PartBytes is < 5L << 20 or > 5L << 30) yield return $"Larder:Blobs:S3:PartBytes is {PartBytes}; S3 takes parts of 5 MiB to 5 GiB.";
        if (ParallelParts is < 1 or > 32) yield return $"Larder:Blobs:S3:ParallelParts is {ParallelParts}; it must be 1 to 32.";
        if (RedirectSeconds is < 1 or > 604_800) yield return $"Larder:Blobs:S3:RedirectSeconds is {RedirectSeconds}; S3 signs for 1 second to 7 days.";
        if (AccessKey.Length == 0 != (SecretKey.Length == 0)) yield return "Larder:Blobs:S3:AccessKey and SecretKey belong together.";
        if (CacheBytes < 0) yield return "Larder:Blobs:S3:CacheBytes is negative; 0 means no copies.";
    }

    private static bool IsUrlOrEmpty(string text) =>
        text.Length == 0 || (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https");
}
