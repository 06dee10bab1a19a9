using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>The members of a group or project, and those who come with the groups around it.</summary>
internal static class MemberPage
{
    private const string OneMember = "/members/{user_id}";

    // The API says no more than that it is forbidden.
    private const string Forbidden =
        "That may not be: nobody gives or takes a role above one's own, and a top-level group keeps at least one Owner.";

    public static SettingsPage Page { get; } = new("members", "Members", ShowAsync)
    {
        InGroup = Permission.ReadGroupMembers, InProject = Permission.ReadProjectMembers,
        Actions = new Dictionary<string, SettingsAction>
        {
            ["add"] = new(AddAsync, "The member is added."),
            ["change"] = new(ChangeAsync, "The member is changed."),
            ["remove"] = new(RemoveAsync, "The member is removed."),
        },
    };

    private static async Task<IResult> ShowAsync(SettingsVisit visit)
    {
        var query = await ListQuery.ReadAsync(visit.Context);
        var place = visit.Place;
        var (members, total) = await visit.Get<MemberStore>().ListWithSourcesAsync(place.Place, place.Lineage, query.Search, query.Page, visit.Cancel);
        var grantable = await visit.GrantableAsync();
        var home = place.Project is { } project ? await visit.Get<NamespaceStore>().FindByIdAsync(project.NamespaceId, visit.Cancel) : null;
        return visit.Page<MembersView>(
            ("Kind", place.Kind), ("Members", members), ("Search", query.Search ?? ""), ("Pages", query.Pages(visit.Context, total)),
            ("MayChange", await visit.MayAsync(Permission.ManageGroup, Permission.ManageProject)), ("Self", visit.Caller.UserId),
            ("Levels", place.Group is null ? grantable : [AccessLevel.Minimal, .. grantable]),
            ("PersonalOf", home is { Kind: NamespaceKind.User } ? home.FullPath : null));
    }

    private static async Task<SettingsResult> AddAsync(SettingsVisit visit, PageForm form)
    {
        var outcome = await visit.RunHereAsync("POST", "/members", new Dictionary<string, object?>
        {
            ["username"] = form["username"], ["access_level"] = form["access_level"], ["expires_at"] = form["expires_at"],
        });
        return outcome.Status == StatusCodes.Status404NotFound ? new SettingsResult(FormErrors.Of("username", "is nobody's on this server")) : Words(outcome);
    }

    private static async Task<SettingsResult> ChangeAsync(SettingsVisit visit, PageForm form) => Words(await visit.RunHereAsync(
        "PUT", OneMember, new { access_level = form["access_level"], expires_at = form["expires_at"] }, ("user_id", form["id"])));

    private static async Task<SettingsResult> RemoveAsync(SettingsVisit visit, PageForm form)
    {
        var result = Words(await visit.RunHereAsync("DELETE", OneMember, null, ("user_id", form["id"])));
        // Whoever has left may see nothing of it any more.
        return form["id"] == visit.Caller.UserId?.ToString(CultureInfo.InvariantCulture) ? result with { Next = Links.Home } : result;
    }

    private static SettingsResult Words(OperationOutcome outcome) =>
        outcome.Status == StatusCodes.Status403Forbidden ? new SettingsResult(FormErrors.Of(Forbidden)) : outcome;
}
