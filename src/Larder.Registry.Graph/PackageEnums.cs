using GraphQL.Types;
using Larder.Registry.Packages;

namespace Larder.Registry.Graph;

/// <summary>The order of a listing, as the store names it.</summary>
internal sealed record PackageSort(string OrderBy, bool Descending);

/// <summary>The orders that a listing may have; one of a group can be by project too.</summary>
internal sealed class PackageSortGraph : EnumerationGraphType
{
    public static readonly PackageSort NewestFirst = new("created_at", true);

    public PackageSortGraph(bool inGroup)
    {
        Name = inGroup ? "PackageGroupSort" : "PackageSort";
        foreach (var (word, orderBy) in new[]
        {
            ("CREATED", "created_at"), ("NAME", "name"), ("VERSION", "version"), ("TYPE", "type"), ("PROJECT_PATH", "project_path"),
        })
        {
            if (orderBy == "project_path" && !inGroup) continue;
            Add($"{word}_ASC", new PackageSort(orderBy, false));
            Add($"{word}_DESC", new PackageSort(orderBy, true));
        }
    }
}

/// <summary>The types of packages, in capitals.</summary>
internal sealed class PackageTypeGraph : EnumerationGraphType
{
    public PackageTypeGraph()
    {
        Name = "PackageTypeEnum";
        foreach (var type in PackageQuery.Types) Add(type.ToUpperInvariant(), type);
    }
}

/// <summary>The statuses of packages, in capitals.</summary>
internal sealed class PackageStatusGraph : EnumerationGraphType
{
    public PackageStatusGraph()
    {
        Name = "PackageStatus";
        foreach (var status in PackageStatus.All) Add(status.ToUpperInvariant(), status);
    }
}
