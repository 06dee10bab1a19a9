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
        var older = await OlderAsync(packages, files, cancellationToken);
        var creator = package.CreatorId is { } creatorId && !caller.IsAnonymous
            ? await services.GetRequiredService<UserStore>().FindAsync(creatorId, cancellationToken) : null;
        // Names of tokens are for those who read the audit events of the project as well.
        var maySeeCredentials = !caller.IsAnonymous && await gate.AllowsAsync(caller, Permission.ManageProject, project, cancellationToken);
        var publications = caller.IsAnonymous ? [] : await packages.PublicationsAsync(files, cancellationToken);
        return context.Page<PackagePage>(StatusCodes.Status200OK, ("Project", project), ("Package", package), ("Files", files),
            ("Older", older), ("Fetched", await FetchedAsync(context, packages, package, files, older)),
            ("OtherVersions", await packages.OtherVersionsAsync(package, cancellationToken)), ("Creator", creator?.Username),
            ("Publications", publications.ToDictionary(publication => publication.FileId)), ("MaySeeCredentials", maySeeCredentials),
            ("Downloads", await services.GetRequiredService<PackageDownloads>().OfPackageAsync(package.Id, DaysOfChart, cancellationToken)),
            ("MayDelete", !caller.IsAnonymous && await gate.AllowsAsync(caller, Permission.DestroyPackage, project, cancellationToken)),
            ("Pages", query.Pages(context, total)));
    }

    // The files are by name and then by age: only of the last name can the newest stand on the next page.
    private static async Task<HashSet<long>> OlderAsync(PackageStore packages, IReadOnlyList<PackageFile> files, CancellationToken cancellationToken)
    {
        var older = files.Zip(files.Skip(1)).Where(pair => pair.First.FileName == pair.Second.FileName).Select(pair => pair.First.Id).ToHashSet();
        if (files.Count > 0 && await packages.HasNewerFileAsync(files[^1], cancellationToken)) older.Add(files[^1].Id);
        return older;
    }

    // The one that the address names, or the first that clients are served. Only generic packages have such lines.
    private static async Task<PackageFile?> FetchedAsync(
        HttpContext context, PackageStore packages, Package package, IReadOnlyList<PackageFile> files, HashSet<long> older)
    {
        if (package.Type != "generic") return null;
        var chosen = long.TryParse(context.Request.Query["file"], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? files.FirstOrDefault(file => file.Id == id) ?? await packages.FindFileByIdAsync(id, context.RequestAborted) : null;
        if (chosen?.PackageId == package.Id) return chosen;
        return files.Count == 0 ? null : files.FirstOrDefault(file => !older.Contains(file.Id), files[0]);
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
