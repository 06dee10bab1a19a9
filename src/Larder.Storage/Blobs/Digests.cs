namespace Larder.Storage.Blobs;

/// <summary>The four digests that Maven and GitLab clients ask for, each in lower-case hexadecimal.</summary>
public sealed record Digests(string Md5, string Sha1, Sha256 Sha256, string Sha512);

/// <summary>A blob that a store holds: its length in bytes and its digests.</summary>
public sealed record StoredBlob(long Length, Digests Digests);

/// <summary>What the bytes must turn out to be before they may be kept. A null member is not checked.</summary>
public sealed record ExpectedContent(
    long? Length = null, string? Md5 = null, string? Sha1 = null, string? Sha256 = null, string? Sha512 = null)
{
    /// <summary>Nothing is known in advance, so nothing is checked.</summary>
    public static ExpectedContent Anything { get; } = new();

    /// <summary>The first difference between what was promised and what came, or null when all promises were kept.</summary>
    public ContentMismatch? Compare(StoredBlob actual) =>
        Length is { } length && length != actual.Length ? new("length", $"{length}", $"{actual.Length}")
        : Differ("md5", Md5, actual.Digests.Md5)
        ?? Differ("sha1", Sha1, actual.Digests.Sha1)
        ?? Differ("sha256", Sha256, actual.Digests.Sha256.Hex)
        ?? Differ("sha512", Sha512, actual.Digests.Sha512);

    private static ContentMismatch? Differ(string what, string? expected, string actual) =>
        expected is null || expected.Equals(actual, StringComparison.OrdinalIgnoreCase) ? null : new(what, expected, actual);
}

/// <summary>A promise that the bytes broke: <paramref name="What"/> is length, md5, sha1, sha256 or sha512.</summary>
public sealed record ContentMismatch(string What, string Expected, string Actual);
