using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Web.Pages;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Larder.Web;

/// <summary>Marks the endpoints that are pages.</summary>
internal sealed class PageMetadata;

/// <summary>Marks the forms that nobody need be signed in for.</summary>
internal sealed class OpenForm;

/// <summary>
/// What holds for every page: headers, the caller from the cookie, and errors as pages. Whatever no route names, and is not of the
/// API, is looked up as a group or project; as a route such a catch-all would take the API's own 404 and 405 away.
/// </summary>
internal sealed partial class PageMiddleware(
    RequestDelegate next, SessionStore sessions, LarderOptions options, ILogger<PageMiddleware> logger)
{
    private const string Policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'";

    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint is null ? IsApi(context.Request.Path) : endpoint.Metadata.GetMetadata<PageMetadata>() is null)
        {
            await next(context);
            return;
        }
        WriteHeaders(context.Response.Headers);
        context.Features.Set(Frame.Of(context, options));
        try
        {
            await FindCallerAsync(context);
            if (IsLateForm(context, endpoint)) await context.SignInFirst()!.ExecuteAsync(context);
            else if (endpoint is null) await (await PlacePages.AnswerAsync(context)).ExecuteAsync(context);
            else await next(context);
        }
        catch (DatabaseUnavailableException) when (!context.Response.HasStarted)
        {
            await FailAsync(context, StatusCodes.Status503ServiceUnavailable, "Try again in a moment", "The database does not answer.");
        }
        catch (Exception e) when (!context.Response.HasStarted && e is not (ConnectionResetException or OperationCanceledException or BadHttpRequestException))
        {
            PageFailed(logger, e, context.Request.Method, context.Request.Path);
            await FailAsync(context, StatusCodes.Status500InternalServerError, "Something went wrong", "The log of the server says what it was.");
        }
    }

    // Before anything is looked up: what one saw while one was signed in must not look as if it were gone.
    private static bool IsLateForm(HttpContext context, Endpoint? endpoint) =>
        HttpMethods.IsPost(context.Request.Method) && context.Caller().IsAnonymous
        && endpoint is not null && endpoint.Metadata.GetMetadata<OpenForm>() is null;

    private static bool IsApi(PathString path) => path.StartsWithSegments("/api", StringComparison.Ordinal);

    private static void WriteHeaders(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = Policy;
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-store"; // nobody shall find it with the back button after signing out
    }

    private async Task FindCallerAsync(HttpContext context)
    {
        if (SessionCookie.Read(context, options) is not { } secret) return;
        if (await sessions.FindAsync(secret, context.RequestAborted) is not { } session) return;
        context.Features.Set(session.Caller);
        context.Features.Set(context.Frame() with
        {
            Username = session.Caller.Username, IsAdmin = session.Caller.IsAdmin, FormToken = FormToken.Of(secret),
        });
    }

    private static Task FailAsync(HttpContext context, int status, string title, string text)
    {
        context.Response.Clear();
        WriteHeaders(context.Response.Headers);
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Page<ErrorPage>(status, ("Title", title), ("Text", text)).ExecuteAsync(context);
    }

    [LoggerMessage(7010, LogLevel.Error, "Page {Method} {Path} failed")]
    private static partial void PageFailed(ILogger logger, Exception exception, string method, PathString path);
}
