using System.Globalization;
using Larder.Registry.Access;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>One's own access tokens.</summary>
internal static class OwnTokenPage
{
    private const string OneToken = "/api/v4/personal_access_tokens/{id}";

    public static SettingsPage Page { get; } = new("tokens", "Access tokens", ShowAsync)
    {
        Actions = new Dictionary<string, SettingsAction>
        {
            ["create"] = new(CreateAsync), ["rotate"] = new(RotateAsync), ["revoke"] = new(RevokeAsync, "The token is revoked."),
        },
    };

    private static async Task<IResult> ShowAsync(SettingsVisit visit)
    {
        var query = await ListQuery.ReadAsync(visit.Context);
        var ended = query.Parameters.Text("state") == "inactive";
        var (found, total) = await visit.Get<TokenStore>().ListAsync(
            new TokenFilter { UserId = visit.Caller.UserId, Active = !ended, Sort = "created_desc" }, query.Page, visit.Cancel);
        return visit.Page<AccessTokensView>(
            ("About", "Clients call the API with these. Whoever knows one may do what its scopes say, in your name."),
            ("Rows", found.Select(token => new AccessTokenRow(token, IsInUse: token.Id == visit.Caller.TokenId)).ToList()),
            ("Pages", query.Pages(visit.Context, total)), ("Ended", ended), ("MostDays", PersonalAccessToken.MostDaysOfOwn),
            ("Now", visit.Get<TimeProvider>().GetUtcNow().ToUnixTimeMilliseconds()));
    }

    private static async Task<SettingsResult> CreateAsync(SettingsVisit visit, PageForm form)
    {
        var outcome = await visit.RunAsync("POST", "/api/v4/user/personal_access_tokens", TokenForms.Json(form));
        return TokenForms.Reveal(visit, outcome);
    }

    private static async Task<SettingsResult> RotateAsync(SettingsVisit visit, PageForm form)
    {
        var outcome = await visit.RunAsync("POST", $"{OneToken}/rotate", TokenForms.Expiry(form), ("id", form["id"]));
        return TokenForms.Reveal(visit, outcome);
    }

    private static async Task<SettingsResult> RevokeAsync(SettingsVisit visit, PageForm form) =>
        await visit.RunAsync("DELETE", OneToken, null, ("id", form["id"]));
}
