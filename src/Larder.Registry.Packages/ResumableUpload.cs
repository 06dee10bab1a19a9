using Larder.Storage.Blobs;

namespace Larder.Registry.Packages;

/// <summary>A file that arrives over several requests.</summary>
public sealed record ResumableUpload
{
    /// <summary>32 random hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The project.</summary>
    public required long ProjectId { get; init; }

    /// <summary>Where the file will be.</summary>
    public required GenericNames Names { get; init; }

    /// <summary>The package's status from then on; null leaves it.</summary>
    public required string? Status { get; init; }

    /// <summary>The user who began it, if there is one. Nobody else goes on with it.</summary>
    public required long? CreatorId { get; init; }

    /// <summary>Bytes of the whole file.</summary>
    public required long Length { get; init; }

    /// <summary>What the client has announced of the whole file.</summary>
    public required ExpectedContent Expected { get; init; }

    /// <summary>The client's own words, which it wants to hear again.</summary>
    public required string? Metadata { get; init; }

    /// <summary>When it is given up unless more arrives, in Unix milliseconds.</summary>
    public required long ExpiresAt { get; init; }

    /// <summary>Bytes that are here and survive whatever happens; <see cref="Length"/> only once the package has the file.</summary>
    public required long Offset { get; init; }

    /// <summary>Whether the package has the file.</summary>
    public required bool IsPublished { get; init; }
}

/// <summary>A piece of an upload: a blob of its own.</summary>
public sealed record UploadPiece(long Position, long Length, string Sha256);

/// <summary>How an attempt to publish an upload has ended.</summary>
public enum UploadEnd
{
    /// <summary>The package has the file, by this attempt or by one before.</summary>
    Published,

    /// <summary>The package has a file of this name and must not have two.</summary>
    Duplicate,

    /// <summary>The upload was given up meanwhile.</summary>
    Gone,
}
