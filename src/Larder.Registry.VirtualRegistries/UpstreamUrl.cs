using System.Buffers;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// The address of an upstream in its one normal form (Maven contract section 1.6): trimmed, host in lower case, no default
/// port, no trailing slashes, no <c>.git</c> at the end.
/// </summary>
public static class UpstreamUrl
{
    private const int LongestUrl = 255;

    // Characters that no URL holds unencoded, and that would do harm in a page, a shell or a log.
    private static readonly SearchValues<char> Unsafe = SearchValues.Create("<>\"'`\\ \t\r\n");

    // Files of Maven Central never change, so GitLab lets its entries live for ever, whatever the caller asked for.
    private const string MavenCentral = "https://repo1.maven.org/maven2";

    /// <summary>Normalizes <paramref name="text"/>, or says in GitLab's words what is wrong with it.</summary>
    public static (string? Url, string? Problem) Normalize(string text)
    {
        text = text.Trim();
        if (text.Length == 0) return (null, "can't be blank");
        if (text.Length > LongestUrl) return (null, $"is too long (maximum is {LongestUrl} characters)");
        if (text.AsSpan().ContainsAny(Unsafe) || !Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
            return (null, "must be a valid URL");
        if (uri.Scheme is not ("http" or "https")) return (null, "is blocked: Only allowed schemes are http, https");
        // A query or fragment would swallow the path of the file that is put behind it.
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0) return (null, "must be a valid URL");
        // Userinfo in a URL ends in logs and answers; there are fields for it.
        if (uri.UserInfo.Length > 0) return (null, "must be a valid URL");
        var path = WithoutTrailing(WithoutTrailing(uri.AbsolutePath, "/"), ".git");
        return ($"{uri.Scheme}://{uri.Authority.ToLowerInvariant()}{WithoutTrailing(path, "/")}", null);
    }

    /// <summary>Whether two normal forms name one repository: they differ by no more than http and https.</summary>
    public static bool IsSamePlace(string one, string other) => WithoutScheme(one) == WithoutScheme(other);

    /// <summary>Where a file of the upstream is, or what has its path and something behind it.</summary>
    public static Uri Of(string url, MavenPath path, string suffix = "") =>
        // The one character that a Maven path may hold and a URL may not.
        new($"{url}/{path.Value.Replace("^", "%5E", StringComparison.Ordinal)}{suffix}");

    /// <summary>Whether files behind this URL are taken as valid for ever.</summary>
    public static bool IsImmutable(string url) => url.StartsWith(MavenCentral, StringComparison.Ordinal);

    private static string WithoutScheme(string url) => url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];

    private static string WithoutTrailing(string text, string ending)
    {
        while (text.EndsWith(ending, StringComparison.Ordinal))
        {
            text = text[..^ending.Length];
            if (ending != "/") break;
        }
        return text;
    }
}
