using Larder.Registry.Http;

namespace Larder.Registry.Packages;

/// <summary>Packages and files as GitLab shows them (generic-packages contract sections 2.6, 4.4 and 4.5).</summary>
public static class PackageJson
{
    /// <summary>A package of a listing. <paramref name="baseUrl"/> has no trailing slash.</summary>
    public static Dictionary<string, object?> Listed(Package row, string projectPath, string baseUrl, bool mayDelete)
    {
        var links = new Dictionary<string, object?>();
        if (row.Status is "default" or "deprecated") links["web_path"] = WebPath(row, projectPath);
        if (mayDelete) links["delete_api_path"] = $"{baseUrl}/api/v4/projects/{row.ProjectId}/packages/{row.Id}";
        return new Dictionary<string, object?>
        {
            ["id"] = row.Id,
            ["name"] = row.Name,
            ["version"] = row.Version,
            ["package_type"] = row.Type,
            ["status"] = row.Status,
            ["_links"] = links,
            ["created_at"] = ApiJson.Instant(row.CreatedAt),
            ["last_downloaded_at"] = ApiJson.Instant(row.LastDownloadedAt),
            ["creator_id"] = row.CreatorId,
            ["tags"] = Array.Empty<object>(),
        };
    }

    /// <summary>A package in the listing of a group.</summary>
    public static Dictionary<string, object?> InGroup(GroupPackage row, string baseUrl)
    {
        var json = Listed(row.Package, row.ProjectPath, baseUrl, row.MayDelete);
        json["project_id"] = row.Package.ProjectId;
        json["project_path"] = row.ProjectPath;
        return json;
    }

    /// <summary>Where people find the package.</summary>
    public static string WebPath(Package row, string projectPath) => $"/{projectPath}/-/packages/{row.Id}";

    /// <summary>A package by itself, with its other versions.</summary>
    public static Dictionary<string, object?> WithVersions(
        Package row, string projectPath, string baseUrl, bool mayDelete, IReadOnlyList<Package> otherVersions)
    {
        var json = Listed(row, projectPath, baseUrl, mayDelete);
        json["versions"] = otherVersions.Select(other => new
        {
            other.Id, other.Version, CreatedAt = ApiJson.Instant(other.CreatedAt), Tags = Array.Empty<object>(),
        });
        return json;
    }

    /// <summary>A file of a listing.</summary>
    public static object File(PackageFile row) => new
    {
        row.Id, row.PackageId, CreatedAt = ApiJson.Instant(row.CreatedAt), row.FileName, row.Size,
        FileMd5 = row.Md5, FileSha1 = row.Sha1, FileSha256 = row.Sha256,
    };

    /// <summary>
    /// The record that <c>select=package_file</c> answers: clients read it into types of their own, in which
    /// <c>file_store</c> and <c>verification_state</c> are numbers and <c>file.url</c> is there.
    /// </summary>
    public static object Record(PackageFile row, string url) => new
    {
        row.Id, row.PackageId, CreatedAt = ApiJson.Instant(row.CreatedAt), UpdatedAt = ApiJson.Instant(row.UpdatedAt), row.Size,
        FileStore = 1, FileMd5 = row.Md5, FileSha1 = row.Sha1, row.FileName, File = new { Url = url }, FileSha256 = row.Sha256,
        VerificationRetryAt = (string?)null, VerifiedAt = (string?)null, VerificationFailure = (string?)null,
        VerificationRetryCount = (int?)null, VerificationChecksum = (string?)null, VerificationState = 0,
        VerificationStartedAt = (string?)null, row.Status, NewFilePath = (string?)null,
    };
}
