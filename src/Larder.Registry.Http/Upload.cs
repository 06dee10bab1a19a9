using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Larder.Registry.Http;

/// <summary>What has become of an upload: the blob, or the 400 that says why there is none.</summary>
/// <param name="Blob">The bytes, which the store holds.</param>
/// <param name="Error">Why not.</param>
/// <param name="Form">The form that the file came in, if it did.</param>
public sealed record ReceivedUpload(StoredBlob? Blob, ApiError? Error, UploadForm? Form = null);

/// <summary>Receives the body of a request into a blob: all of it, verified and durable, or nothing.</summary>
public static class Upload
{
    /// <summary>Receives it.</summary>
    /// <param name="context">The request. The whole body is the file, whatever its content type, unless it is a form.</param>
    /// <param name="blobs">Where to.</param>
    /// <param name="maxBytes">The largest file, 0 for any.</param>
    /// <param name="progress">Told how many bytes are here.</param>
    /// <exception cref="BadHttpRequestException">The client broke off, or sent slower than the server's least rate.</exception>
    public static async Task<ReceivedUpload> ReceiveAsync(HttpContext context, IBlobStore blobs, long maxBytes, IProgress<long> progress)
    {
        var request = context.Request;
        if (context.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } && request.ContentLength is null)
            return new(null, ApiError.Invalid("file is missing"));
        // First: with its own limit the server would cut the connection before the client has read our answer.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
        var form = UploadForm.In(request);
        if (maxBytes > 0 && form is null && request.ContentLength > maxBytes) return new(null, TooLarge());
        if (!ClientDigests.TryRead(request, form is null ? "Content-Digest" : null, out var expected, out var problem)) return new(null, problem);

        await using var writer = await blobs.CreateAsync(Durability.Durable, context.RequestAborted);
        try
        {
            if (await FillAsync(writer, request.Body, form, maxBytes, progress, context.RequestAborted) is { } error) return new(null, error);
        }
        catch (InvalidDataException)
        {
            return new(null, ApiError.Invalid("file is invalid"));
        }
        var length = form is null ? request.ContentLength : null;
        var commit = await writer.CommitAsync(expected with { Length = length }, context.RequestAborted);
        return commit.Mismatch is { } mismatch
            ? new(null, ApiError.BadRequest($"The {mismatch.What} of the file is {mismatch.Actual}, not {mismatch.Expected}"))
            : new(commit.Stored, null, form);
    }

    private static async Task<ApiError?> FillAsync(
        BlobWriter writer, Stream body, UploadForm? form, long maxBytes, IProgress<long> progress, CancellationToken cancellationToken)
    {
        if (form is not null && !await form.MoveToFileAsync(cancellationToken)) return ApiError.Invalid("file is missing");
        while (true)
        {
            var memory = writer.GetMemory();
            var read = await (form?.ReadAsync(memory, cancellationToken) ?? body.ReadAsync(memory, cancellationToken));
            if (read == 0) break;
            await writer.AdvanceAsync(read, cancellationToken);
            progress.Report(writer.Length);
            if (maxBytes > 0 && writer.Length > maxBytes) return TooLarge();
        }
        if (form is not null) await form.FinishAsync(cancellationToken);
        return null;
    }

    // The rest of the body is not stored. The server reads on for a few seconds, so that a client that sends before it
    // listens gets the answer, and then closes the connection.
    private static ApiError TooLarge() => ApiError.BadRequest("File is too large");
}
