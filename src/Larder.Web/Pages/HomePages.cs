using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Pages;

/// <summary>The first page: the groups and projects that one may see, and a search over them and the packages in them.</summary>
internal static class HomePages
{
    private const int MostPackages = 25;

    public static void Map(IEndpointRouteBuilder pages) => pages.MapGet(Links.Home, HomeAsync);

    private static async Task<IResult> HomeAsync(
        HttpContext context, NamespaceStore namespaces, ProjectStore projects, PackageSearch search, CancellationToken cancellationToken)
    {
        var query = await ListQuery.ReadAsync(context);
        var (groups, groupTotal) = await namespaces.ListGroupsAsync(context.Caller(),
            new GroupFilter(null, TopLevelOnly: query.Search is null, query.Search, null, AccessLevel.None), query.Page, cancellationToken);
        var (found, projectTotal) = await projects.ListAsync(context.Caller(),
            new ProjectFilter(null, false, query.Search, null, AccessLevel.None, "created_at", Ascending: false), query.Page, cancellationToken);
        // One more than is shown, to know whether there are more.
        var packages = query.Search is { } text && query.Page.Number == 1
            ? await search.FindAsync(context.Caller(), text, MostPackages + 1, cancellationToken) : [];
        return context.Page<HomePage>(StatusCodes.Status200OK, ("Groups", groups), ("Projects", found), ("Search", query.Search ?? ""),
            ("Packages", packages.Take(MostPackages).ToList()), ("HasMorePackages", packages.Count > MostPackages),
            ("Pages", query.Pages(context, Math.Max(groupTotal, projectTotal))));
    }
}
