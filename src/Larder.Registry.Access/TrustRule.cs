namespace Larder.Registry.Access;

/// <summary>
/// Whose signed statements (OpenID Connect tokens of a CI system) are as good as a job token of a project: those of this
/// issuer, for this audience, that say what the rule says.
/// </summary>
/// <param name="Id">The row.</param>
/// <param name="ProjectId">The project.</param>
/// <param name="UserId">The user whose rights such jobs have.</param>
/// <param name="AccessLevel">And no more than this.</param>
/// <param name="Issuer">The URL in <c>iss</c>, to the letter.</param>
/// <param name="Audience">What <c>aud</c> is or contains.</param>
/// <param name="Claims">A JSON object of names and patterns; each claim must match its pattern.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
public sealed record TrustRule(
    long Id, long ProjectId, long UserId, long AccessLevel, string Issuer, string Audience, string Claims, long CreatedAt);

/// <summary>What a claim must be: a text in which <c>*</c> stands for any text, an empty one too.</summary>
public static class ClaimPattern
{
    /// <summary>Whether the value matches, letter by letter.</summary>
    public static bool Matches(string pattern, string value)
    {
        var parts = pattern.Split('*');
        if (parts.Length == 1) return string.Equals(pattern, value, StringComparison.Ordinal);
        var (first, last) = (parts[0], parts[^1]);
        if (value.Length < first.Length + last.Length || !value.StartsWith(first, StringComparison.Ordinal)
            || !value.EndsWith(last, StringComparison.Ordinal)) return false;
        // What stands between two stars may match as early as it can: that leaves the most for the rest.
        var rest = value.AsSpan(first.Length, value.Length - first.Length - last.Length);
        foreach (var part in parts.AsSpan(1, parts.Length - 2))
        {
            var found = rest.IndexOf(part, StringComparison.Ordinal);
            if (found < 0) return false;
            rest = rest[(found + part.Length)..];
        }
        return true;
    }
}
