using System.Globalization;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Pages;

/// <summary>What was typed into the form of a new group or project.</summary>
/// <param name="Home">The id of the namespace it goes into; null for none (a group) or one's own (a project).</param>
public sealed record NewPlace(string Name, string Path, string Visibility, string Description, long? Home);

/// <summary>The forms of a new group and a new project.</summary>
internal static class NewPlacePages
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet(Links.NewGroup(), (HttpContext context, NamespaceStore namespaces, CancellationToken cancellationToken) =>
            FormAsync(context, namespaces, isProject: false, "parent", cancellationToken));
        pages.MapPost(Links.NewGroup(), (HttpContext context, LarderOptions options, ApiOperation api, NamespaceStore namespaces, CancellationToken cancellationToken) =>
            CreateAsync(context, options, api, namespaces, isProject: false, cancellationToken));
        pages.MapGet(Links.NewProject(), (HttpContext context, NamespaceStore namespaces, CancellationToken cancellationToken) =>
            FormAsync(context, namespaces, isProject: true, "namespace", cancellationToken));
        pages.MapPost(Links.NewProject(), (HttpContext context, LarderOptions options, ApiOperation api, NamespaceStore namespaces, CancellationToken cancellationToken) =>
            CreateAsync(context, options, api, namespaces, isProject: true, cancellationToken));
    }

    private static async Task<IResult> FormAsync(
        HttpContext context, NamespaceStore namespaces, bool isProject, string parameter, CancellationToken cancellationToken)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        var place = new NewPlace("", "", Visibility.Private, "", Id(context.Request.Query[parameter]));
        return await ShowAsync(context, namespaces, isProject, place, FormErrors.None, StatusCodes.Status200OK, cancellationToken);
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, LarderOptions options, ApiOperation api, NamespaceStore namespaces, bool isProject, CancellationToken cancellationToken)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        var place = new NewPlace(form["name"], form["path"], form["visibility"], form["description"], Id(form["home"]));
        var json = new Dictionary<string, object?>
        {
            ["name"] = place.Name, ["path"] = place.Path, ["visibility"] = place.Visibility, ["description"] = place.Description,
        };
        if (place.Home is { } home) json[isProject ? "namespace_id" : "parent_id"] = home;
        var outcome = await api.RunAsync(context, "POST", isProject ? "/api/v4/projects" : "/api/v4/groups", json: json);
        if (!outcome.Succeeded)
            return await ShowAsync(context, namespaces, isProject, place, outcome.Errors, StatusCodes.Status422UnprocessableEntity, cancellationToken);
        return context.SeeOther(Links.Place(outcome.Body.GetProperty(isProject ? "path_with_namespace" : "full_path").GetString()!));
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context, NamespaceStore namespaces, bool isProject, NewPlace place, FormErrors errors, int status,
        CancellationToken cancellationToken)
    {
        var every = new Registry.Http.Page(1, 100);
        var level = isProject ? AccessLevel.Developer : AccessLevel.Maintainer;
        var (homes, _) = await namespaces.ListGroupsAsync(
            context.Caller(), new GroupFilter(null, false, null, null, context.Caller().IsAdmin ? AccessLevel.None : level), every, cancellationToken);
        if (place.Home is { } id && homes.All(home => home.Id != id) && await namespaces.FindByIdAsync(id, cancellationToken) is { } other
            && await MaySeeAsync(context, other, cancellationToken)) homes = [other, .. homes];
        return context.Page<NewPlacePage>(status, ("IsProject", isProject), ("Place", place), ("Homes", homes), ("Errors", errors));
    }

    private static ValueTask<bool> MaySeeAsync(HttpContext context, Namespace group, CancellationToken cancellationToken) =>
        ((Gate)context.RequestServices.GetService(typeof(Gate))!).AllowsAsync(context.Caller(), Permission.ReadGroup, group, cancellationToken);

    private static long? Id(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
}
