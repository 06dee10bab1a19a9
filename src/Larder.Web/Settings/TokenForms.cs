namespace Larder.Web.Settings;

/// <summary>What the forms of all kinds of tokens have in common.</summary>
internal static class TokenForms
{
    /// <summary>A new access token as the API takes it.</summary>
    public static Dictionary<string, object?> Json(PageForm form) => new()
    {
        ["name"] = form["name"], ["description"] = form["description"], ["scopes"] = form.All("scopes"), ["expires_at"] = form["expires_at"],
    };

    /// <summary>What a token that takes another one's place is asked for.</summary>
    public static object Expiry(PageForm form) => new { expires_at = form["expires_at"] };

    /// <summary>Hands the text of a token that was made to the page that comes next.</summary>
    public static SettingsResult Reveal(SettingsVisit visit, OperationOutcome outcome)
    {
        if (outcome.Succeeded) visit.Reveal(outcome.Body.GetProperty("name").GetString()!, outcome.Body.GetProperty("token").GetString()!);
        return outcome;
    }
}
