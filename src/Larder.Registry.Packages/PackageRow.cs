namespace Larder.Registry.Packages;

/// <summary>
/// The columns of a package in a row that has more. Properties, not a constructor: SQLite has no type for an expression while
/// there is no row.
/// </summary>
internal abstract class PackageRow
{
    public long Id { get; init; }
    public long ProjectId { get; init; }
    public string Type { get; init; } = "";
    public string Name { get; init; } = "";
    public string Version { get; init; } = "";
    public string Status { get; init; } = "";
    public long? CreatorId { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public long? LastDownloadedAt { get; init; }

    /// <summary>The package itself.</summary>
    public Package Package => new(Id, ProjectId, Type, Name, Version, Status, CreatorId, CreatedAt, UpdatedAt, LastDownloadedAt);
}
