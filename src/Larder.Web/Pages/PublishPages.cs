using System.Text;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Larder.Web.Pages;

/// <summary>
/// Publishing generic files from the browser: without scripts a form with one file, with the script any number, each a request of
/// its own so that its progress can be shown. Either way the bytes stream into the API's own upload.
/// </summary>
internal static class PublishPages
{
    private const string Upload = "/api/v4/projects/{id}/packages/generic/{package_name}/{package_version}/{**file_name}";
    private const string Record = "?select=package_file";
    private const int LongestField = 4096;
    private const int MostFields = 10;

    private static readonly string[] OfAllFiles = ["package_name", "package_version"]; // the other errors are of one

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/-/projects/{id:long}/publish", FormAsync);
        pages.MapPost("/-/projects/{id:long}/publish", PublishFormAsync);
        pages.MapPut("/-/projects/{id:long}/publish/{package_name}/{package_version}/{**file_name}", PublishFileAsync);
    }

    private static async Task<IResult> FormAsync(HttpContext context, long id, ProjectStore projects, Gate gate, CancellationToken cancellationToken)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        return await FindAsync(context, id, projects, gate, cancellationToken) is { } project
            ? Show(context, project, [], FormErrors.None, StatusCodes.Status200OK)
            : context.NoSuchPage();
    }

    private static async Task<IResult> PublishFormAsync(
        HttpContext context, long id, LarderOptions options, ProjectStore projects, Gate gate, ApiOperation api, CancellationToken cancellationToken)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        if (await FindAsync(context, id, projects, gate, cancellationToken) is not { } project) return context.NoSuchPage();
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            || HeaderUtilities.RemoveQuotes(type.Boundary) is not { Length: > 0 and <= 70 } boundary) return PageForm.Strange(context);
        LiftLimit(context);
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var reader = new MultipartReader(boundary.ToString(), context.Request.Body);
            if (await FileAsync(reader, fields, cancellationToken) is not var (name, body)
                || !FormToken.Fits(context.Request, SessionCookie.Read(context, options), fields.GetValueOrDefault(FormToken.Field)))
                return PageForm.Strange(context);
            if (name.Length == 0) return Show(context, project, fields, FormErrors.Of("Choose a file."), StatusCodes.Status422UnprocessableEntity);
            var route = Route(id, fields.GetValueOrDefault("package_name", ""), fields.GetValueOrDefault("package_version", ""), name);
            var outcome = await api.SendFileAsync(context, "PUT", Upload, route, body, length: null, Record);
            return outcome.Succeeded
                ? context.SeeOther(Links.Package(project, outcome.Body.GetProperty("package_id").GetInt64()))
                : Show(context, project, fields, Explained(outcome), StatusCodes.Status422UnprocessableEntity);
        }
        catch (Exception e) when (e is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            return PageForm.Strange(context); // malformed or cut off
        }
    }

    private static async Task<IResult> PublishFileAsync(
        HttpContext context, long id, LarderOptions options, ProjectStore projects, Gate gate, ApiOperation api, CancellationToken cancellationToken)
    {
        if (context.Caller().IsAnonymous) return Words(StatusCodes.Status401Unauthorized, "You have been signed out. Sign in again, in another tab.");
        if (!FormToken.Fits(context.Request, SessionCookie.Read(context, options), context.Request.Headers[FormToken.Header]))
            return Words(StatusCodes.Status403Forbidden, "This page is out of date. Load it again.");
        if (await FindAsync(context, id, projects, gate, cancellationToken) is not { } project)
            return Words(StatusCodes.Status404NotFound, "There is no such project, or you may not publish there.");
        LiftLimit(context);
        var route = Route(id, context.Segment("package_name"), context.Segment("package_version"), context.Segment("file_name"));
        var outcome = await api.SendFileAsync(context, "PUT", Upload, route, context.Request.Body, context.Request.ContentLength, Record);
        if (!outcome.Succeeded)
        {
            var errors = Explained(outcome);
            return Results.Json(new
            {
                error = string.Join(", ", errors.Besides(OfAllFiles)),
                fields = OfAllFiles.Where(field => errors[field] is not null).ToDictionary(field => field, field => errors[field]),
                file = errors["file_name"] is not null || errors["path"] is not null,
            }, statusCode: outcome.Status);
        }
        return Results.Json(new
        {
            sha256 = outcome.Body.GetProperty("file_sha256").GetString(),
            package = Links.Package(project, outcome.Body.GetProperty("package_id").GetInt64()),
        });
    }

    /// <summary>Reads up to the file; null when there is none. What stands before it is small.</summary>
    private static async Task<(string Name, Stream Body)?> FileAsync(
        MultipartReader reader, Dictionary<string, string> fields, CancellationToken cancellationToken)
    {
        for (var i = 0; i < MostFields && await reader.ReadNextSectionAsync(cancellationToken) is { } section; i++)
        {
            if (section.GetContentDispositionHeader() is not { } disposition) continue;
            var fileName = (HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).Value ?? "");
            if (disposition.IsFileDisposition() || HeaderUtilities.RemoveQuotes(disposition.Name) == "file")
                return (fileName[(fileName.LastIndexOfAny(['/', '\\']) + 1)..], section.Body);
            var bytes = new byte[LongestField];
            var length = await section.Body.ReadAtLeastAsync(bytes, LongestField, throwOnEndOfStream: false, cancellationToken);
            if (length == LongestField) throw new InvalidDataException("A field is too long.");
            fields[HeaderUtilities.RemoveQuotes(disposition.Name).ToString()] = Encoding.UTF8.GetString(bytes, 0, length).Trim();
        }
        return null;
    }

    private static Dictionary<string, object> Route(long id, string name, string version, string file) => new()
    {
        ["id"] = id, ["package_name"] = name, ["package_version"] = version, ["file_name"] = file,
    };

    private static async ValueTask<Project?> FindAsync(
        HttpContext context, long id, ProjectStore projects, Gate gate, CancellationToken cancellationToken) =>
        await projects.FindByIdAsync(id, cancellationToken) is { } project
            && await gate.AllowsAsync(context.Caller(), Permission.PublishPackage, project, cancellationToken) ? project : null;

    // The API says that something is invalid; people want to know what would not be.
    private static FormErrors Explained(OperationOutcome outcome) => outcome.Errors
        .With("package_name", _ => GenericNames.PackageNameRule)
        .With("package_version", _ => GenericNames.VersionRule)
        .With("file_name", _ => GenericNames.FileNameRule);

    // The upload has a limit of its own, with words; the server's would cut the connection.
    private static void LiftLimit(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
    }

    private static IResult Show(HttpContext context, Project project, Dictionary<string, string> fields, FormErrors errors, int status) =>
        context.Page<PublishPage>(status, ("Project", project), ("Errors", errors),
            ("Name", fields.GetValueOrDefault("package_name", context.Request.Query["name"].ToString())),
            ("Version", fields.GetValueOrDefault("package_version", context.Request.Query["version"].ToString())));

    private static IResult Words(int status, string text) => Results.Json(new { error = text }, statusCode: status);
}
