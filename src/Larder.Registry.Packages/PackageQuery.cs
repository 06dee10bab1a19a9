using Larder.Registry.Http;

namespace Larder.Registry.Packages;

/// <summary>Reads the filters of a listing of packages (generic-packages contract section 4.1).</summary>
public static class PackageQuery
{
    /// <summary>The types of packages that GitLab knows.</summary>
    public static readonly string[] Types =
    [
        "generic", "maven", "npm", "conan", "pypi", "composer", "nuget", "helm", "terraform_module", "golang", "debian",
        "rubygems", "rpm", "ml_model", "cargo",
    ];

    /// <summary>The filter; what is wrong goes into the parameters' problems.</summary>
    public static PackageFilter Read(ApiParameters parameters, bool inGroup)
    {
        var words = parameters.Text("package_name");
        if (PackageFilter.HasTooManyWords(words)) parameters.Problem("package_name is too long");
        _ = parameters.Flag("include_versionless"); // every package has a version, so this only has to be a yes or a no
        return new()
        {
            OrderBy = parameters.OneOf("order_by", [.. PackageListing.Orders.Where(order => inGroup || order != "project_path")]) ?? "created_at",
            Descending = parameters.OneOf("sort", "asc", "desc") == "desc",
            Type = parameters.OneOf("package_type", Types),
            NameWords = words,
            Version = parameters.Text("package_version"),
            Status = parameters.OneOf("status", [.. PackageStatus.All]),
        };
    }
}
