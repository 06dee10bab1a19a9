using System.Text;
using System.Text.RegularExpressions;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Packages;

/// <summary>
/// The parts of a generic file's URL, decoded, and the rules that they keep (generic-packages contract section 2.2).
/// </summary>
/// <param name="PackageName">Letters, digits, dot, underscore, hyphen, plus.</param>
/// <param name="Version">The same characters, without two dots in a row.</param>
/// <param name="Directory">The directories of a nested file, joined by slashes; empty for a flat one.</param>
/// <param name="FileName">The last part; may also hold <c>~</c> and <c>@</c>, not at its ends.</param>
public sealed partial record GenericNames(string PackageName, string Version, string Directory, string FileName)
{
    /// <summary>The longest part, in characters. GitLab leaves this to its database.</summary>
    public const int LongestPart = 255;

    /// <summary>
    /// The version that, when a file is fetched, stands for the newest one; a real version of this name goes before.
    /// Larder's own.
    /// </summary>
    public const string Latest = "latest";

    private const int LongestStoredName = 1024;
    private const string Characters = "letters, digits, dots, underscores, hyphens and plus signs";

    /// <summary>The rule of <see cref="PackageName"/> for people; <see cref="Problems"/> keeps to GitLab's words.</summary>
    public const string PackageNameRule = $"Use {Characters}, at most 255 of them.";

    /// <summary>The rule of <see cref="Version"/> for people.</summary>
    public const string VersionRule = $"Use {Characters}, at most 255 of them, and no two dots in a row.";

    /// <summary>The rule of <see cref="FileName"/> for people.</summary>
    public const string FileNameRule = $"Use {Characters}, at most 255 of them; between others also ~ and @.";

    /// <summary>
    /// The name under which the file is kept and listed: a nested path is percent-encoded as one component, as GitLab does,
    /// a flat name is kept as it is.
    /// </summary>
    public string StoredName => Directory.Length == 0 ? FileName : Encode($"{Directory}/{FileName}");

    /// <summary>Reads the route values of a request; <paramref name="file"/> is everything behind the version.</summary>
    public static GenericNames Of(string packageName, string version, string file)
    {
        var slash = file.LastIndexOf('/');
        // A slash at the start makes no flat name of it, but a directory without a name: refused.
        return new(packageName, version, slash < 0 ? "" : slash == 0 ? "/" : file[..slash], file[(slash + 1)..]);
    }

    /// <summary>What breaks the rules, in GitLab's words; empty when nothing does.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (PackageName.Length > LongestPart || !PlainName().IsMatch(PackageName) || PackageName is "." or "..")
            problems.Add("package_name should be a valid file path");
        if (Version.Length > LongestPart || !PlainName().IsMatch(Version) || Version.Contains("..", StringComparison.Ordinal) || Version == ".")
            problems.Add("package_version is invalid");
        if (FileName.Length > LongestPart || !LooseName().IsMatch(FileName) || FileName is "." or "..")
            problems.Add("file_name is invalid");
        if (Directory.Length > 0 && (RequestTarget.IsTraversal(Directory) || Directory.StartsWith('/')
            || Directory.Split('/').Any(part => part.Length is 0 or > LongestPart) || StoredName.Length > LongestStoredName))
            problems.Add("path should be a valid file path");
        return problems;
    }

    /// <summary>The path in plain form, for a URL.</summary>
    public string PlainPath => Directory.Length == 0 ? FileName : $"{Directory}/{FileName}";

    /// <summary>The place of the file, for people.</summary>
    public string In(Project project) => $"{project.FullPath}: {PackageName}/{Version}/{PlainPath}";

    // RFC 3986: unreserved characters stay, every other byte is encoded, the slash too.
    private static string Encode(string path)
    {
        var result = new StringBuilder(path.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(path))
        {
            var c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~') result.Append(c);
            else result.Append('%').Append(Convert.ToHexString([b]));
        }
        return result.ToString();
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._+-]+\z", RegexOptions.NonBacktracking)]
    private static partial Regex PlainName();

    [GeneratedRegex(@"\A[A-Za-z0-9._+-](?:[A-Za-z0-9._+~@-]*[A-Za-z0-9._+-])?\z", RegexOptions.NonBacktracking)]
    private static partial Regex LooseName();
}
