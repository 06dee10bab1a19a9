using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Packages;

/// <summary>
/// What protection rules refuse to a caller whom <see cref="Gate"/> has let in. A package is protected as soon as one rule
/// matches it; administrators pass every rule.
/// </summary>
public sealed class PackageProtection(ProtectionRuleStore rules, Gate gate)
{
    /// <summary>Null when the caller may publish under this name, else the 403.</summary>
    public async ValueTask<ApiError?> CheckPushAsync(
        Caller caller, Project project, string type, string name, CancellationToken cancellationToken) =>
        await RefusesAsync(caller, project, type, name, rule => rule.MinimumAccessLevelForPush, cancellationToken)
            ? ApiError.Forbidden("Package protected.") : null;

    /// <summary>Null when the caller may delete this package and its files, else the 403.</summary>
    public async ValueTask<ApiError?> CheckDeleteAsync(
        Caller caller, Project project, Package package, CancellationToken cancellationToken) =>
        await RefusesAsync(caller, project, package.Type, package.Name, rule => rule.MinimumAccessLevelForDelete, cancellationToken)
            ? ApiError.Forbidden("Package is deletion protected.") : null;

    private async ValueTask<bool> RefusesAsync(
        Caller caller, Project project, string type, string name, Func<ProtectionRule, string?> minimumOf, CancellationToken cancellationToken)
    {
        if (caller.IsAdmin) return false;
        AccessLevel? level = null;
        foreach (var rule in await rules.OfProjectAsync(project.Id, cancellationToken))
        {
            if (minimumOf(rule) is not { } minimum || !rule.Matches(type, name)) continue;
            // A deploy token stands for nobody whose level could suffice.
            if (caller.Kind == CallerKind.DeployToken) return true;
            level ??= await gate.LevelAsync(caller, project, cancellationToken);
            if (!Suffices(level.Value, minimum)) return true;
        }
        return false;
    }

    private static bool Suffices(AccessLevel level, string minimum) => minimum switch
    {
        "maintainer" => level >= AccessLevel.Maintainer,
        "owner" => level >= AccessLevel.Owner,
        _ => false, // admin: none of the levels
    };
}
