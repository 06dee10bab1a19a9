using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Larder.Registry.Access;

/// <summary>Where a credential may stand in a request.</summary>
internal enum Placement
{
    /// <summary><c>?private_token=</c>.</summary>
    PrivateTokenQuery,

    /// <summary><c>?job_token=</c>.</summary>
    JobTokenQuery,

    /// <summary><c>?token=</c>.</summary>
    TokenQuery,

    /// <summary><c>JOB-TOKEN:</c>.</summary>
    JobTokenHeader,

    /// <summary><c>PRIVATE-TOKEN:</c>.</summary>
    PrivateTokenHeader,

    /// <summary><c>DEPLOY-TOKEN:</c>.</summary>
    DeployTokenHeader,

    /// <summary>Where GitLab looks for a deploy token: the password of Basic, else <c>DEPLOY-TOKEN</c>, else Bearer.</summary>
    DeployTokenAnywhere,

    /// <summary><c>Authorization: Bearer</c>.</summary>
    Bearer,

    /// <summary>The password of <c>Authorization: Basic</c>.</summary>
    Basic,

    /// <summary>The same, if the name is the one of jobs.</summary>
    BasicOfJob,
}

/// <summary>A credential as presented; nothing is known yet about its worth.</summary>
/// <param name="Token">The token.</param>
/// <param name="Username">The name before the colon of Basic; null elsewhere.</param>
internal readonly record struct Credential(string Token, string? Username);

/// <summary>Reads credentials. An empty header is no credential: scripts send one when their variable is unset.</summary>
internal static class Credentials
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false);

    /// <summary>The credential at a place, or null when nothing stands there.</summary>
    public static Credential? Read(HttpRequest request, Placement placement) => placement switch
    {
        Placement.PrivateTokenQuery => Query(request, "private_token"),
        Placement.PrivateTokenHeader => Of(request.Headers["PRIVATE-TOKEN"]),
        Placement.DeployTokenHeader => Of(request.Headers["DEPLOY-TOKEN"]),
        Placement.DeployTokenAnywhere => Basic(request) ?? Of(request.Headers["DEPLOY-TOKEN"]) ?? Bearer(request),
        Placement.Bearer => Bearer(request),
        Placement.Basic => Basic(request),
        Placement.BasicOfJob => Basic(request) is { Username: JobGrants.Username } credential ? credential : null,
        Placement.JobTokenQuery => Query(request, "job_token"),
        Placement.TokenQuery => Query(request, "token"),
        Placement.JobTokenHeader => Of(request.Headers["JOB-TOKEN"]),
        _ => throw new ArgumentOutOfRangeException(nameof(placement), placement, null),
    };

    private static Credential? Query(HttpRequest request, string name) => request.QueryString.HasValue ? Of(request.Query[name]) : null;

    private static Credential? Of(StringValues values) =>
        values.Count > 0 && values[0] is { Length: > 0 } token ? new Credential(token, null) : null;

    private static Credential? Bearer(HttpRequest request) =>
        AfterScheme(request, "Bearer ") is { Length: > 0 } token ? new Credential(token, null) : null;

    private static Credential? Basic(HttpRequest request)
    {
        if (AfterScheme(request, "Basic ") is not { } encoded) return null;
        var bytes = new byte[encoded.Length];
        // Text that says Basic and is not Basic is a credential that is wrong, not an absent one.
        if (!Convert.TryFromBase64String(encoded, bytes, out var length)) return new Credential("", "");
        var text = Utf8.GetString(bytes.AsSpan(0, length));
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? new Credential("", text) : new Credential(text[(colon + 1)..], text[..colon]);
    }

    private static string? AfterScheme(HttpRequest request, string scheme)
    {
        var headers = request.Headers.Authorization;
        return headers.Count > 0 && headers[0] is { } text && text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? text[scheme.Length..].Trim()
            : null;
    }
}
