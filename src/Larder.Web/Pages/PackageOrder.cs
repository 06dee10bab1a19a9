using Larder.Registry.Http;

namespace Larder.Web.Pages;

/// <summary>An order of the packages of a project.</summary>
/// <param name="By">What <see cref="Registry.Packages.PackageFilter.OrderBy"/> is told.</param>
/// <param name="Descending">The direction.</param>
/// <param name="Text">For people.</param>
public sealed record PackageOrder(string By, bool Descending, string Text)
{
    /// <summary>All there are; the first is that of a page that was asked for none.</summary>
    public static IReadOnlyList<PackageOrder> All { get; } =
    [
        new("created_at", true, "newest first"), new("created_at", false, "oldest first"), new("name", false, "name, A to Z"),
        new("name", true, "name, Z to A"), new("version", false, "version, A to Z"), new("version", true, "version, Z to A"),
    ];

    /// <summary>In the query, as <c>order</c>.</summary>
    public string Value => $"{By}.{(Descending ? "desc" : "asc")}";

    /// <summary>The one that a query asks for: by <c>order</c>, or in the API's own words by <c>order_by</c> and <c>sort</c>.</summary>
    public static PackageOrder Of(ApiParameters parameters)
    {
        if (parameters.Text("order") is { } value && All.FirstOrDefault(order => order.Value == value) is { } chosen) return chosen;
        var by = parameters.OneOf("order_by", "created_at", "name", "version") ?? All[0].By;
        var direction = parameters.OneOf("sort", "asc", "desc");
        return All.First(order => order.By == by && (direction is null || order.Descending == (direction == "desc")));
    }
}
