using System.Text.Json.Serialization;
using Larder.Registry.Http;

namespace Larder.Registry.Packages;

/// <summary>A package of a listing, as GitLab shows it (generic-packages contract section 4.4).</summary>
internal record PackageJson(
    long Id, string Name, string Version, string PackageType, string Status, [property: JsonPropertyName("_links")] PackageLinksJson Links,
    DateTimeOffset CreatedAt, DateTimeOffset? LastDownloadedAt, long? CreatorId, IReadOnlyList<object> Tags)
{
    /// <summary><paramref name="baseUrl"/> has no trailing slash.</summary>
    public static PackageJson Of(Package row, string projectPath, string baseUrl, bool mayDelete) => new(
        row.Id, row.Name, row.Version, row.Type, row.Status, PackageLinksJson.Of(row, projectPath, baseUrl, mayDelete),
        ApiJson.Instant(row.CreatedAt), ApiJson.Instant(row.LastDownloadedAt), row.CreatorId, Tags: []);
}

/// <summary>Where people find a package that is on display, and where whoever may deletes it.</summary>
internal sealed record PackageLinksJson(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? WebPath,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? DeleteApiPath)
{
    public static PackageLinksJson Of(Package row, string projectPath, string baseUrl, bool mayDelete) => new(
        row.Status is "default" or "deprecated" ? row.WebPath(projectPath) : null,
        mayDelete ? $"{baseUrl}/api/v4/projects/{row.ProjectId}/packages/{row.Id}" : null);
}

/// <summary>A package in the listing of a group.</summary>
internal sealed record GroupPackageJson : PackageJson
{
    public GroupPackageJson(GroupPackage row, string baseUrl) : base(Of(row.Package, row.ProjectPath, baseUrl, row.MayDelete)) =>
        (ProjectId, ProjectPath) = (row.Package.ProjectId, row.ProjectPath);

    public long ProjectId { get; }
    public string ProjectPath { get; }
}

/// <summary>A package by itself, with its other versions.</summary>
internal sealed record SinglePackageJson : PackageJson
{
    public SinglePackageJson(PackageJson package, IEnumerable<Package> otherVersions) : base(package) =>
        Versions = [.. otherVersions.Select(other => new PackageVersionJson(other.Id, other.Version, ApiJson.Instant(other.CreatedAt), Tags: []))];

    public IReadOnlyList<PackageVersionJson> Versions { get; }
}

/// <summary>Another version of a package.</summary>
internal sealed record PackageVersionJson(long Id, string Version, DateTimeOffset CreatedAt, IReadOnlyList<object> Tags);

/// <summary>A file of a listing (generic-packages contract section 4.5).</summary>
internal sealed record PackageFileJson(
    long Id, long PackageId, DateTimeOffset CreatedAt, string FileName, long Size, string FileMd5, string FileSha1, string FileSha256)
{
    public static PackageFileJson Of(PackageFile row) => new(
        row.Id, row.PackageId, ApiJson.Instant(row.CreatedAt), row.FileName, row.Size, row.Md5, row.Sha1, row.Sha256);
}

/// <summary>
/// The record that <c>select=package_file</c> answers (generic-packages contract section 2.6): clients read it into types of their own,
/// in which <c>file_store</c> and <c>verification_state</c> are numbers and <c>file.url</c> is there.
/// </summary>
internal sealed class PublishedFileJson(PackageFile row, string url)
{
    public long Id { get; } = row.Id;
    public long PackageId { get; } = row.PackageId;
    public DateTimeOffset CreatedAt { get; } = ApiJson.Instant(row.CreatedAt);
    public DateTimeOffset UpdatedAt { get; } = ApiJson.Instant(row.UpdatedAt);
    public long Size { get; } = row.Size;
    public int FileStore { get; } = 1;
    public string FileMd5 { get; } = row.Md5;
    public string FileSha1 { get; } = row.Sha1;
    public string FileName { get; } = row.FileName;
    public FileAddressJson File { get; } = new(url);
    public string FileSha256 { get; } = row.Sha256;
    public DateTimeOffset? VerificationRetryAt { get; }
    public DateTimeOffset? VerifiedAt { get; }
    public string? VerificationFailure { get; }
    public int? VerificationRetryCount { get; }
    public string? VerificationChecksum { get; }
    public int VerificationState { get; }
    public DateTimeOffset? VerificationStartedAt { get; }
    public string Status { get; } = row.Status;
    public string? NewFilePath { get; }
}

/// <summary>Where a file is fetched.</summary>
internal sealed record FileAddressJson(string Url);
