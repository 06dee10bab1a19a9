namespace Larder.Registry.Access;

/// <summary>
/// SQL for listings: which rows the caller may see, the same as <see cref="Gate"/> says of <see cref="Permission.ReadProject"/> and
/// <see cref="Permission.ReadGroup"/> for a single one. Parameters: <c>@UserId</c> (0 for nobody), <c>@IsAdmin</c> (0 or 1), <c>@Now</c>.
/// </summary>
internal static class VisibleRows
{
    /// <summary>Of project <c>p</c> in namespace <c>n</c>.</summary>
    public const string Project = $"""
        (@IsAdmin = 1 or p.visibility = 'public' or (@UserId <> 0 and (p.visibility = 'internal' or {Memberships.LevelInProject} >= 10)))
        """;

    /// <summary>Of group <c>n</c>.</summary>
    public const string Group = $"""
        (@IsAdmin = 1 or n.visibility = 'public' or (@UserId <> 0
          and (n.visibility = 'internal' or {Memberships.LevelInNamespace} >= 5 or {Memberships.MembershipsInside} > 0)))
        """;
}
