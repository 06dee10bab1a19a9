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

/// <summary>Publishing and fetching generic files (generic-packages contract sections 2 and 3).</summary>
internal static class GenericEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        const string file = "/api/v4/projects/{id}/packages/generic/{package_name}/{package_version}/{**file_name}";
        app.MapPut(file, PublishAsync).Requires(Permission.PublishPackage, Surface.GenericPackages)
            .Describes("Publishes a file. The body is the file.", "status:default|hidden", "select")
            .Answers<PublishedFileJson>().Answers<MessageJson>(StatusCodes.Status201Created)
            .IsNotAudited("the event is written with the row of the file");
        app.MapMethods(file, ["GET", "HEAD"], FetchAsync).Requires(Permission.PullPackage, Surface.GenericPackages)
            .Describes("Fetches a file by package, version and name.").AnswersFile(PackageFileAnswer.ContentType, "Content-Location");
    }

    private static async Task<IResult> PublishAsync(
        HttpContext context, ProjectStore projects, Gate gate, PackageProtection protection, PlanLimits limits, GenericStore files,
        IBlobStore blobs, RunningUploads uploads, LarderOptions options)
    {
        var cancellationToken = context.RequestAborted;
        var names = Names(context);
        var wishes = Wishes.Of(context.Request, form: null);
        if (names.Problems().Concat(wishes.Problems) is var problems && problems.Any()) return ApiError.Invalid(problems);
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        if (await ProtectedAsync() is { } early) return early;

        var (blob, error, form) = await ReceiveAsync();
        if (error is not null) return error;
        if (form is not null && (wishes = Wishes.Of(context.Request, form)).Problems is { Count: > 0 } wrong) return ApiError.Invalid(wrong);
        // Again: a rule that was made while the body arrived holds for it.
        if (await ProtectedAsync() is { } late) return late;
        var added = await files.AddAsync(
            new NewPackageFile(project!.Id, names, wishes.Status, context.Caller().UserId, blob!, AuditEvent.Of(context, AuditEventNames.PackageFilePublished),
                PublishedWith.Of(context.Caller())),
            cancellationToken);
        if (added is null) return ApiError.BadRequest("Duplicate package is not allowed");
        return wishes.SelectsFile
            ? ApiJson.Answer(new PublishedFileJson(added, FileUrl(context, options, project, names)))
            : ApiError.Message(StatusCodes.Status201Created, "201 Created");

        async Task<ReceivedUpload> ReceiveAsync()
        {
            using var running = uploads.Begin(context.Caller().Name, names.In(project!), context.Request.ContentLength);
            return await Upload.ReceiveAsync(context, blobs, await limits.GenericPackageMaxBytesAsync(cancellationToken), running);
        }

        ValueTask<ApiError?> ProtectedAsync() =>
            protection.CheckPushAsync(context.Caller(), project!, "generic", names.PackageName, cancellationToken);
    }

    private static async Task FetchAsync(
        HttpContext context, ProjectStore projects, Gate gate, GenericStore files, IBlobStore blobs, DownloadCounts downloads,
        LarderOptions options)
    {
        var cancellationToken = context.RequestAborted;
        var names = Names(context);
        if (names.Problems() is { Count: > 0 } problems)
        {
            await ApiError.Invalid(problems).ExecuteAsync(context);
            return;
        }
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal)
        {
            await refusal.ExecuteAsync(context);
            return;
        }
        var isLatest = names.Version == GenericNames.Latest;
        if (isLatest && await files.LatestVersionAsync(project!.Id, names.PackageName, cancellationToken) is { } version)
            names = names with { Version = version };
        if (await files.FindAsync(project!.Id, names, cancellationToken) is not { } file)
        {
            await ApiError.RowNotFound().ExecuteAsync(context);
            return;
        }
        if (isLatest)
        {
            // Tells which version it is (RFC 9110 section 8.7); the next one may be the latest any time.
            context.Response.Headers.ContentLocation = FileUrl(context, options, project, names);
            context.Response.Headers.CacheControl = "no-cache";
        }
        await PackageFileAnswer.SendAsync(context, blobs, file, downloads);
    }

    private static GenericNames Names(HttpContext context) =>
        GenericNames.Of(context.Segment("package_name"), context.Segment("package_version"), context.Segment("file_name"));

    private static string FileUrl(HttpContext context, LarderOptions options, Project project, GenericNames names)
    {
        var path = string.Join('/', names.PlainPath.Split('/').Select(Uri.EscapeDataString));
        return $"{ExternalUrl.Base(context, options.ExternalUrl)}/api/v4/projects/{project.Id}/packages/generic/"
            + $"{names.PackageName}/{names.Version}/{path}";
    }

    /// <summary>What the client wants besides: in the query, or in fields of the form.</summary>
    /// <param name="Status">The package's status from now on; null leaves it.</param>
    /// <param name="SelectsFile">Whether the answer is the record of the file.</param>
    /// <param name="Problems">What is wrong, in GitLab's words.</param>
    internal sealed record Wishes(string? Status, bool SelectsFile, IReadOnlyList<string> Problems)
    {
        public static Wishes Of(HttpRequest request, UploadForm? form)
        {
            var problems = new List<string>();
            var (status, select) = (Value("status"), Value("select"));
            if (status is not ("" or PackageStatus.Default or PackageStatus.Hidden)) problems.Add("status does not have a valid value");
            if (select is not ("" or "package_file")) problems.Add("select does not have a valid value");
            return new(status.Length == 0 ? null : status, select.Length > 0, problems);

            string Value(string name) => request.Query.TryGetValue(name, out var value) ? value.ToString() : form?[name] ?? "";
        }
    }
}
