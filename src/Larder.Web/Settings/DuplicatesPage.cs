using Larder.Registry.Access;
using Larder.Registry.Packages;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>Whether versions in the projects of a group may hold several files of one name.</summary>
internal static class DuplicatesPage
{
    public static SettingsPage Page { get; } = new("duplicates", "Duplicates", ShowAsync)
    {
        InGroup = Permission.ManagePackageSettings,
        Actions = new Dictionary<string, SettingsAction> { ["save"] = new(SaveAsync, "The changes are saved.") },
    };

    private static async Task<IResult> ShowAsync(SettingsVisit visit) =>
        visit.Page<DuplicatesView>(("Current", await visit.Get<PackageSettingsStore>().FindAsync(visit.Place.Id, visit.Cancel)));

    private static async Task<SettingsResult> SaveAsync(SettingsVisit visit, PageForm form) => await visit.RunHereAsync("PUT", "/package_settings", new
    {
        generic_duplicates_allowed = form["generic_duplicates_allowed"],
        generic_duplicate_exception_regex = form["generic_duplicate_exception_regex"],
    });
}
