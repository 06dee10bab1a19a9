namespace Larder.Web.Settings;

/// <summary>
/// All pages of settings, in the order of the navigation: the one place where a page stands with its address and with who sees it.
/// </summary>
internal static class SettingsTable
{
    /// <summary>Of groups and projects.</summary>
    public static IReadOnlyList<SettingsPage> OfPlaces { get; } =
    [
        GeneralPage.Page, MemberPage.Page, PlaceTokenPage.Page, DeployTokenPage.Page, JobPage.Page, DuplicatesPage.Page, ProtectionPage.Page,
        CleanupPage.Page,
    ];

    /// <summary>One's own.</summary>
    public static IReadOnlyList<SettingsPage> OfOneself { get; } = [OwnTokenPage.Page, PasswordPage.Page];
}
