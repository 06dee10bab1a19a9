namespace Larder.Registry.Packages;

/// <summary>
/// Who may publish or delete packages of certain names, beyond what the roles say (generic-packages contract section 7).
/// Instants are Unix milliseconds.
/// </summary>
public sealed record ProtectionRule(
    long Id, long ProjectId, string PackageNamePattern, string PackageType, string? MinimumAccessLevelForDelete,
    string? MinimumAccessLevelForPush, long CreatedAt, long UpdatedAt)
{
    /// <summary>The longest pattern, in characters.</summary>
    public const int LongestPattern = 255;

    /// <summary>What may be set of it.</summary>
    public ProtectionRuleForm Form => new(PackageNamePattern, PackageType, MinimumAccessLevelForDelete, MinimumAccessLevelForPush);

    /// <summary>Whether it is about this package: of the same type, its whole name like the pattern, in any case.</summary>
    public bool Matches(string type, string name) => PackageType == type && NamePattern.Matches(PackageNamePattern, name);
}

/// <summary>What somebody may set of a <see cref="ProtectionRule"/>.</summary>
/// <param name="PackageNamePattern">A name, in which <c>*</c> stands for any characters or none.</param>
/// <param name="PackageType">One of <see cref="ProtectionRuleForm.Types"/>; Larder publishes <c>generic</c> ones alone.</param>
/// <param name="MinimumAccessLevelForDelete">One of <see cref="ProtectionRuleForm.DeleteLevels"/>, or null for no protection.</param>
/// <param name="MinimumAccessLevelForPush">One of <see cref="ProtectionRuleForm.PushLevels"/>, or null for no protection.</param>
public sealed record ProtectionRuleForm(
    string PackageNamePattern, string PackageType, string? MinimumAccessLevelForDelete, string? MinimumAccessLevelForPush)
{
    /// <summary>The types of packages that GitLab can protect.</summary>
    public static IReadOnlyList<string> Types { get; } =
        ["cargo", "conan", "generic", "helm", "maven", "npm", "nuget", "pypi", "terraform_module"];

    /// <summary>Who can be required for publishing.</summary>
    public static IReadOnlyList<string> PushLevels { get; } = ["maintainer", "owner", "admin"];

    /// <summary>Who can be required for deleting.</summary>
    public static IReadOnlyList<string> DeleteLevels { get; } = ["owner", "admin"];

    /// <summary>What is wrong with it, in GitLab's words; empty when nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(PackageNamePattern)) problems.Add("Package name pattern can't be blank");
        if (PackageNamePattern.Length > ProtectionRule.LongestPattern)
            problems.Add($"Package name pattern is too long (maximum is {ProtectionRule.LongestPattern} characters)");
        if (MinimumAccessLevelForDelete is null && MinimumAccessLevelForPush is null)
            problems.Add("A rule must have at least a minimum access role for push or delete.");
        return problems;
    }
}

/// <summary>Names with <c>*</c> in them.</summary>
internal static class NamePattern
{
    /// <summary>
    /// Whether the whole name is like the pattern, in any case. Takes at most length times length steps, whatever the pattern:
    /// only the last star is ever tried anew, because an earlier one that takes more gains nothing.
    /// </summary>
    public static bool Matches(string pattern, string name)
    {
        int at = 0, position = 0, star = -1, starTook = 0;
        while (position < name.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                star = at++;
                starTook = position;
            }
            else if (at < pattern.Length && char.ToLowerInvariant(pattern[at]) == char.ToLowerInvariant(name[position]))
            {
                at++;
                position++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                position = ++starTook;
            }
            else
            {
                return false;
            }
        }
        while (at < pattern.Length && pattern[at] == '*') at++;
        return at == pattern.Length;
    }
}
