using Larder.Registry.Access;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>The access tokens of a group or project: each stands for a member of its own.</summary>
internal static class PlaceTokenPage
{
    private const string Tokens = "/access_tokens";
    private const string OneToken = $"{Tokens}/{{token_id}}";

    public static SettingsPage Page { get; } = new("access_tokens", "Access tokens", ShowAsync)
    {
        InGroup = Permission.ManageGroupAccessTokens, InProject = Permission.ManageProjectAccessTokens,
        Actions = new Dictionary<string, SettingsAction>
        {
            ["create"] = new(CreateAsync), ["rotate"] = new(RotateAsync), ["revoke"] = new(RevokeAsync, "The token is revoked."),
        },
    };

    private static async Task<IResult> ShowAsync(SettingsVisit visit)
    {
        var query = await ListQuery.ReadAsync(visit.Context);
        var ended = query.Parameters.Text("state") == "inactive";
        var (found, total) = await visit.Get<ResourceTokenStore>().ListAsync(
            new TokenFilter { Place = visit.Place.Place, Active = !ended, Sort = "created_desc" }, query.Page, visit.Cancel);
        return visit.Page<AccessTokensView>(
            ("About", $"Clients call the API with these. Each is a member of this {visit.Place.Kind} by itself and belongs to no person."),
            ("Rows", found.Select(token => new AccessTokenRow(token.Token, token.AccessLevel)).ToList()),
            ("Pages", query.Pages(visit.Context, total)), ("Ended", ended), ("Levels", await visit.GrantableAsync()),
            ("Now", visit.Get<TimeProvider>().GetUtcNow().ToUnixTimeMilliseconds()));
    }

    private static async Task<SettingsResult> CreateAsync(SettingsVisit visit, PageForm form)
    {
        var json = TokenForms.Json(form);
        json["access_level"] = form["access_level"];
        return TokenForms.Reveal(visit, await visit.RunHereAsync("POST", Tokens, json));
    }

    private static async Task<SettingsResult> RotateAsync(SettingsVisit visit, PageForm form) => TokenForms.Reveal(
        visit, await visit.RunHereAsync("POST", $"{OneToken}/rotate", TokenForms.Expiry(form), ("token_id", form["id"])));

    private static async Task<SettingsResult> RevokeAsync(SettingsVisit visit, PageForm form) =>
        await visit.RunHereAsync("DELETE", OneToken, null, ("token_id", form["id"]));
}
