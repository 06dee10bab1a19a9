using Larder.Storage.Blobs;

namespace Larder.Storage.Upstreams;

/// <summary>Name and password for HTTP Basic. They go to the exact origin of the request they come with, and nowhere else.</summary>
public sealed record UpstreamCredentials(string Username, string Password)
{
    /// <summary>Without the password: records end up in logs.</summary>
    public override string ToString() => Username;
}

/// <summary>One GET of an upstream. The validators, as the upstream once sent them, make it conditional.</summary>
public sealed record UpstreamRequest(
    Uri Url, UpstreamCredentials? Credentials = null, string? IfNoneMatch = null, string? IfModifiedSince = null);

/// <summary>What the head of an answer says of the file.</summary>
/// <param name="ContentLength">Bytes, or null when the upstream does not say.</param>
/// <param name="ContentType">As sent.</param>
/// <param name="ETag">As sent, with its quotes.</param>
/// <param name="LastModified">As sent.</param>
/// <param name="Announced">Checksums from <c>x-checksum-*</c> and <c>x-goog-meta-checksum-*</c> headers that have the form of one.</param>
public sealed record UpstreamHeaders(
    long? ContentLength, string? ContentType, string? ETag, string? LastModified, ExpectedContent Announced);

/// <summary>How a request to an upstream ended.</summary>
public abstract record UpstreamOutcome
{
    /// <summary>The file; the caller disposes it.</summary>
    public sealed record Found(UpstreamHeaders Headers, UpstreamBody Body) : UpstreamOutcome;

    /// <summary>304: what the validators stand for is still right.</summary>
    public sealed record NotModified : UpstreamOutcome;

    /// <summary>404, 410 or 403: the upstream does not have it. Maven Central answers 403 for files that do not exist.</summary>
    public sealed record Absent(int Status) : UpstreamOutcome;

    /// <summary>It is not known whether the upstream has it.</summary>
    public sealed record Failed(UpstreamFailure Failure) : UpstreamOutcome;
}

/// <summary>Why an upstream could not be asked, or did not deliver.</summary>
public enum UpstreamFailureKind
{
    /// <summary>401 or 407: the credentials are wrong or missing.</summary>
    Refused,

    /// <summary>429.</summary>
    RateLimited,

    /// <summary>5xx.</summary>
    ServerError,

    /// <summary>A status that makes no sense as an answer to a GET of a file.</summary>
    UnexpectedStatus,

    /// <summary>No connection, no answer or no further byte within the time allowed for it.</summary>
    TimedOut,

    /// <summary>No such host, connection refused or reset, TLS not trusted.</summary>
    Unreachable,

    /// <summary>The address is private and not on the allow list.</summary>
    AddressBlocked,

    /// <summary>Too many redirects, or one that may not be followed.</summary>
    BadRedirect,

    /// <summary>An answer that breaks HTTP, or that is not the file: compressed unasked, a page instead of a package.</summary>
    Malformed,

    /// <summary>The body ended before the announced length.</summary>
    Truncated,

    /// <summary>The bytes are not those that the upstream announced.</summary>
    ChecksumMismatch,

    /// <summary>More bytes than allowed.</summary>
    TooLarge,

    /// <summary>The bytes could not be kept here: the disk is full, for example.</summary>
    NotStored,

    /// <summary>Nobody wanted it any more, or the server is stopping.</summary>
    Abandoned,
}

/// <summary>A failure: its kind, a sentence for people that holds no secret, and how long the upstream asks us to wait.</summary>
public sealed record UpstreamFailure(UpstreamFailureKind Kind, string Detail, TimeSpan? RetryAfter = null)
{
    /// <summary>Whether no request was sent, for the sake of the host.</summary>
    public bool IsUnsent { get; init; }

    /// <summary>The failure that a status stands for.</summary>
    public static UpstreamFailure OfStatus(int status, TimeSpan? retryAfter = null) => status switch
    {
        401 or 407 => new(UpstreamFailureKind.Refused, $"it answered {status}, so its credentials are wrong or missing"),
        429 => new(UpstreamFailureKind.RateLimited, "it answered 429, too many requests", retryAfter),
        >= 500 => new(UpstreamFailureKind.ServerError, $"it answered {status}", retryAfter),
        _ => new(UpstreamFailureKind.UnexpectedStatus, $"it answered {status}"),
    };
}
