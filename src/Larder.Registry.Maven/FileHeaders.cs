using System.Text;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// The headers that keep a file of strangers from acting as a page of this host: anybody may publish to a public
/// repository (Maven contract section 2.5).
/// </summary>
internal static class FileHeaders
{
    private const string OctetStream = "application/octet-stream";
    private static readonly StringValues Attachment = "attachment";
    private static readonly StringValues Sandbox = "sandbox; default-src 'none'; require-trusted-types-for 'script'";

    public static void Write(HttpContext context, string? contentType)
    {
        var headers = context.Response.Headers;
        headers.ContentDisposition = Attachment;
        headers.ContentSecurityPolicy = Sandbox;
        headers.ContentType = contentType is null || !IsSendable(contentType) ? OctetStream : contentType;
    }

    // It comes from strangers. A type that a browser would take apart is no type of a package file; and what is not plain
    // ASCII, which HTTP clients let pass, no server may send.
    private static bool IsSendable(string contentType) =>
        !contentType.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) && contentType.All(c => char.IsBetween(c, ' ', '~'));
}

/// <summary>Says that a copy is past its validity because its upstream could not be asked (RFC 7234 section 5.5.1).</summary>
internal static class StaleWarning
{
    public static StringValues Text { get; } = "110 larder \"Response is Stale\"";
}

/// <summary>The headers by which Maven verifies a file without asking for its checksum files.</summary>
internal static class ChecksumHeaders
{
    public static void Write(HttpContext context, Digests digests)
    {
        var headers = context.Response.Headers;
        headers["x-checksum-md5"] = digests.Md5;
        headers["x-checksum-sha1"] = digests.Sha1;
        headers["x-checksum-sha256"] = digests.Sha256.Hex;
        headers["x-checksum-sha512"] = digests.Sha512;
    }

    /// <summary>Takes them back: another body is sent.</summary>
    public static void Remove(HttpContext context)
    {
        foreach (var kind in new[] { "md5", "sha1", "sha256", "sha512" }) context.Response.Headers.Remove("x-checksum-" + kind);
    }
}

/// <summary>The answer to a checksum file: bare lower-case digits.</summary>
internal static class ChecksumAnswer
{
    public static async Task SendAsync(HttpContext context, Digests digests, ChecksumKind kind)
    {
        var text = kind switch
        {
            ChecksumKind.Md5 => digests.Md5,
            ChecksumKind.Sha1 => digests.Sha1,
            ChecksumKind.Sha256 => digests.Sha256.Hex,
            _ => digests.Sha512,
        };
        var response = context.Response;
        FileHeaders.Write(context, "text/plain");
        response.ContentLength = text.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await response.WriteAsync(text, Encoding.ASCII, context.RequestAborted);
    }
}

/// <summary>Recognises web browsers by what they call themselves.</summary>
internal static class Browsers
{
    private static readonly string[] Engines = ["Firefox/", "Chrome/", "Safari/", "Edg/", "OPR/", "Trident/", "MSIE "];

    /// <summary>
    /// GitLab refuses browsers here. Scripts of PowerShell also begin with <c>Mozilla/5.0</c>, but name no engine.
    /// </summary>
    public static bool IsBrowser(string userAgent) =>
        userAgent.StartsWith("Mozilla/", StringComparison.Ordinal)
        && Engines.Any(engine => userAgent.Contains(engine, StringComparison.Ordinal));
}
