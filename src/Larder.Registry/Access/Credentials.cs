using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Larder.Registry.Access;

/// <summary>Where a credential stood in the request.</summary>
internal enum Placement
{
    None,
    PrivateTokenQuery,
    PrivateTokenHeader,
    Bearer,
    Basic,
}

/// <summary>A credential as presented; nothing is known yet about its worth.</summary>
/// <param name="Placement">Where it stood; <see cref="Placement.None"/> when there is none.</param>
/// <param name="Token">The token.</param>
/// <param name="Username">The name before the colon of Basic.</param>
internal readonly record struct Credential(Placement Placement, string Token, string? Username)
{
    public static Credential None => default;
}

/// <summary>
/// Finds the credential of a request. Each surface looks in its own places (generic-packages contract section 1.1, Maven
/// contract section 1.4). An empty header is no credential: scripts send one when their variable is unset.
/// </summary>
internal static class Credentials
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false);

    /// <summary>False when there are two kinds at once where that is refused.</summary>
    public static bool TryRead(HttpContext context, Surface surface, out Credential credential)
    {
        if (surface == Surface.VirtualRegistryDownload) return TryReadOnlyOne(context, out credential);
        credential = PrivateTokenQuery(context);
        if (credential.Placement == Placement.None) credential = PrivateTokenHeader(context);
        if (credential.Placement == Placement.None) credential = Bearer(context);
        if (credential.Placement == Placement.None && surface is Surface.Api or Surface.GenericPackages) credential = Basic(context);
        return true;
    }

    private static bool TryReadOnlyOne(HttpContext context, out Credential credential)
    {
        credential = PrivateTokenHeader(context);
        var basic = Basic(context);
        if (credential.Placement == Placement.None) credential = basic;
        else if (basic.Placement != Placement.None) return false;
        return true;
    }

    private static Credential PrivateTokenQuery(HttpContext context) =>
        context.Request.QueryString.HasValue ? Of(Placement.PrivateTokenQuery, context.Request.Query["private_token"]) : Credential.None;

    private static Credential PrivateTokenHeader(HttpContext context) =>
        Of(Placement.PrivateTokenHeader, context.Request.Headers["PRIVATE-TOKEN"]);

    private static Credential Of(Placement placement, StringValues values) =>
        values.Count > 0 && values[0] is { Length: > 0 } token ? new Credential(placement, token, null) : Credential.None;

    private static Credential Bearer(HttpContext context) =>
        AfterScheme(context, "Bearer ") is { Length: > 0 } token ? new Credential(Placement.Bearer, token, null) : Credential.None;

    private static Credential Basic(HttpContext context)
    {
        if (AfterScheme(context, "Basic ") is not { } encoded) return Credential.None;
        var bytes = new byte[encoded.Length];
        // Text that says Basic and is not Basic is a credential that is wrong, not an absent one.
        if (!Convert.TryFromBase64String(encoded, bytes, out var length)) return new Credential(Placement.Basic, "", "");
        var text = Utf8.GetString(bytes.AsSpan(0, length));
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? new Credential(Placement.Basic, "", text)
            : new Credential(Placement.Basic, text[(colon + 1)..], text[..colon]);
    }

    private static string? AfterScheme(HttpContext context, string scheme)
    {
        var headers = context.Request.Headers.Authorization;
        return headers.Count > 0 && headers[0] is { } text && text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? text[scheme.Length..].Trim()
            : null;
    }
}
