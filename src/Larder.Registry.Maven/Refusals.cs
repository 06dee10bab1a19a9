using System.Globalization;
using System.Text.Json;
using Larder.Registry.Http;
using Larder.Storage.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Larder.Registry.VirtualRegistries;

/// <summary>How a download that ends without a file is answered.</summary>
internal static class Refusals
{
    private const int DefaultRetryAfterSeconds = 30;
    private const int LongestReasonPhrase = 400;

    /// <summary>404 only where every upstream said so; 503 while that is not known.</summary>
    public static IResult Of(WalkEnd end) => end switch
    {
        WalkEnd.NoUpstreams => ApiError.BadRequest("No upstreams set"),
        WalkEnd.Nowhere => ApiError.NotFound("File not found on any upstream"),
        WalkEnd.Undecided undecided => new UpstreamProblem(undecided.Upstream, undecided.Failure),
        _ => throw new InvalidOperationException($"{end} is not a refusal."),
    };

    /// <summary>
    /// 503 with a problem body (RFC 9457), whose detail Maven 3.9.11 and later print; the <c>error</c> member is GitLab's. Older
    /// Mavens, Gradle and Ivy print nothing but the reason phrase, so that says it too.
    /// </summary>
    private sealed class UpstreamProblem(Upstream upstream, UpstreamFailure failure) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var detail = $"Upstream '{upstream.Name}' could not be asked: {failure.Detail}. "
                + "This does not mean that the file does not exist.";
            var retryAfter = failure.RetryAfter is { } wait ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) : DefaultRetryAfterSeconds;
            var bytes = JsonSerializer.SerializeToUtf8Bytes(new
            {
                type = "about:blank", title = "Service Unavailable", status = 503, detail, error = detail, upstream = upstream.Name,
                reason = failure.Kind.ToString(),
            }, ApiJson.Options);
            var response = httpContext.Response;
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            httpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = Phrase(detail);
            response.ContentType = "application/problem+json";
            response.ContentLength = bytes.Length;
            response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
            if (!HttpMethods.IsHead(httpContext.Request.Method)) await response.Body.WriteAsync(bytes, httpContext.RequestAborted);
        }

        // The name of an upstream may hold anything, a line break too; a reason phrase (RFC 9112 section 4) is visible ASCII here.
        private static string Phrase(string detail) => string.Concat(
            detail.Take(LongestReasonPhrase).Select(c => char.IsBetween(c, ' ', '~') ? c : '?'));
    }
}
