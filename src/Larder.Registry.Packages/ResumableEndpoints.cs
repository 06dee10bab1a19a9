using System.Globalization;
using System.Text;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Larder.Registry.Packages;

/// <summary>
/// Publishing a large file over several requests, by the protocol tus 1.0.0 with its extensions creation, creation-with-upload,
/// expiration and termination. The file's own URL takes the POST that begins an upload. Larder's own.
/// </summary>
internal sealed class ResumableEndpoints(
    ProjectStore projects, Gate gate, PackageProtection protection, PlanLimits limits, ResumableStore uploads, ResumableTransfer transfer,
    RunningUploads running, LarderOptions options)
{
    private const string Protocol = "1.0.0";
    private const string BodyType = "application/offset+octet-stream";
    private const int LongestMetadata = 4096;

    public static void Map(IEndpointRouteBuilder app)
    {
        const string generic = "/api/v4/projects/{id}/packages/generic/";
        const string file = generic + "{package_name}/{package_version}/{**file_name}";
        const string upload = generic + "uploads/{upload_id}";
        app.MapPost(file, (HttpContext context, ResumableEndpoints tus) => tus.CreateAsync(context))
            .Requires(Permission.PublishPackage, Surface.GenericPackages)
            .Describes("Begins an upload over several requests (tus 1.0.0).")
            .AnswersNothing(StatusCodes.Status201Created, "Tus-Resumable!", "Location!", "Upload-Expires!", "Upload-Offset:integer")
            .IsNotAudited("the event is written with the row of the file");
        app.MapMethods(upload, ["HEAD"], (HttpContext context, ResumableEndpoints tus) => tus.TellAsync(context))
            .Requires(Permission.PublishPackage, Surface.GenericPackages)
            .Describes("How much of such an upload has arrived.")
            .AnswersNothing(StatusCodes.Status200OK, "Tus-Resumable!", "Upload-Offset!:integer", "Upload-Length!:integer", "Upload-Metadata", "Upload-Expires!");
        app.MapPatch(upload, (HttpContext context, ResumableEndpoints tus) => tus.AppendAsync(context))
            .Requires(Permission.PublishPackage, Surface.GenericPackages)
            .Describes("Sends more of it.")
            .AnswersNothing(StatusCodes.Status204NoContent, "Tus-Resumable!", "Upload-Offset!:integer", "Upload-Expires")
            .IsNotAudited("the event is written with the row of the file");
        app.MapDelete(upload, (HttpContext context, ResumableEndpoints tus) => tus.EndAsync(context))
            .Requires(Permission.PublishPackage, Surface.GenericPackages)
            .Describes("Gives it up.")
            .AnswersNothing(StatusCodes.Status204NoContent, "Tus-Resumable!")
            .IsNotAudited("nothing was published yet");
        app.MapMethods(file, ["OPTIONS"], (HttpContext context, ResumableEndpoints tus) => tus.DescribeAsync(context))
            .Requires(Permission.PublishPackage, Surface.GenericPackages)
            .Describes("What of tus this server speaks.")
            .AnswersNothing(StatusCodes.Status204NoContent, "Tus-Resumable!", "Tus-Version!", "Tus-Extension!", "Tus-Max-Size:integer");
    }

    private async Task<IResult> DescribeAsync(HttpContext context)
    {
        var project = await projects.FindAsync(context.Segment("id"), context.RequestAborted);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        var headers = context.Response.Headers;
        headers["Tus-Resumable"] = Protocol;
        headers["Tus-Version"] = Protocol;
        headers["Tus-Extension"] = "creation,creation-with-upload,expiration,termination";
        if (await limits.GenericPackageMaxBytesAsync(context.RequestAborted) is var most and > 0) headers["Tus-Max-Size"] = Text(most);
        return Results.NoContent();
    }

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        // Without it this is a POST to a file, which GitLab does not know.
        if (context.Request.Headers["Tus-Resumable"].Count == 0) return ApiError.MethodNotAllowed();
        if (VersionProblem(context) is { } otherVersion) return otherVersion;
        var names = GenericNames.Of(context.Segment("package_name"), context.Segment("package_version"), context.Segment("file_name"));
        var wishes = GenericEndpoints.Wishes.Of(context.Request, form: null);
        if (names.Problems().Concat(wishes.Problems) is var problems && problems.Any()) return ApiError.Invalid(problems);
        var project = await projects.FindAsync(context.Segment("id"), context.RequestAborted);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        if (await protection.CheckPushAsync(context.Caller(), project!, "generic", names.PackageName, context.RequestAborted) is { } isProtected)
            return isProtected;
        if (!TryNumber(context, "Upload-Length", out var length)) return ApiError.Invalid("Upload-Length is invalid");
        if (await limits.GenericPackageMaxBytesAsync(context.RequestAborted) is var most and > 0 && length > most)
            return ApiError.Message(StatusCodes.Status413PayloadTooLarge, "413 File is too large");
        if (!ClientDigests.TryRead(context.Request, "Repr-Digest", out var expected, out var problem)) return problem;
        var metadata = context.Request.Headers["Upload-Metadata"].ToString();
        // It is sent back, and a header that is sent may hold less than one that is received.
        if (metadata.Length > LongestMetadata || !metadata.All(c => char.IsBetween(c, ' ', '~'))) return ApiError.Invalid("Upload-Metadata is invalid");

        var upload = await uploads.CreateAsync(new ResumableUpload
        {
            Id = "", ProjectId = project!.Id, Names = names, Status = wishes.Status, CreatorId = context.Caller().UserId, Length = length,
            Expected = expected with { Length = length }, Metadata = metadata.Length == 0 ? null : metadata, ExpiresAt = 0, Offset = 0, IsPublished = false,
        }, context.RequestAborted);
        context.Response.Headers.Location =
            $"{ExternalUrl.Base(context, options.ExternalUrl)}/api/v4/projects/{project.Id}/packages/generic/uploads/{upload.Id}";
        WriteExpiry(context, upload.ExpiresAt);
        if ((HasBody(context) || length == 0) && await ReceiveAsync(context, project, upload) is { } error) return error;
        return Results.StatusCode(StatusCodes.Status201Created);
    }

    private async Task<IResult> TellAsync(HttpContext context)
    {
        var (_, upload, refusal) = await FindAsync(context);
        if (refusal is not null) return refusal;
        var headers = context.Response.Headers;
        headers["Upload-Offset"] = Text(upload!.Offset);
        headers["Upload-Length"] = Text(upload.Length);
        headers.CacheControl = "no-store";
        if (upload.Metadata is not null) headers["Upload-Metadata"] = upload.Metadata;
        WriteExpiry(context, upload.ExpiresAt);
        return Results.Ok();
    }

    private async Task<IResult> AppendAsync(HttpContext context)
    {
        var (project, upload, refusal) = await FindAsync(context);
        if (refusal is not null) return refusal;
        if (!HasBody(context)) return ApiError.Error(StatusCodes.Status415UnsupportedMediaType, $"The content type must be {BodyType}");
        if (!TryNumber(context, "Upload-Offset", out var offset)) return ApiError.Invalid("Upload-Offset is invalid");
        if (offset != upload!.Offset) return Moved(upload.Offset);
        if (upload.IsPublished)
        {
            context.Response.Headers["Upload-Offset"] = Text(upload.Offset);
            return Results.NoContent(); // whoever did not hear of the end may send its nothing again
        }
        return await ReceiveAsync(context, project!, upload) ?? Results.NoContent();
    }

    private async Task<IResult> EndAsync(HttpContext context)
    {
        var (_, upload, refusal) = await FindAsync(context);
        if (refusal is not null) return refusal;
        await uploads.DeleteAsync(upload!.Id, context.RequestAborted);
        return Results.NoContent();
    }

    /// <summary>Takes the body, and publishes the file when it is whole. Null when all is well; the headers are written then.</summary>
    private async Task<IResult?> ReceiveAsync(HttpContext context, Project project, ResumableUpload upload)
    {
        if (context.Request.ContentLength > upload.Length - upload.Offset) return TooLong();
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
        using var arriving = running.Begin(context.Caller().Name, upload.Names.In(project), upload.Length);
        switch (await transfer.ReceiveAsync(upload, context.Request.Body, arriving, context.RequestAborted))
        {
            case TransferEnd.Partial partial:
                context.Response.Headers["Upload-Offset"] = Text(partial.Offset);
                WriteExpiry(context, partial.ExpiresAt);
                return null;
            case TransferEnd.Whole whole:
                return await PublishAsync(context, project, upload, whole);
            case TransferEnd.Wrong(var mismatch):
                await uploads.DeleteAsync(upload.Id, CancellationToken.None); // more bytes cannot mend it
                return ApiError.BadRequest($"The {mismatch.What} of the file is {mismatch.Actual}, not {mismatch.Expected}");
            case TransferEnd.TooLong:
                return TooLong();
            default:
                return await MovedAsync(context, upload);
        }
    }

    private async Task<IResult?> PublishAsync(HttpContext context, Project project, ResumableUpload upload, TransferEnd.Whole whole)
    {
        // Again: a rule that was made while the file arrived holds for it.
        if (await protection.CheckPushAsync(context.Caller(), project, "generic", upload.Names.PackageName, CancellationToken.None) is { } refusal)
            return refusal;
        switch (await uploads.PublishAsync(
            upload, whole.Blob, AuditEvent.Of(context, AuditEventNames.PackageFilePublished), PublishedWith.Of(context.Caller()), CancellationToken.None))
        {
            case UploadEnd.Published:
                context.Response.Headers["Upload-Offset"] = Text(upload.Length);
                return null;
            case UploadEnd.Duplicate:
                await uploads.DeleteAsync(upload.Id, CancellationToken.None);
                return ApiError.BadRequest("Duplicate package is not allowed");
            default:
                return ApiError.NotFound();
        }
    }

    // Another request may even have brought it to its end.
    private async Task<IResult> MovedAsync(HttpContext context, ResumableUpload upload) =>
        await uploads.FindAsync(upload.ProjectId, upload.Id, CancellationToken.None) is { } now ? Moved(now.Offset) : ApiError.NotFound();

    private async Task<(Project? Project, ResumableUpload? Upload, IResult? Refusal)> FindAsync(HttpContext context)
    {
        var project = await projects.FindAsync(context.Segment("id"), context.RequestAborted);
        if (await gate.CheckAsync(context, project) is { } refusal) return (null, null, refusal);
        if (VersionProblem(context) is { } problem) return (null, null, problem);
        var upload = await uploads.FindAsync(project!.Id, context.Segment("upload_id"), context.RequestAborted);
        return upload is null || upload.CreatorId != context.Caller().UserId ? (null, null, ApiError.NotFound()) : (project, upload, null);
    }

    private static ApiError? VersionProblem(HttpContext context)
    {
        context.Response.Headers["Tus-Resumable"] = Protocol;
        if (context.Request.Headers["Tus-Resumable"] == Protocol) return null;
        context.Response.Headers["Tus-Version"] = Protocol;
        return ApiError.Message(StatusCodes.Status412PreconditionFailed, $"412 Tus-Resumable must be {Protocol}");
    }

    private static bool HasBody(HttpContext context) =>
        string.Equals(context.Request.ContentType, BodyType, StringComparison.OrdinalIgnoreCase);

    private static bool TryNumber(HttpContext context, string header, out long number) =>
        long.TryParse(context.Request.Headers[header].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static ApiError Moved(long offset) => ApiError.Conflict($"409 Conflict: the upload is at {Text(offset)}");

    private static ApiError TooLong() => ApiError.BadRequest("There are more bytes than Upload-Length has announced");

    private static void WriteExpiry(HttpContext context, long expiresAt) =>
        context.Response.Headers["Upload-Expires"] = HeaderUtilities.FormatDate(ApiJson.Instant(expiresAt));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
