using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Http;

/// <summary>Where clients see this server: the base of every absolute link.</summary>
public static class ExternalUrl
{
    /// <summary>The configured URL without a trailing slash, or else scheme and host of the request.</summary>
    public static string Base(HttpContext context, string? configured) =>
        string.IsNullOrEmpty(configured)
            ? $"{context.Request.Scheme}://{context.Request.Host.ToUriComponent()}"
            : configured.TrimEnd('/');
}
