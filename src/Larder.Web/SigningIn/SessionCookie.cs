using Larder.Registry;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.SigningIn;

/// <summary>
/// The cookies: the secret of the session; for whoever has none yet, a secret that binds the form of signing in to the browser it was
/// shown in; and for a moment a new token, see <see cref="RevealedOnce"/>. Only pages read them; the API does not know them.
/// </summary>
internal static class SessionCookie
{
    private const string Session = "larder_session";
    private const string Visitor = "larder_form";
    private const string Secret = "larder_made";
    private const int LongestSecret = 3072;
    private static readonly TimeSpan SecretAge = TimeSpan.FromMinutes(1);

    public static string? Read(HttpContext context, LarderOptions options) => Value(context, Name(context, options, Session));

    public static string? ReadVisitor(HttpContext context, LarderOptions options) => Value(context, Name(context, options, Visitor));

    public static void Write(HttpContext context, LarderOptions options, string secret) => Append(context, options, Session, secret);

    public static void WriteVisitor(HttpContext context, LarderOptions options, string secret) => Append(context, options, Visitor, secret);

    public static string? ReadSecret(HttpContext context, LarderOptions options) => Value(context, Name(context, options, Secret), LongestSecret);

    public static void WriteSecret(HttpContext context, LarderOptions options, string secret)
    {
        var attributes = Attributes(context, options);
        attributes.MaxAge = SecretAge;
        context.Response.Cookies.Append(Name(context, options, Secret), secret, attributes);
    }

    public static void DeleteSecret(HttpContext context, LarderOptions options) =>
        context.Response.Cookies.Delete(Name(context, options, Secret), Attributes(context, options));

    public static void Delete(HttpContext context, LarderOptions options) =>
        context.Response.Cookies.Delete(Name(context, options, Session), Attributes(context, options));

    private static string? Value(HttpContext context, string name, int longest = 128) =>
        context.Request.Cookies[name] is { Length: > 0 } value && value.Length <= longest ? value : null;

    private static void Append(HttpContext context, LarderOptions options, string name, string secret) =>
        context.Response.Cookies.Append(Name(context, options, name), secret, Attributes(context, options));

    // With this prefix a browser takes it from nobody but this very host, over TLS (RFC 6265bis section 4.1.3.2).
    private static string Name(HttpContext context, LarderOptions options, string name) => IsSecure(context, options) ? $"__Host-{name}" : name;

    private static bool IsSecure(HttpContext context, LarderOptions options) =>
        ExternalUrl.Base(context, options.ExternalUrl).StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    private static CookieOptions Attributes(HttpContext context, LarderOptions options) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = IsSecure(context, options), Path = "/", IsEssential = true,
    };
}
