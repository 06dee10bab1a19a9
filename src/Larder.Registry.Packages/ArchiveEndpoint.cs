using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Packages;

/// <summary>A whole package in one go, of each name the newest file. Larder's own.</summary>
internal static class ArchiveEndpoint
{
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapMethods("/api/v4/projects/{id}/packages/{package_id}/archive", ["GET", "HEAD"], SendAsync)
            .Requires(Permission.ListPackages, Surface.Api)
            .Describes("All files of a package as one archive.", "format")
            .AnswersBytes([.. PackageArchive.Formats.Select(PackageArchive.ContentType)]);

    private static async Task SendAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageStore packages, IBlobStore blobs, DownloadCounts downloads)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var format = parameters.OneOf("format", [.. PackageArchive.Formats]) ?? "tar";
        var (_, package, refusal) = parameters.Problems is { } problems
            ? (null, null, problems)
            : await PackageEndpoints.FindAsync(context, projects, gate, packages, context.RequestAborted);
        if (refusal is not null)
        {
            await refusal.ExecuteAsync(context);
            return;
        }
        context.Response.ContentType = PackageArchive.ContentType(format);
        PackageFileAnswer.Attach(context, $"{package!.Name}-{package.Version}.{format}");
        if (HttpMethods.IsHead(context.Request.Method)) return;
        downloads.Count(Downloaded.Package, package.Id);
        await PackageArchive.WriteAsync(format, packages.NewestFilesAsync(package.Id, context.RequestAborted), OpenAsync,
            new ResponseStream(context.Response.BodyWriter), context.RequestAborted);

        // Thrown, so that the connection is cut: nobody must take what was sent for the whole package.
        async Task<Blob> OpenAsync(PackageFile file) => await PackageFileAnswer.OpenAsync(context, blobs, file.Id, file.Sha256, file.Size)
            ?? throw new IOException($"The archive of package {file.PackageId} lacks the bytes of file {file.Id}.");
    }
}
