using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Packages;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>The cleanup policy of a project, and what one would remove now, also before it is saved.</summary>
internal static class CleanupPage
{
    private const string Keep = "keep_n_duplicated_package_files";
    private const string Days = "delete_generic_packages_not_downloaded_in_days";

    public static SettingsPage Page { get; } = new("cleanup", "Cleanup", ShowAsync)
    {
        InProject = Permission.ManagePackageRules,
        Actions = new Dictionary<string, SettingsAction>
        {
            ["save"] = new(SaveAsync, "The policy is saved. It is carried out for the first time in twelve hours."),
            ["preview"] = new(PreviewAsync),
        },
    };

    private static async Task<IResult> ShowAsync(SettingsVisit visit)
    {
        var saved = await visit.Get<CleanupPolicyStore>().FindAsync(visit.Place.Id, visit.Cancel);
        var tried = Tried(visit.Context.Request.Query);
        var preview = tried is null ? null : await visit.Get<CleanupPreviews>().OfAsync(visit.Place.Id, tried, CleanupReach.OfPage, visit.Cancel);
        return visit.Page<CleanupView>(("Project", visit.Place.Project), ("Saved", saved), ("Tried", tried), ("Preview", preview),
            ("PackagesOfFiles", await visit.Get<PackageStore>().OfFilesAsync(preview?.FirstFiles ?? [], visit.Cancel)));
    }

    private static async Task<SettingsResult> SaveAsync(SettingsVisit visit, PageForm form) =>
        await visit.RunHereAsync("PUT", "/packages/cleanup_policy", Json(form));

    // The policy goes into the address: a preview can be loaded again, and shown to others who manage the project.
    private static Task<SettingsResult> PreviewAsync(SettingsVisit visit, PageForm form)
    {
        var days = long.TryParse(form[Days], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : (long?)null;
        var problem = days is null && form[Days].Length > 0 ? "is invalid" : CleanupPolicy.ProblemOfDays(days);
        return Task.FromResult(problem is not null ? new SettingsResult(FormErrors.Of(Days, problem))
            : new SettingsResult(FormErrors.None, visit.Address + QueryString.Create(new Dictionary<string, string?> { [Keep] = form[Keep], [Days] = form[Days] })));
    }

    private static Dictionary<string, object?> Json(PageForm form) =>
        new() { [Keep] = form[Keep], [Days] = form[Days].Length == 0 ? null : form[Days] };

    private static CleanupPolicy? Tried(IQueryCollection query)
    {
        if (!CleanupPolicy.Keeps.Contains(query[Keep].ToString())) return null;
        var days = long.TryParse(query[Days], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : (long?)null;
        return CleanupPolicy.ProblemOfDays(days) is null ? new CleanupPolicy(query[Keep].ToString(), days, null) : null;
    }
}
