using System.Text.RegularExpressions;
using BitFaster.Caching.Lru;

namespace Larder.Registry.Packages;

/// <summary>
/// Whether a version of a generic package may hold several files of one name: set for the projects that are directly in a
/// namespace, and not inherited by the groups inside it (generic-packages contract sections 2.7 and 5).
/// </summary>
/// <param name="DuplicatesAllowed">What holds where the exception does not match.</param>
/// <param name="DuplicateException">A regular expression on name or version, from end to end: the opposite holds where it matches.</param>
public sealed record PackageSettings(bool DuplicatesAllowed, string DuplicateException)
{
    /// <summary>The longest exception, in characters.</summary>
    public const int LongestException = 255;

    // Linear in the text, whatever the pattern; .NET refuses a pattern of this kind that would need much memory.
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private static readonly ConcurrentLru<string, Regex> Patterns = new(capacity: 256);

    /// <summary>Those of a namespace that has none of its own.</summary>
    public static PackageSettings Default { get; } = new(true, "");

    /// <summary>Whether this package may hold a second file of a name that it has already.</summary>
    public bool AllowDuplicatesIn(string name, string version) => DuplicatesAllowed != IsException(name, version);

    /// <summary>What is wrong with an exception, for people, or null.</summary>
    public static string? ProblemOf(string exception)
    {
        if (exception.Length > LongestException) return $"is too long (maximum is {LongestException} characters)";
        try
        {
            // By itself first: "a)|(b" would become sound, and mean something else, inside the anchors.
            _ = new Regex(exception, Options);
            _ = Anchored(exception);
            return null;
        }
        catch (RegexParseException e)
        {
            return $"not valid RE2 syntax: {e.Error} at {e.Offset}";
        }
        catch (NotSupportedException)
        {
            return "not valid RE2 syntax: look-around, back-references, and patterns of more than 10,000 states are not supported";
        }
    }

    private bool IsException(string name, string version)
    {
        // An empty one matches nothing that a package can be called.
        if (DuplicateException.Length == 0) return false;
        var pattern = Patterns.GetOrAdd(DuplicateException, Anchored);
        return pattern.IsMatch(name) || pattern.IsMatch(version);
    }

    private static Regex Anchored(string exception) => new($@"\A(?:{exception})\z", Options);
}
