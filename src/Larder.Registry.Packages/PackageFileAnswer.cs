using Larder.Registry.Http;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Larder.Storage.Blobs.S3;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Packages;

/// <summary>Sends a package file with the headers of generic-packages contract section 3.</summary>
internal static partial class PackageFileAnswer
{
    public const string ContentType = "application/octet-stream";

    public static async Task SendAsync(HttpContext context, IBlobStore blobs, GenericDownload file, DownloadCounts downloads)
    {
        if (await RedirectAsync(context, file))
        {
            downloads.Count(Downloaded.Package, file.PackageId);
            return;
        }
        await using var blob = await OpenAsync(context, blobs, file.FileId, file.Sha256, file.Size);
        if (blob is null)
        {
            // The row says that it is here: to answer "not found" would hide a loss.
            await ApiError.Internal().ExecuteAsync(context);
            return;
        }
        var headers = context.Response.Headers;
        headers.ContentType = ContentType;
        headers["Content-Transfer-Encoding"] = "binary";
        headers["X-Checksum-Sha256"] = file.Sha256;
        headers["X-Checksum-Sha1"] = file.Sha1;
        headers["X-Checksum-Md5"] = file.Md5;
        headers["X-Checksum-Sha512"] = file.Sha512;
        Attach(context, file.FileName);
        downloads.Count(Downloaded.Package, file.PackageId);
        await BlobAnswer.SendAsync(context, blob, $"\"{file.Sha256}\"", ApiJson.Instant(file.CreatedAt));
    }

    // Questions about the file are answered here: what HEAD and conditions are about, the bucket does not know.
    private static async ValueTask<bool> RedirectAsync(HttpContext context, GenericDownload file)
    {
        var asked = context.Request.Headers;
        if (!HttpMethods.IsGet(context.Request.Method) || asked.IfMatch.Count + asked.IfNoneMatch.Count + asked.IfModifiedSince.Count
            + asked.IfUnmodifiedSince.Count + asked.IfRange.Count > 0) return false;
        var links = context.RequestServices.GetRequiredService<DirectDownloads>();
        if (await links.LinkAsync(Sha256.Parse(file.Sha256), ContentType, Disposition(file.FileName)) is not { } link) return false;
        context.Response.Headers.CacheControl = "no-store"; // the URL is a key, and expires
        context.Response.Redirect(link.AbsoluteUri);
        return true;
    }

    /// <summary>Opens the bytes of a file; null, and an error in the log, when the store has lost them.</summary>
    public static async ValueTask<Blob?> OpenAsync(HttpContext context, IBlobStore blobs, long fileId, string sha256, long size)
    {
        var blob = await blobs.OpenAsync(Sha256.Parse(sha256), context.RequestAborted);
        if (blob?.Length == size) return blob;
        if (blob is not null) await blob.DisposeAsync();
        BytesLost(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(PackageFileAnswer)), fileId, sha256);
        return null;
    }

    /// <summary>Makes the answer a file to be saved under this name: whatever it is, a browser that opens it gets nothing to run.</summary>
    public static void Attach(HttpContext context, string fileName)
    {
        context.Response.Headers.ContentDisposition = Disposition(fileName);
        context.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
    }

    // Stored names are letters, digits and a few signs, everything else percent-encoded: nothing in one can end the header.
    private static string Disposition(string fileName) =>
        $"attachment; filename=\"{fileName}\"; filename*=UTF-8''{Uri.EscapeDataString(fileName)}";

    [LoggerMessage(3001, LogLevel.Error, "Package file {FileId} has lost its bytes: the store has no good blob {Sha256}")]
    private static partial void BytesLost(ILogger logger, long fileId, string sha256);
}
