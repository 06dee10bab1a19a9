namespace Larder.Web.Settings;

/// <summary>The addresses of settings.</summary>
public static class SettingsLinks
{
    /// <summary>One's own.</summary>
    public static string OfOneself(string segment) => $"/-/{segment}";
}
