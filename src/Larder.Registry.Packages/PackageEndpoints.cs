using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Packages;

/// <summary>The packages of one project (generic-packages contract section 4).</summary>
internal static class PackageEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var packages = app.MapGroup("/api/v4/projects/{id}/packages");
        packages.MapGet("", ListAsync).Requires(Permission.ListPackages, Surface.Api)
            .Describes("Lists the packages of a project.", ["package_name", "package_version", "package_type",
                "include_versionless:boolean", "status", "order_by", "sort:asc|desc", ..Page.Parameters])
            .AnswersPage<PackageJson>();
        packages.MapGet("/{package_id}", GetAsync).Requires(Permission.ListPackages, Surface.Api)
            .Describes("One package.").Answers<SinglePackageJson>();
        packages.MapDelete("/{package_id}", DeleteAsync).Requires(Permission.DestroyPackage, Surface.Api)
            .Describes("Deletes a package.")
            .AnswersNothing().Audits("package_deleted");
        packages.MapGet("/{package_id}/package_files", FilesAsync).Requires(Permission.ListPackages, Surface.Api)
            .Describes("Lists the files of a package.", ["order_by", "sort:asc|desc", ..Page.Parameters]).AnswersPage<PackageFileJson>();
        packages.MapMethods("/{package_id}/package_files/{package_file_id}/download", ["GET", "HEAD"], DownloadAsync)
            .Requires(Permission.ListPackages, Surface.Api)
            .Describes("A file of a package, by its id.").AnswersFile(PackageFileAnswer.ContentType);
        packages.MapDelete("/{package_id}/package_files/{package_file_id}", DeleteFileAsync).Requires(Permission.DestroyPackage, Surface.Api)
            .Describes("Deletes a file of a package.")
            .AnswersNothing().Audits("package_file_deleted");
        packages.MapGet("/{package_id}/pipelines", PipelinesAsync).Requires(Permission.ListPackages, Surface.Api)
            .Describes("The pipelines of a package: none, since there are none here.", "per_page:integer").Answers<object[]>();
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageListing packages, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var filter = PackageQuery.Read(parameters, inGroup: false);
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        var (rows, total) = await packages.OfProjectAsync(project!.Id, filter, page, cancellationToken);
        page.WriteHeaders(context, total, options.ExternalUrl, rows.Count);
        var mayDelete = await gate.AllowsAsync(context.Caller(), Permission.DestroyPackage, project, cancellationToken);
        var baseUrl = ExternalUrl.Base(context, options.ExternalUrl);
        return ApiJson.Answer(rows.Select(row => PackageJson.Of(row, project.FullPath, baseUrl, mayDelete)));
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageStore packages, LarderOptions options, CancellationToken cancellationToken)
    {
        var (project, package, refusal) = await FindAsync(context, projects, gate, packages, cancellationToken);
        if (refusal is not null) return refusal;
        var mayDelete = await gate.AllowsAsync(context.Caller(), Permission.DestroyPackage, project!, cancellationToken);
        return ApiJson.Answer(new SinglePackageJson(
            PackageJson.Of(package!, project!.FullPath, ExternalUrl.Base(context, options.ExternalUrl), mayDelete),
            await packages.OtherVersionsAsync(package!, cancellationToken)));
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageProtection protection, PackageStore packages,
        CancellationToken cancellationToken)
    {
        var (project, package, refusal) = await FindAsync(context, projects, gate, packages, cancellationToken);
        if (refusal is not null) return refusal;
        if (await protection.CheckDeleteAsync(context.Caller(), project!, package!, cancellationToken) is { } forbidden) return forbidden;
        if (Unmodified.Refuses(context, package!.UpdatedAt)) return ApiError.PreconditionFailed();
        return await packages.DeleteAsync(package, cancellationToken) ? Results.NoContent() : ApiError.RowNotFound();
    }

    private static async Task<IResult> FilesAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageStore packages, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var orderBy = parameters.OneOf("order_by", [.. PackageStore.OrdersOfFiles]) ?? "id";
        var descending = parameters.OneOf("sort", "asc", "desc") == "desc";
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var (_, package, refusal) = await FindAsync(context, projects, gate, packages, cancellationToken);
        if (refusal is not null) return refusal;
        var (rows, total) = await packages.FilesAsync(package!.Id, orderBy, descending, page, cancellationToken);
        page.WriteHeaders(context, total, options.ExternalUrl, rows.Count);
        return ApiJson.Answer(rows.Select(PackageFileJson.Of));
    }

    private static async Task DownloadAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageStore packages, IBlobStore blobs, DownloadCounts downloads)
    {
        var (_, _, file, refusal) = await FindFileAsync(context, projects, gate, packages, context.RequestAborted);
        if (refusal is not null)
        {
            await refusal.ExecuteAsync(context);
            return;
        }
        await PackageFileAnswer.SendAsync(context, blobs, new GenericDownload(file!.PackageId, file.Id, file.FileName, file.Sha256, file.Size,
            file.Md5, file.Sha1, file.Sha512, file.CreatedAt), downloads);
    }

    private static async Task<IResult> DeleteFileAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageProtection protection, PackageStore packages,
        CancellationToken cancellationToken)
    {
        var (project, package, file, refusal) = await FindFileAsync(context, projects, gate, packages, cancellationToken);
        if (refusal is not null) return refusal;
        if (await protection.CheckDeleteAsync(context.Caller(), project!, package!, cancellationToken) is { } forbidden) return forbidden;
        if (Unmodified.Refuses(context, file!.UpdatedAt)) return ApiError.PreconditionFailed();
        return await packages.DeleteFileAsync(file, cancellationToken) ? Results.NoContent() : ApiError.RowNotFound();
    }

    // Larder runs no pipelines, so a package never has one.
    private static async Task<IResult> PipelinesAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageStore packages, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        if (parameters.Number("per_page") is < 1 or > 20) parameters.Problem("per_page does not have a valid value");
        if (parameters.Problems is { } problems) return problems;
        var (_, _, refusal) = await FindAsync(context, projects, gate, packages, cancellationToken);
        return refusal ?? ApiJson.Answer(Array.Empty<object>());
    }

    /// <summary>The project and the package that the path names, once the caller has been let in; or the refusal.</summary>
    internal static async Task<(Project? Project, Package? Package, IResult? Refusal)> FindAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageStore packages, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "package_id", out var id, out var invalid)) return (null, null, invalid);
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return (null, null, refusal);
        return await packages.FindAsync(project!.Id, id, cancellationToken) switch
        {
            null => (null, null, ApiError.RowNotFound()),
            { Status: "error" } => (null, null, ApiError.Message(StatusCodes.Status404NotFound, "Package not found")),
            var package => (project, package, null),
        };
    }

    private static async Task<(Project? Project, Package? Package, PackageFile? File, IResult? Refusal)> FindFileAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageStore packages, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "package_file_id", out var id, out var invalid)) return (null, null, null, invalid);
        var (project, package, refusal) = await FindAsync(context, projects, gate, packages, cancellationToken);
        if (refusal is not null) return (null, null, null, refusal);
        return await packages.FindFileAsync(package!.Id, id, cancellationToken) is { } file
            ? (project, package, file, null)
            : (null, null, null, ApiError.RowNotFound());
    }
}
