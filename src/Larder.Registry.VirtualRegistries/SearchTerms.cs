using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.VirtualRegistries;

/// <summary>What a search asks for: every term must occur. Words are separated by blanks; a quoted phrase is one term.</summary>
public sealed class SearchTerms
{
    private const int LongestSearch = 1024;
    private const int MostTerms = 16;

    private SearchTerms(IReadOnlyList<string> patterns) => Patterns = patterns;

    /// <summary>One pattern for <c>like … escape '\'</c> for each term; none for everything.</summary>
    public IReadOnlyList<string> Patterns { get; }

    /// <summary>Reads <c>search</c>: blank is everything; longer than 1024 characters or with more than 16 terms is refused.</summary>
    public static SearchTerms Read(ApiParameters parameters)
    {
        var text = parameters.Text("search") ?? "";
        var terms = Split(text).Select(LikePattern.Containing).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        if (text.Length <= LongestSearch && terms.Count <= MostTerms) return new SearchTerms(terms);
        parameters.Problem("search is too long");
        return new SearchTerms([]);
    }

    // Every second part lies between quotes; a quote that is not closed reaches to the end.
    private static IEnumerable<string> Split(string text) => text.Split('"').SelectMany((part, i) =>
        i % 2 == 1 ? [part.Trim()] : part.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
