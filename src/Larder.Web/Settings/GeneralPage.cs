using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>What a group or project is called and who sees it; renaming and deleting it.</summary>
internal static class GeneralPage
{
    public static SettingsPage Page { get; } = new("general", "General", ShowAsync)
    {
        InGroup = Permission.ManageGroup, InProject = Permission.ManageProject,
        Actions = new Dictionary<string, SettingsAction>
        {
            ["save"] = new(SaveAsync, "The changes are saved."),
            ["rename"] = new(RenameAsync, "It has its new address. The earlier one works until something else takes it."),
            ["delete"] = new(DeleteAsync),
        },
    };

    private static async Task<IResult> ShowAsync(SettingsVisit visit)
    {
        var (group, project) = (visit.Place.Group, visit.Place.Project);
        return visit.Page<GeneralView>(
            ("Kind", visit.Place.Kind), ("Id", visit.Place.Id), ("FullPath", visit.Place.FullPath), ("Name", group?.Name ?? project!.Name),
            ("Path", group?.Path ?? project!.Path), ("Description", group?.Description ?? project!.Description),
            ("Visibility", group?.Visibility ?? project!.Visibility), ("RegistryAccess", project?.RegistryAccess),
            ("MayAdminister", await visit.MayAsync(Permission.ManageGroup, Permission.AdministerProject)));
    }

    private static async Task<SettingsResult> SaveAsync(SettingsVisit visit, PageForm form)
    {
        var json = new Dictionary<string, object?> { ["name"] = form["name"], ["description"] = form["description"] };
        // The form has no more than its reader may change.
        foreach (var field in (string[])["visibility", "package_registry_access_level"])
            if (form[field].Length > 0) json[field] = form[field];
        return await visit.RunHereAsync("PUT", "", json);
    }

    private static async Task<SettingsResult> RenameAsync(SettingsVisit visit, PageForm form)
    {
        var outcome = await visit.RunHereAsync("PUT", "", new { path = form["path"] });
        if (!outcome.Succeeded) return outcome;
        var path = outcome.Body.GetProperty(visit.Place.Group is null ? "path_with_namespace" : "full_path").GetString()!;
        return new SettingsResult(FormErrors.None, $"{SettingsLinks.OfPlace(path, Page.Segment)}?done=rename");
    }

    private static async Task<SettingsResult> DeleteAsync(SettingsVisit visit, PageForm form)
    {
        var path = visit.Place.FullPath;
        if (form["full_path"] != path) return new SettingsResult(FormErrors.Of("full_path", $"is not {path}"));
        var outcome = await visit.RunHereAsync("DELETE", "");
        return new SettingsResult(outcome.Errors, path.LastIndexOf('/') is var slash and > 0 ? Links.Place(path[..slash]) : Links.Home);
    }
}
