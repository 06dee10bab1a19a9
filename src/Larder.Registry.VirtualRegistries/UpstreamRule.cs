using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Larder.Registry.VirtualRegistries;

/// <summary>A rule of an upstream (Maven contract section 6.3). Instants are Unix milliseconds.</summary>
public sealed record UpstreamRule(
    long Id, long UpstreamId, string RuleType, string PatternType, string TargetCoordinate, string Pattern, long CreatedAt, long UpdatedAt);

/// <summary>The words of rules.</summary>
public static class RuleWords
{
    /// <summary>One of these must match, where there are any for a coordinate.</summary>
    public const string Allow = "allow";

    /// <summary>None of these may match.</summary>
    public const string Deny = "deny";

    /// <summary><c>*</c> stands for any run of characters; the whole coordinate must match.</summary>
    public const string Wildcard = "wildcard";

    /// <summary>A regular expression that may match anywhere.</summary>
    public const string Regex = "regex";

    /// <summary>The group.</summary>
    public const string GroupId = "group_id";

    /// <summary>The artifact.</summary>
    public const string ArtifactId = "artifact_id";

    /// <summary>The version.</summary>
    public const string Version = "version";

    /// <summary>
    /// The expression that a pattern stands for, in any case of letters; null when it is none. Matching takes linear time:
    /// whoever may write a rule cannot stop the server with it.
    /// </summary>
    public static Regex? Compile(string patternType, string pattern)
    {
        var text = patternType == Wildcard ? $@"\A{string.Join(".*", pattern.Split('*').Select(System.Text.RegularExpressions.Regex.Escape))}\z" : pattern;
        try
        {
            return new Regex(text, RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}

/// <summary>All rules of an upstream, ready to be asked. A deny wins over an allow.</summary>
public sealed class RuleSet
{
    private readonly (UpstreamRule Rule, Regex Pattern)[] rules;

    /// <summary>Compiles them.</summary>
    public RuleSet(IReadOnlyList<UpstreamRule> rules)
    {
        this.rules = [.. rules.Select(rule => (rule, RuleWords.Compile(rule.PatternType, rule.Pattern)
            ?? throw new InvalidOperationException($"Rule {rule.Id} has a pattern that should never have been saved.")))];
        var text = string.Join('\n', rules.Select(rule => $"{rule.RuleType} {rule.TargetCoordinate} {rule.PatternType} {rule.Pattern}"));
        Fingerprint = rules.Count == 0 ? "" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>No rules: everything is admitted.</summary>
    public static RuleSet None { get; } = new([]);

    /// <summary>Equal for equal rules; empty when there are none.</summary>
    public string Fingerprint { get; }

    /// <summary>Why a file may not come from the upstream, for the log; null when it may.</summary>
    public string? Refusal(MavenPath path)
    {
        if (rules.Length == 0) return null;
        var readings = MavenCoordinates.Of(path);
        if (readings.Select(Denying).FirstOrDefault(rule => rule is not null) is { } denying) return $"denied by rule {denying.Id}";
        return readings.Any(Admits) ? null : "no allow rule matches";
    }

    /// <summary>Whether the versions that metadata of this path lists include this one, as far as the rules go.</summary>
    public bool Admits(MavenPath metadata, string version) =>
        rules.Length == 0 || (MavenCoordinates.Of(metadata)[0] with { Version = version } is var coordinates
            && Denying(coordinates) is null && Admits(coordinates));

    private UpstreamRule? Denying(MavenCoordinates coordinates) => rules
        .Where(one => one.Rule.RuleType == RuleWords.Deny && Value(coordinates, one.Rule) is { } value && one.Pattern.IsMatch(value))
        .Select(one => one.Rule).FirstOrDefault();

    // Where no version is named, as in the list of all versions, rules about versions have nothing to say.
    private bool Admits(MavenCoordinates coordinates) => rules
        .Where(one => one.Rule.RuleType == RuleWords.Allow && !(one.Rule.TargetCoordinate == RuleWords.Version && coordinates.Version is null))
        .GroupBy(one => one.Rule.TargetCoordinate)
        .All(target => target.Any(one => Value(coordinates, one.Rule) is { } value && one.Pattern.IsMatch(value)));

    private static string? Value(MavenCoordinates coordinates, UpstreamRule rule) => rule.TargetCoordinate switch
    {
        RuleWords.GroupId => coordinates.GroupId,
        RuleWords.ArtifactId => coordinates.ArtifactId,
        _ => coordinates.Version,
    };
}
