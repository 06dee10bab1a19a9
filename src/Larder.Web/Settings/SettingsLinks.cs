namespace Larder.Web.Settings;

/// <summary>The addresses of settings.</summary>
public static class SettingsLinks
{
    /// <summary>Of a group or project by its full path; without a segment, the first page that one may see.</summary>
    public static string OfPlace(string fullPath, string segment = "") => $"{Links.Place(fullPath)}/-/settings{(segment.Length == 0 ? "" : $"/{segment}")}";

    /// <summary>One's own.</summary>
    public static string OfOneself(string segment) => $"/-/{segment}";
}
