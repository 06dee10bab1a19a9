namespace Larder.Registry.Packages;

/// <summary>A package: one name and version of one project. Instants are Unix milliseconds.</summary>
public sealed record Package(
    long Id, long ProjectId, string Type, string Name, string Version, string Status, long? CreatorId,
    long CreatedAt, long UpdatedAt, long? LastDownloadedAt)
{
    /// <summary>Where people find it.</summary>
    public string WebPath(string projectPath) => $"/{projectPath}/-/packages/{Id}";
}

/// <summary>A file of a package, with the digests of its blob.</summary>
public sealed record PackageFile(
    long Id, long PackageId, string FileName, string Sha256, long Size, string Status, long CreatedAt, long UpdatedAt,
    string Md5, string Sha1, string Sha512);

/// <summary>The statuses of packages and files, as GitLab names them.</summary>
public static class PackageStatus
{
    /// <summary>In order, listed, fetchable.</summary>
    public const string Default = "default";

    /// <summary>Fetchable, not listed.</summary>
    public const string Hidden = "hidden";

    /// <summary>Deleted: its name is free, its bytes go later.</summary>
    public const string PendingDestruction = "pending_destruction";

    /// <summary>All that a listing may be asked for.</summary>
    public static IReadOnlyList<string> All { get; } = [Default, Hidden, "processing", "error", PendingDestruction, "deprecated"];
}
