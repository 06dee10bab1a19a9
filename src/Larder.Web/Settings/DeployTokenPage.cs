using Larder.Registry.Access;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>The deploy tokens of a group or project.</summary>
internal static class DeployTokenPage
{
    private const string Tokens = "/deploy_tokens";

    public static SettingsPage Page { get; } = new("deploy_tokens", "Deploy tokens", ShowAsync)
    {
        InGroup = Permission.ReadGroupDeployTokens, InProject = Permission.ManageProjectDeployTokens,
        Actions = new Dictionary<string, SettingsAction>
        {
            ["create"] = new(CreateAsync), ["revoke"] = new(RevokeAsync, "The deploy token is revoked."),
        },
    };

    private static async Task<IResult> ShowAsync(SettingsVisit visit)
    {
        var query = await ListQuery.ReadAsync(visit.Context);
        var (found, total) = await visit.Get<DeployTokenStore>().ListAsync(visit.Place.Place, active: false, query.Page, visit.Cancel);
        return visit.Page<DeployTokensView>(
            ("Kind", visit.Place.Kind), ("Tokens", found), ("Pages", query.Pages(visit.Context, total)),
            ("MayChange", await visit.MayAsync(Permission.ManageGroupDeployTokens, Permission.ManageProjectDeployTokens)),
            ("Now", visit.Get<TimeProvider>().GetUtcNow().ToUnixTimeMilliseconds()));
    }

    private static async Task<SettingsResult> CreateAsync(SettingsVisit visit, PageForm form) =>
        TokenForms.Reveal(visit, await visit.RunHereAsync("POST", Tokens, new
        {
            name = form["name"], username = form["username"], scopes = form.All("scopes"), expires_at = form["expires_at"],
        }));

    private static async Task<SettingsResult> RevokeAsync(SettingsVisit visit, PageForm form) =>
        await visit.RunHereAsync("DELETE", $"{Tokens}/{{token_id}}", null, ("token_id", form["id"]));
}
