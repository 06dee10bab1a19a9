using Larder.Registry.Http;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Packages;

/// <summary>Sends a package file with the headers of generic-packages contract section 3.</summary>
internal static partial class PackageFileAnswer
{
    public static async Task SendAsync(HttpContext context, IBlobStore blobs, GenericDownload file, DownloadCounts downloads)
    {
        await using var blob = await blobs.OpenAsync(Sha256.Parse(file.Sha256), context.RequestAborted);
        if (blob is null || blob.Length != file.Size)
        {
            // The row says that it is here: to answer "not found" would hide a loss.
            var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(PackageFileAnswer));
            BytesLost(logger, file.FileId, file.Sha256);
            await ApiError.Internal().ExecuteAsync(context);
            return;
        }
        var headers = context.Response.Headers;
        headers.ContentType = "application/octet-stream";
        headers.ContentDisposition = Disposition(file.FileName);
        headers["Content-Transfer-Encoding"] = "binary";
        headers["X-Checksum-Sha256"] = file.Sha256;
        headers["X-Checksum-Sha1"] = file.Sha1;
        headers["X-Checksum-Md5"] = file.Md5;
        headers["X-Checksum-Sha512"] = file.Sha512;
        // Whatever the file is, a browser that opens it gets nothing to run.
        headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        downloads.Count(Downloaded.Package, file.PackageId);
        await BlobAnswer.SendAsync(context, blob, $"\"{file.Sha256}\"", ApiJson.Instant(file.CreatedAt));
    }

    // Stored names are letters, digits and a few signs, everything else percent-encoded: nothing in one can end the header.
    private static string Disposition(string fileName) =>
        $"attachment; filename=\"{fileName}\"; filename*=UTF-8''{Uri.EscapeDataString(fileName)}";

    [LoggerMessage(3001, LogLevel.Error, "Package file {FileId} has lost its bytes: the store has no good blob {Sha256}")]
    private static partial void BytesLost(ILogger logger, long fileId, string sha256);
}
