using Larder.Registry.Access;
using Larder.Registry.Packages;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>The package protection rules of a project.</summary>
internal static class ProtectionPage
{
    private const string Rules = "/packages/protection/rules";
    private const string OneRule = $"{Rules}/{{package_protection_rule_id}}";

    public static SettingsPage Page { get; } = new("protection", "Protected packages", ShowAsync)
    {
        InProject = Permission.ManagePackageRules,
        Actions = new Dictionary<string, SettingsAction>
        {
            ["create"] = new(CreateAsync, "The rule is added."),
            ["change"] = new(ChangeAsync, "The rule is changed."),
            ["remove"] = new(RemoveAsync, "The rule is removed."),
        },
    };

    private static async Task<IResult> ShowAsync(SettingsVisit visit) =>
        visit.Page<ProtectionView>(("Rules", await visit.Get<ProtectionRuleStore>().OfProjectAsync(visit.Place.Id, visit.Cancel)));

    private static async Task<SettingsResult> CreateAsync(SettingsVisit visit, PageForm form) =>
        await visit.RunHereAsync("POST", Rules, Json(form));

    private static async Task<SettingsResult> ChangeAsync(SettingsVisit visit, PageForm form) =>
        await visit.RunHereAsync("PATCH", OneRule, Json(form), ("package_protection_rule_id", form["id"]));

    private static async Task<SettingsResult> RemoveAsync(SettingsVisit visit, PageForm form) =>
        await visit.RunHereAsync("DELETE", OneRule, null, ("package_protection_rule_id", form["id"]));

    private static Dictionary<string, object?> Json(PageForm form) => new()
    {
        ["package_name_pattern"] = form["package_name_pattern"], ["package_type"] = form["package_type"],
        ["minimum_access_level_for_push"] = LevelOrNull(form["minimum_access_level_for_push"]),
        ["minimum_access_level_for_delete"] = LevelOrNull(form["minimum_access_level_for_delete"]),
    };

    private static string? LevelOrNull(string level) => level.Length == 0 ? null : level;
}
