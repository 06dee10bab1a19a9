using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Larder.Registry.Http;

/// <summary>
/// Reads the path of a request from the bytes that the client sent. Kestrel's own decoding has two gaps for us: it resolves
/// dot segments, so a traversal would arrive as a different, innocent path; and it cannot tell <c>%2F</c> from <c>%252F</c>,
/// so two names would become one. After this the path holds each segment decoded exactly once, with only <c>/</c> and
/// <c>%</c> inside a segment written as <c>%2F</c> and <c>%25</c>: <see cref="Segment"/> undoes that.
/// </summary>
public static class RequestTarget
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Refuses a traversal in any encoding with 400 <c>{"error":"path should be a valid file path"}</c>, before anything
    /// else looks at the request.
    /// </summary>
    public static void UseCanonicalRequestTarget(this IApplicationBuilder app) => app.Use(static (context, next) =>
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (IsPlain(target)) return next(context);
        if (!TryDecode(target, out var path))
            return ApiError.Invalid("path should be a valid file path").ExecuteAsync(context);
        context.Request.Path = new PathString(path);
        return next(context);
    });

    /// <summary>A route value as the client meant it.</summary>
    public static string Segment(this HttpContext context, string name) =>
        context.Request.RouteValues[name] is string value ? Uri.UnescapeDataString(value) : "";

    /// <summary>
    /// Whether a decoded path climbs or hides: a part (between slashes or backslashes) that is <c>.</c> or <c>..</c>, also
    /// behind further percent-encoding, or a control character.
    /// </summary>
    public static bool IsTraversal(string decoded)
    {
        // Somebody behind us may decode again. A name in which that never ends is no name.
        for (var round = 0; round < 4; round++)
        {
            if (decoded.Any(char.IsControl) || decoded.Split('/', '\\').Any(part => part is "." or "..")) return true;
            if (!decoded.Contains('%', StringComparison.Ordinal)) return false;
            var again = Uri.UnescapeDataString(decoded);
            if (again == decoded) return false;
            decoded = again;
        }
        return true;
    }

    // Nearly every request: nothing encoded, no dot segment, so Kestrel's path is the path.
    private static bool IsPlain(string target) =>
        target.StartsWith('/') && !target.Contains('%', StringComparison.Ordinal)
        && !target.Contains("/.", StringComparison.Ordinal) && !target.Contains('\\', StringComparison.Ordinal);

    private static bool TryDecode(string target, out string path)
    {
        path = "";
        if (!target.StartsWith('/'))
        {
            // The absolute form of a proxy request (RFC 9112 section 3.2.2), or the asterisk of OPTIONS.
            if (!Uri.TryCreate(target, UriKind.Absolute, out _)) return target == "*";
            var authority = target.IndexOf("://", StringComparison.Ordinal) + 3;
            var start = target.IndexOfAny(['/', '?', '#'], authority);
            target = start >= 0 && target[start] == '/' ? target[start..] : "/";
        }
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var result = new StringBuilder();
        foreach (var segment in (query < 0 ? target : target[..query])[1..].Split('/'))
        {
            if (!TryDecodeSegment(segment, out var decoded) || IsTraversal(decoded)) return false;
            result.Append('/').Append(decoded.Replace("%", "%25", StringComparison.Ordinal).Replace("/", "%2F", StringComparison.Ordinal));
        }
        path = result.ToString();
        return true;
    }

    private static bool TryDecodeSegment(string segment, out string decoded)
    {
        decoded = segment;
        if (!segment.Contains('%', StringComparison.Ordinal)) return true;
        var bytes = new List<byte>(segment.Length);
        for (var i = 0; i < segment.Length; i++)
        {
            if (segment[i] != '%')
            {
                bytes.Add((byte)segment[i]);
            }
            else
            {
                if (i + 2 >= segment.Length || !char.IsAsciiHexDigit(segment[i + 1]) || !char.IsAsciiHexDigit(segment[i + 2])) return false;
                bytes.Add(Convert.ToByte(segment.Substring(i + 1, 2), 16));
                i += 2;
            }
        }
        try
        {
            decoded = StrictUtf8.GetString([.. bytes]); // an overlong form is not UTF-8
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
