using System.Globalization;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Web.Pages;

/// <summary>One package: looked at, downloaded from, deleted.</summary>
internal static class PackagePages
{
    private const string OnePackage = "/api/v4/projects/{id}/packages/{package_id}";

    private const int DaysOfChart = 30;

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/-/projects/{id:long}/packages/{package:long}/files/{file:long}", DownloadAsync);
        pages.MapPost("/-/projects/{id:long}/packages/{package:long}/delete", DeleteAsync);
    }

    /// <summary>The page of a package of this project, which the caller may see.</summary>
    public static async Task<IResult> ShowAsync(HttpContext context, Project project, string id)
    {
        var (services, caller, cancellationToken) = (context.RequestServices, context.Caller(), context.RequestAborted);
        var (gate, packages) = (services.GetRequiredService<Gate>(), services.GetRequiredService<PackageStore>());
        if (!long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !await gate.AllowsAsync(caller, Permission.ListPackages, project, cancellationToken)
            || await packages.FindAsync(project.Id, number, cancellationToken) is not { } package) return context.NoSuchPage();
        var query = await ListQuery.ReadAsync(context);
        var (files, total) = await packages.FilesAsync(package.Id, "file_name", descending: false, query.Page, cancellationToken);
        var creator = package.CreatorId is { } creatorId && !caller.IsAnonymous
            ? await services.GetRequiredService<UserStore>().FindAsync(creatorId, cancellationToken) : null;
        // Names of tokens are for those who read the audit events of the project as well.
        var maySeeCredentials = !caller.IsAnonymous && await gate.AllowsAsync(caller, Permission.ManageProject, project, cancellationToken);
        var publications = caller.IsAnonymous ? [] : await packages.PublicationsAsync(files, cancellationToken);
        return context.Page<PackagePage>(StatusCodes.Status200OK, ("Project", project), ("Package", package), ("Files", files),
            ("OtherVersions", await packages.OtherVersionsAsync(package, cancellationToken)), ("Creator", creator?.Username),
            ("Publications", publications.ToDictionary(publication => publication.FileId)), ("MaySeeCredentials", maySeeCredentials),
            ("Downloads", await services.GetRequiredService<PackageDownloads>().OfPackageAsync(package.Id, DaysOfChart, cancellationToken)),
            ("MayDelete", !caller.IsAnonymous && await gate.AllowsAsync(caller, Permission.DestroyPackage, project, cancellationToken)),
            ("Pages", query.Pages(context, total)));
    }

    private static async Task DownloadAsync(
        HttpContext context, long id, long package, long file, ProjectStore projects, Gate gate, ApiOperation api, CancellationToken cancellationToken)
    {
        if (await projects.FindByIdAsync(id, cancellationToken) is not { } project
            || !await gate.AllowsAsync(context.Caller(), Permission.ListPackages, project, cancellationToken))
        {
            await context.NoSuchPage().ExecuteAsync(context);
            return;
        }
        await api.AnswerAsync(context, "GET", $"{OnePackage}/package_files/{{package_file_id}}/download",
            new Dictionary<string, object> { ["id"] = id, ["package_id"] = package, ["package_file_id"] = file });
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext context, long id, long package, LarderOptions options, ProjectStore projects, ApiOperation api, CancellationToken cancellationToken)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        var outcome = await api.RunAsync(
            context, "DELETE", OnePackage, new Dictionary<string, object> { ["id"] = id, ["package_id"] = package });
        if (outcome.Status == StatusCodes.Status404NotFound) return context.NoSuchPage();
        if (!outcome.Succeeded)
        {
            return context.Page<ErrorPage>(
                outcome.Status, ("Title", "The package was not deleted"), ("Text", string.Join(", ", outcome.Errors.Besides([]))));
        }
        return context.SeeOther(Links.Place((await projects.FindByIdAsync(id, cancellationToken))!.FullPath));
    }
}
