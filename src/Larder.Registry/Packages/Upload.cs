using Larder.Registry.Http;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Larder.Registry.Packages;

/// <summary>Receives the body of a request into a blob: all of it, verified and durable, or nothing.</summary>
internal static class Upload
{
    /// <summary>The blob, or the 400 that says why there is none.</summary>
    /// <param name="context">The request. Its content type is of no interest: the whole body is the file.</param>
    /// <param name="blobs">Where to.</param>
    /// <param name="maxBytes">The largest body, 0 for any.</param>
    /// <exception cref="BadHttpRequestException">The client broke off, or sent slower than the server's least rate.</exception>
    public static async Task<(StoredBlob? Blob, ApiError? Error)> ReceiveAsync(HttpContext context, IBlobStore blobs, long maxBytes)
    {
        var request = context.Request;
        if (context.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } && request.ContentLength is null)
            return (null, ApiError.Invalid("file is missing"));
        // First: with its own limit the server would cut the connection before the client has read our answer.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
        if (maxBytes > 0 && request.ContentLength > maxBytes) return (null, TooLarge());
        if (!ClientDigests.TryRead(request, out var expected, out var problem)) return (null, problem);

        await using var writer = await blobs.CreateAsync(Durability.Durable, context.RequestAborted);
        while (true)
        {
            var read = await request.Body.ReadAsync(writer.GetMemory(), context.RequestAborted);
            if (read == 0) break;
            await writer.AdvanceAsync(read, context.RequestAborted);
            if (maxBytes > 0 && writer.Length > maxBytes) return (null, TooLarge());
        }
        var commit = await writer.CommitAsync(expected with { Length = request.ContentLength }, context.RequestAborted);
        return commit.Mismatch is { } mismatch
            ? (null, ApiError.BadRequest($"The {mismatch.What} of the file is {mismatch.Actual}, not {mismatch.Expected}"))
            : (commit.Stored, null);
    }

    // The rest of the body is not stored. The server reads on for a few seconds, so that a client that sends before it
    // listens gets the answer, and then closes the connection.
    private static ApiError TooLarge() => ApiError.BadRequest("File is too large");
}
