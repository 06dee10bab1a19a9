using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Larder.Registry.Http;

/// <summary>The precondition that GitLab's deletions know (RFC 9110 section 13.1.4).</summary>
public static class Unmodified
{
    /// <summary>Whether <c>If-Unmodified-Since</c> is older than the row's last change, in Unix milliseconds.</summary>
    public static bool Refuses(HttpContext context, long updatedAt) =>
        HeaderUtilities.TryParseDate(context.Request.Headers.IfUnmodifiedSince.ToString(), out var since)
        && since.ToUnixTimeSeconds() < updatedAt / 1000;
}
