using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Pages;

/// <summary>The first page: the groups and projects that one may see, and a search over them.</summary>
internal static class HomePages
{
    public static void Map(IEndpointRouteBuilder pages) => pages.MapGet(Links.Home, HomeAsync);

    private static async Task<IResult> HomeAsync(
        HttpContext context, NamespaceStore namespaces, ProjectStore projects, CancellationToken cancellationToken)
    {
        var query = await ListQuery.ReadAsync(context);
        var (groups, groupTotal) = await namespaces.ListGroupsAsync(context.Caller(),
            new GroupFilter(null, TopLevelOnly: query.Search is null, query.Search, null, AccessLevel.None), query.Page, cancellationToken);
        var (found, projectTotal) = await projects.ListAsync(context.Caller(),
            new ProjectFilter(null, false, query.Search, null, AccessLevel.None, "created_at", Ascending: false), query.Page, cancellationToken);
        return context.Page<HomePage>(StatusCodes.Status200OK, ("Groups", groups), ("Projects", found), ("Search", query.Search ?? ""),
            ("Pages", query.Pages(context, Math.Max(groupTotal, projectTotal))));
    }
}
