using Larder.Registry.Access;

namespace Larder.Web.Settings;

/// <summary>Access levels as people call them.</summary>
internal static class Roles
{
    /// <summary>Those that one can have, the least first.</summary>
    public static IReadOnlyList<AccessLevel> All { get; } =
        [AccessLevel.Guest, AccessLevel.Planner, AccessLevel.Reporter, AccessLevel.Developer, AccessLevel.Maintainer, AccessLevel.Owner];

    /// <summary>The name of a level.</summary>
    public static string NameOf(long? level) => (AccessLevel?)level switch
    {
        null => "none",
        AccessLevel.Minimal => "Minimal access",
        { } known when Enum.IsDefined(known) => known.ToString(),
        { } other => $"level {(long)other}",
    };

    /// <summary>What somebody of a level may, in a few words.</summary>
    public static string About(AccessLevel level) => level switch
    {
        AccessLevel.Guest => "sees it",
        AccessLevel.Planner => "sees it",
        AccessLevel.Reporter => "downloads packages",
        AccessLevel.Developer => "publishes packages",
        AccessLevel.Maintainer => "deletes packages, manages settings",
        AccessLevel.Owner => "everything",
        _ => "sees that it exists",
    };
}
