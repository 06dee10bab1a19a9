using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Web.Maven;
using Larder.Web.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Web.Pages;

/// <summary>The pages whose address is the full path of a group or project: <c>/acme/tools</c>, <c>/acme/tools/-/packages/7</c>.</summary>
internal static class PlacePages
{
    /// <summary>The page at this path, or 404: the same for what is not there and what the caller may not see.</summary>
    public static async Task<IResult> AnswerAsync(HttpContext context)
    {
        var parts = context.Request.Path.Value!.Trim('/').Split('/').Select(Uri.UnescapeDataString).ToList();
        var dash = parts.IndexOf("-");
        var path = string.Join('/', dash < 0 ? parts : parts[..dash]);
        if (dash >= 0 && parts[dash..] is [_, "settings", .. var segments]) return await SettingsPages.OfPlaceAsync(context, path, segments);
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method)) return context.NoSuchPage();
        var services = context.RequestServices;
        var (gate, caller) = (services.GetRequiredService<Gate>(), context.Caller());
        if (await services.GetRequiredService<ProjectStore>().FindAsync(path, context.RequestAborted) is { } project)
        {
            if (!await gate.AllowsAsync(caller, Permission.ReadProject, project, context.RequestAborted)) return context.NoSuchPage();
            return (dash < 0 ? [] : parts[(dash + 1)..]) switch
            {
                [] or ["packages"] => await ProjectAsync(context, project),
                ["packages", var id] => await PackagePages.ShowAsync(context, project, id),
                _ => context.NoSuchPage(),
            };
        }
        if (await services.GetRequiredService<NamespaceStore>().FindAsync(path, context.RequestAborted) is not { } group
            || !await gate.AllowsAsync(caller, Permission.ReadGroup, group, context.RequestAborted)) return context.NoSuchPage();
        return (dash < 0 ? [] : parts[(dash + 1)..]) switch
        {
            [] => await GroupAsync(context, group),
            ["virtual_registries"] => await RegistryPages.ListAsync(context, group),
            _ => context.NoSuchPage(),
        };
    }

    /// <summary>The way to the page of a path, or to a page behind it, for the breadcrumbs.</summary>
    public static IReadOnlyList<Crumb> Trail(string fullPath, string? behind = null)
    {
        var parts = fullPath.Split('/');
        var way = parts.Select((part, i) =>
            new Crumb(part, behind is null && i == parts.Length - 1 ? null : Links.Place(string.Join('/', parts[..(i + 1)]))));
        return behind is null ? [.. way] : [.. way, new Crumb(behind)];
    }

    private static async Task<IResult> GroupAsync(HttpContext context, Namespace group)
    {
        var (services, caller, cancellationToken) = (context.RequestServices, context.Caller(), context.RequestAborted);
        var query = await ListQuery.ReadAsync(context);
        var (groups, groupTotal) = await services.GetRequiredService<NamespaceStore>().ListGroupsAsync(
            caller, new GroupFilter(group.Id, false, query.Search, null, AccessLevel.None), query.Page, cancellationToken);
        var (projects, projectTotal) = await services.GetRequiredService<ProjectStore>().ListAsync(
            caller, new ProjectFilter(group, false, query.Search, null, AccessLevel.None, "name", Ascending: true), query.Page, cancellationToken);
        var gate = services.GetRequiredService<Gate>();
        return context.Page<GroupPage>(StatusCodes.Status200OK, ("Group", group), ("Groups", groups), ("Projects", projects),
            ("MayAddGroup", group.Kind == NamespaceKind.Group && await gate.AllowsAsync(caller, Permission.CreateSubgroup, group, cancellationToken)),
            ("HasRegistries", RegistrySight.CanHaveRegistries(group)
                && await gate.AllowsAsync(caller, Permission.ReadVirtualRegistry, group, cancellationToken)),
            ("MayAddProject", await gate.AllowsAsync(caller, Permission.CreateProjectInGroup, group, cancellationToken)),
            ("Settings", await SettingsPages.AddressAsync(context, new SettingsPlace(group, null))),
            ("Search", query.Search ?? ""), ("Pages", query.Pages(context, Math.Max(groupTotal, projectTotal))));
    }

    private static async Task<IResult> ProjectAsync(HttpContext context, Project project)
    {
        var (services, caller, cancellationToken) = (context.RequestServices, context.Caller(), context.RequestAborted);
        var query = await ListQuery.ReadAsync(context);
        var order = PackageOrder.Of(query.Parameters);
        var words = PackageFilter.HasTooManyWords(query.Search) ? null : query.Search;
        var gate = services.GetRequiredService<Gate>();
        var mayList = await gate.AllowsAsync(caller, Permission.ListPackages, project, cancellationToken);
        var (packages, total) = mayList
            ? await services.GetRequiredService<PackageListing>().OfProjectAsync(project.Id,
                new PackageFilter { OrderBy = order.By, Descending = order.Descending, NameWords = words }, query.Page, cancellationToken)
            : ([], 0);
        return context.Page<ProjectPage>(StatusCodes.Status200OK, ("Project", project), ("Packages", packages), ("MayList", mayList),
            ("MayPublish", !caller.IsAnonymous && await gate.AllowsAsync(caller, Permission.PublishPackage, project, cancellationToken)),
            ("Settings", await SettingsPages.AddressAsync(context, new SettingsPlace(null, project))),
            ("Search", words ?? ""), ("Order", order), ("Pages", query.Pages(context, total)));
    }
}
