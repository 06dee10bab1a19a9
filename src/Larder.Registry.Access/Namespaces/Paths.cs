using System.Collections.Frozen;
using System.Globalization;

namespace Larder.Registry.Namespaces;

/// <summary>How <c>:id</c> of groups and projects is read (generic-packages contract section 8).</summary>
internal static class IdOrPath
{
    /// <summary>Digits only, with an optional minus, are an id; everything else is a path.</summary>
    public static bool TryId(string text, out long id)
    {
        id = 0;
        var digits = text.StartsWith('-') ? text.AsSpan(1) : text;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9')) return false;
        // A number too large for any row is an id all the same: of nothing.
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out id)) id = -1;
        return true;
    }

    /// <summary>The key of a path in table <c>routes</c>, and of a username.</summary>
    public static string Key(string path) => path.ToLowerInvariant();
}

/// <summary>What a user, a group or a project may be called in URLs, as GitLab rules it.</summary>
public static class PathRules
{
    /// <summary>The longest full path of a group or project, in characters: what a unique index of PostgreSQL surely holds.</summary>
    public const int LongestFullPath = 1024;

    private const int Longest = 255;

    // Top-level paths share their place with the server's own: /api, /-/health, /users/sign_in, /help and the like.
    private static readonly FrozenSet<string> ReservedAtTop = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "-", "_blazor", "_framework", "admin", "api", "assets", "dashboard", "explore", "favicon.ico", "favicon.png", "files", "groups",
        "health_check", "help", "import", "jwt", "login", "oauth", "profile", "projects", "public", "robots.txt", "search", "sitemap",
        "snippets", "unsubscribes", "uploads", "users", "v2");

    /// <summary>What is wrong with it, in GitLab's words, or null.</summary>
    /// <param name="path">The path, without those of the groups around it.</param>
    /// <param name="atTop">Whether it is in no group.</param>
    /// <param name="inside">The full path of the group around it, if there is one.</param>
    public static string? Problem(string path, bool atTop, string inside = "")
    {
        if (path.Length > Longest) return $"is too long (maximum is {Longest} characters)";
        if (inside.Length + 1 + path.Length > LongestFullPath) return $"is too long (maximum is {LongestFullPath} characters with the groups around it)";
        if (atTop && ReservedAtTop.Contains(path)) return $"{path} is a reserved name";
        return IsWellFormed(path)
            ? null
            : "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'.";
    }

    /// <summary>A path made of a name: what may not stand in one becomes a hyphen.</summary>
    public static string Of(string name)
    {
        var path = string.Concat(name.Trim().Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' ? char.ToLowerInvariant(c) : '-'));
        while (path.Contains("--", StringComparison.Ordinal)) path = path.Replace("--", "-", StringComparison.Ordinal);
        return path.Trim('-', '.');
    }

    private static bool IsWellFormed(string path) =>
        path.Length > 0 && path[0] != '-' && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
        // A path of dots would be a traversal in every URL that has it.
        && !path.All(c => c == '.')
        && !path.EndsWith(".git", StringComparison.OrdinalIgnoreCase) && !path.EndsWith(".atom", StringComparison.OrdinalIgnoreCase);
}
