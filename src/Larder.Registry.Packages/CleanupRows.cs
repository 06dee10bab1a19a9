using System.Globalization;
using Dapper;
using Larder.Registry.Data;

namespace Larder.Registry.Packages;

/// <summary>SQL: which packages <c>p</c> a cleanup policy is about. Parameter: <c>@ProjectId</c>.</summary>
internal static class CleanupRows
{
    /// <summary>Those whose files are counted against what is kept of a name.</summary>
    public const string Fetchable = "p.project_id = @ProjectId and p.status in ('default', 'hidden', 'deprecated')";

    /// <summary>
    /// Those that go because nobody has downloaded them since <c>@Since</c>, but for the protected ones. One that somebody published
    /// to lately stays, though nobody has downloaded it yet.
    /// </summary>
    /// <param name="rules">Of the project. Upkeep is nobody: whatever level a rule asks for, it does not have it.</param>
    /// <param name="since">Unix milliseconds.</param>
    /// <param name="parameters">Gets what the condition names.</param>
    public static string Going(IReadOnlyList<ProtectionRule> rules, long since, DynamicParameters parameters)
    {
        parameters.Add("Since", since);
        var conditions = new List<string>
        {
            "p.project_id = @ProjectId and p.type = 'generic' and p.status in ('default', 'hidden', 'deprecated', 'error')",
            "coalesce(p.last_downloaded_at, p.created_at) < @Since and p.updated_at < @Since",
        };
        foreach (var rule in rules.Where(rule => rule is { MinimumAccessLevelForDelete: not null, PackageType: "generic" }))
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"Pattern{conditions.Count}");
            parameters.Add(name, LikePattern.WithStars(rule.PackageNamePattern));
            conditions.Add($@"lower(p.name) not like @{name} escape '\'");
        }
        return string.Join(" and ", conditions);
    }
}
