using System.IO.Pipelines;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Larder.Registry.Http;

/// <summary>
/// Sends a blob, or the part of it that the client lacks: ranges and conditions by RFC 9110 sections 13 and 14. The bytes
/// go from the blob into the connection's own buffers, one piece at a time.
/// </summary>
public static class BlobAnswer
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>
    /// Sends <paramref name="blob"/>; content type and the headers of the feature are set already. HEAD gets the headers alone.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="blob">The content. The caller disposes it.</param>
    /// <param name="entityTag">A strong validator, with its quotes.</param>
    /// <param name="lastModified">When this content got this name.</param>
    public static async Task SendAsync(HttpContext context, Blob blob, string entityTag, DateTimeOffset lastModified)
    {
        var response = context.Response;
        var part = Choose(context, blob.Length, entityTag, lastModified);
        if (part is not { } range) return;
        response.ContentLength = range.Length;
        if (HttpMethods.IsHead(context.Request.Method) || range.Length == 0) return;
        await CopyAsync(blob, range.Start, range.Length, response.BodyWriter, context.RequestAborted);
    }

    /// <summary>
    /// Decides status and part, and writes the headers that tell of it; null when there is no body to send (304, 412, 416).
    /// </summary>
    private static (long Start, long Length)? Choose(HttpContext context, long length, string entityTag, DateTimeOffset lastModified)
    {
        var (request, response) = (context.Request, context.Response);
        // HTTP dates have whole seconds.
        lastModified = DateTimeOffset.FromUnixTimeSeconds(lastModified.ToUnixTimeSeconds());
        response.Headers.AcceptRanges = "bytes";
        response.Headers.ETag = entityTag;
        response.Headers.LastModified = HeaderUtilities.FormatDate(lastModified);
        if (request.Headers.Count > 0 && Precondition(request, entityTag, lastModified) is { } status)
        {
            response.StatusCode = status;
            return null;
        }
        if (request.Headers.Range.Count == 0 || !HttpMethods.IsGet(request.Method)) return (0, length);
        return Range(request, response, length, entityTag, lastModified);
    }

    private static int? Precondition(HttpRequest request, string entityTag, DateTimeOffset lastModified)
    {
        var headers = request.Headers;
        if (headers.IfMatch.Count > 0)
        {
            if (!Matches(headers.IfMatch, entityTag, strong: true)) return StatusCodes.Status412PreconditionFailed;
        }
        else if (Date(headers.IfUnmodifiedSince) is { } unmodifiedSince && lastModified > unmodifiedSince)
        {
            return StatusCodes.Status412PreconditionFailed;
        }
        if (headers.IfNoneMatch.Count > 0)
        {
            if (Matches(headers.IfNoneMatch, entityTag, strong: false)) return StatusCodes.Status304NotModified;
        }
        else if (Date(headers.IfModifiedSince) is { } modifiedSince && lastModified <= modifiedSince)
        {
            return StatusCodes.Status304NotModified;
        }
        return null;
    }

    private static (long Start, long Length)? Range(
        HttpRequest request, HttpResponse response, long length, string entityTag, DateTimeOffset lastModified)
    {
        var whole = (0L, length);
        // Several ranges at once cost much and serve nobody here: allowed to be ignored (RFC 9110 section 14.2).
        if (!RangeHeaderValue.TryParse(request.Headers.Range.ToString(), out var header)
            || !header.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase) || header.Ranges.Count != 1) return whole;
        var ifRange = request.Headers.IfRange.ToString();
        if (ifRange.Length > 0 && ifRange != entityTag && Date(ifRange) != lastModified) return whole;

        var range = header.Ranges.Single();
        var start = range.From ?? Math.Max(0, length - range.To!.Value);
        var end = range.From is null ? length - 1 : Math.Min(range.To ?? length - 1, length - 1);
        if (start >= length || end < start || range is { From: null, To: 0 })
        {
            response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            response.Headers.ContentRange = $"bytes */{length}";
            return null;
        }
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.Headers.ContentRange = $"bytes {start}-{end}/{length}";
        return (start, end - start + 1);
    }

    private static bool Matches(Microsoft.Extensions.Primitives.StringValues header, string entityTag, bool strong) =>
        EntityTagHeaderValue.TryParseList(header, out var tags) && tags.Any(tag =>
            tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(EntityTagHeaderValue.Parse(entityTag), strong));

    private static DateTimeOffset? Date(string? value) =>
        HeaderUtilities.TryParseDate(value, out var date) ? date : null;

    private static async Task CopyAsync(Blob blob, long offset, long count, PipeWriter body, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            var memory = body.GetMemory((int)Math.Min(count, PieceBytes));
            var read = await blob.ReadAsync(offset, memory[..(int)Math.Min(count, memory.Length)], cancellationToken);
            if (read == 0) throw new EndOfStreamException("A blob ended before its length.");
            body.Advance(read);
            offset += read;
            count -= read;
            var flushed = await body.FlushAsync(cancellationToken);
            if (flushed.IsCompleted) return; // the client has left
        }
    }
}
