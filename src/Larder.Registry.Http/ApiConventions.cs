using Larder.Registry.Data;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Http;

/// <summary>What holds for every answer under <c>/api</c>: headers, and a GitLab body for whatever went wrong.</summary>
public static partial class ApiConventions
{
    // A restart of PostgreSQL takes a few seconds.
    private const int RetryAfterSeconds = 10;

    /// <summary>
    /// Adds the headers, and turns an unknown route, a wrong verb, an unreadable request and a bug into GitLab's bodies.
    /// An answer that has begun cannot be mended: its connection is cut, so that nobody takes it for whole.
    /// </summary>
    public static void UseApiConventions(this IApplicationBuilder app, ILogger logger) => app.Use(async (context, next) =>
    {
        WriteHeaders(context);
        try
        {
            await next(context);
            if (!context.Response.HasStarted && IsApi(context)) await DescribeEmptyAnswerAsync(context);
        }
        catch (Exception e) when (e is ConnectionResetException
            || (e is OperationCanceledException && context.RequestAborted.IsCancellationRequested))
        {
            // The client has left: nobody to tell.
        }
        catch (IOException e) when (!context.Response.HasStarted && StatusOfBadRequest(e) is { } status)
        {
            await RefuseAsync(context, ApiError.Malformed(status));
        }
        catch (DatabaseUnavailableException)
        {
            // Logged once, where the outage began.
            if (context.Response.HasStarted) context.Abort();
            else await RefuseAsync(context, ApiError.Unavailable("the database does not answer", RetryAfterSeconds));
        }
        catch (BlobStoreUnavailableException e)
        {
            StoreUnavailable(logger, e, context.Request.Method, context.Request.Path);
            if (context.Response.HasStarted) context.Abort();
            else await RefuseAsync(context, ApiError.Unavailable("the blob store does not answer", RetryAfterSeconds));
        }
        catch (BlobStoreFullException e) when (!context.Response.HasStarted)
        {
            StoreFull(logger, e, context.Request.Method, context.Request.Path);
            await RefuseAsync(context, ApiError.StoreFull());
        }
#pragma warning disable CA1031 // The outermost frame of a request: whatever it is, it is logged and answered.
        catch (Exception e)
#pragma warning restore CA1031
        {
            RequestFailed(logger, e, context.Request.Method, context.Request.Path);
            if (context.Response.HasStarted) context.Abort();
            else await RefuseAsync(context, ApiError.Internal());
        }
    });

    // Kestrel says of a chunk larger than any number that it cannot be read, not that the request is bad.
    private static int? StatusOfBadRequest(IOException failure) => failure switch
    {
        BadHttpRequestException bad => bad.StatusCode,
        { InnerException: OverflowException } => StatusCodes.Status400BadRequest,
        _ => null,
    };

    private static void WriteHeaders(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "SAMEORIGIN";
    }

    private static Task RefuseAsync(HttpContext context, ApiError error)
    {
        context.Response.Clear();
        WriteHeaders(context);
        return error.ExecuteAsync(context);
    }

    private static bool IsApi(HttpContext context) => context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal);

    private static Task DescribeEmptyAnswerAsync(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound when context.Response.ContentLength is null => ApiError.NoRoute().ExecuteAsync(context),
        StatusCodes.Status405MethodNotAllowed => ApiError.MethodNotAllowed().ExecuteAsync(context),
        _ => Task.CompletedTask,
    };

    [LoggerMessage(7004, LogLevel.Error, "{Method} {Path} could not be stored")]
    private static partial void StoreFull(ILogger logger, Exception exception, string method, PathString path);

    [LoggerMessage(7005, LogLevel.Error, "{Method} {Path} could not ask the blob store")]
    private static partial void StoreUnavailable(ILogger logger, Exception exception, string method, PathString path);

    [LoggerMessage(7001, LogLevel.Error, "{Method} {Path} failed")]
    private static partial void RequestFailed(ILogger logger, Exception exception, string method, PathString path);
}
