namespace Larder.Registry.Access;

/// <summary>
/// SQL for listings: which rows the caller may see, the same as <see cref="Gate"/> says of <see cref="Permission.ReadProject"/> and
/// <see cref="Permission.ReadGroup"/> for a single one. Parameters: <c>@UserId</c> (0 for nobody), <c>@IsAdmin</c> (0 or 1), <c>@Now</c>.
/// </summary>
public static class VisibleRows
{
    /// <summary>Of project <c>p</c> in namespace <c>n</c>.</summary>
    public const string Project = $"""
        (@IsAdmin = 1 or p.visibility = 'public' or (@UserId <> 0 and (p.visibility = 'internal' or {Memberships.LevelInProject} >= 10)))
        """;

    /// <summary>
    /// Project <c>p</c> in namespace <c>n</c> whose packages the caller may list: as <see cref="Permission.ListPackages"/> for a
    /// single one. One more parameter: <c>@ListLevel</c>, the level of that row of the table.
    /// </summary>
    public const string ListPackages = $"""
        (p.registry_access <> 'disabled' and (@IsAdmin = 1
          or (p.registry_access <> 'private' and (p.visibility = 'public' or (@UserId <> 0 and p.visibility = 'internal')))
          or (@UserId <> 0 and {Memberships.LevelInProject} >= @ListLevel)))
        """;

    /// <summary>
    /// The same, whose packages the caller may delete: as <see cref="Permission.DestroyPackage"/> for a single one. One more
    /// parameter: <c>@DestroyLevel</c>.
    /// </summary>
    public const string DestroyPackages = $"""
        (p.registry_access <> 'disabled' and (@IsAdmin = 1 or (@UserId <> 0 and {Memberships.LevelInProject} >= @DestroyLevel)))
        """;

    /// <summary>Of group <c>n</c>.</summary>
    public const string Group = $"""
        (@IsAdmin = 1 or n.visibility = 'public' or (@UserId <> 0
          and (n.visibility = 'internal' or {Memberships.LevelInNamespace} >= 5 or {Memberships.MembershipsInside} > 0)))
        """;
}
