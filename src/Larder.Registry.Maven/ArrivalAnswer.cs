using Larder.Registry.Http;
using Larder.Storage.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Sends a file while it comes from its upstream.</summary>
internal static class ArrivalAnswer
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>
    /// Follows the download from its first byte. What goes wrong after that cuts the connection: a short body that ends
    /// cleanly would be taken for the file.
    /// </summary>
    public static Task SendAsync(HttpContext context, WalkEnd.Arriving arriving, MavenPath path) =>
        path.Checksum is { } kind ? SendChecksumAsync(context, arriving, kind)
        : HttpMethods.IsHead(context.Request.Method) ? SendHead(context, arriving)
        : SendFileAsync(context, arriving);

    // The file itself is fetched first, so that it and its checksum can never disagree.
    private static async Task SendChecksumAsync(HttpContext context, WalkEnd.Arriving arriving, ChecksumKind kind)
    {
        arriving.Reader.KeepFilling();
        var end = await arriving.Reader.CompletedAsync(context.RequestAborted);
        if (end.Completed is { } completed) await ChecksumAnswer.SendAsync(context, completed.Blob.Digests, kind);
        else await Refusals.Of(new WalkEnd.Undecided(arriving.Upstream, end.Failure!)).ExecuteAsync(context);
    }

    // Who asks for the head mostly asks for the file next.
    private static Task SendHead(HttpContext context, WalkEnd.Arriving arriving)
    {
        arriving.Reader.KeepFilling();
        WriteHeaders(context, arriving.Headers);
        return Task.CompletedTask;
    }

    private static async Task SendFileAsync(HttpContext context, WalkEnd.Arriving arriving)
    {
        WriteHeaders(context, arriving.Headers);
        var body = context.Response.BodyWriter;
        try
        {
            while (true)
            {
                var read = await arriving.Reader.ReadAsync(body.GetMemory(PieceBytes), context.RequestAborted);
                if (read == 0) return;
                body.Advance(read);
                if ((await body.FlushAsync(context.RequestAborted)).IsCompleted) return; // the client has left
            }
        }
        catch (DownloadBrokenException e)
        {
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }
            // A small file is judged before its first byte is sent: then there is time for a reason.
            ChecksumHeaders.Remove(context);
            await Refusals.Of(new WalkEnd.Undecided(arriving.Upstream, e.Failure)).ExecuteAsync(context);
        }
    }

    private static void WriteHeaders(HttpContext context, UpstreamHeaders upstream)
    {
        var response = context.Response;
        FileHeaders.Write(context, upstream.ContentType);
        response.ContentLength = upstream.ContentLength;
        var announced = upstream.Announced;
        if (announced.Md5 is { } md5) response.Headers["x-checksum-md5"] = md5;
        if (announced.Sha1 is { } sha1) response.Headers["x-checksum-sha1"] = sha1;
        if (announced.Sha256 is { } sha256) response.Headers["x-checksum-sha256"] = sha256;
        if (announced.Sha512 is { } sha512) response.Headers["x-checksum-sha512"] = sha512;
    }
}
