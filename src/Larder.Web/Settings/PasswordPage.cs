using Larder.Registry;
using Larder.Registry.Access;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>One's own password for these pages.</summary>
internal static class PasswordPage
{
    public static SettingsPage Page { get; } = new("password", "Password", ShowAsync)
    {
        Actions = new Dictionary<string, SettingsAction> { ["change"] = new(ChangeAsync, "Your password is changed. Other sessions that began with the old one have ended.") },
    };

    private static async Task<IResult> ShowAsync(SettingsVisit visit) => visit.Page<PasswordView>(
        ("HasPassword", await visit.Get<Passwords>().HasAsync(visit.Caller.UserId!.Value, visit.Cancel)));

    private static async Task<SettingsResult> ChangeAsync(SettingsVisit visit, PageForm form)
    {
        var password = form.Exact("password");
        if (password != form.Exact("repeated")) return new SettingsResult(FormErrors.Of("The new password was typed in two ways."));
        var outcome = await visit.RunAsync(
            "PUT", "/api/v4/user/password", new { current_password = form.Exact("current_password"), password });
        // This session has ended with the old password, unless it began with a token.
        if (outcome.Succeeded && visit.Caller.TokenId is null
            && await visit.Get<SignIn>().WithPasswordAsync(visit.Caller.Username!, password, visit.Cancel) is { } secret)
            SessionCookie.Write(visit.Context, visit.Get<LarderOptions>(), secret);
        return outcome;
    }
}
