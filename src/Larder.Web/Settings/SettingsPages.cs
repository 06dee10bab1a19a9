using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Web.Pages;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Web.Settings;

/// <summary>Answers the pages of <see cref="SettingsTable"/>.</summary>
internal static class SettingsPages
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        foreach (var page in SettingsTable.OfOneself)
            pages.MapMethods(SettingsLinks.OfOneself(page.Segment), ["GET", "POST"], Task<IResult> (HttpContext context) => OfOneselfAsync(context, page));
    }

    /// <summary>A page of the group or project with this full path; without a segment, the way to the first that one may see.</summary>
    public static async Task<IResult> OfPlaceAsync(HttpContext context, string path, IReadOnlyList<string> segments)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        if (await FindAsync(context, path) is not { } place) return context.NoSuchPage();
        var visible = await VisibleAsync(context, place);
        if (segments.Count == 0 && visible.Count > 0) return context.SeeOther(SettingsLinks.OfPlace(place.FullPath, visible[0].Segment));
        if (segments.Count != 1 || visible.FirstOrDefault(page => page.Segment == segments[0]) is not { } here) return context.NoSuchPage();
        var address = SettingsLinks.OfPlace(place.FullPath, here.Segment);
        var links = visible.Select(page => new SettingsLink(page.Title, SettingsLinks.OfPlace(place.FullPath, page.Segment), page == here)).ToList();
        var trail = PlacePages.Trail(place.FullPath, here.Title);
        return await AnswerAsync(here, new SettingsVisit(context, address, place, visit => View(visit, here, place.FullPath, trail, links)));
    }

    /// <summary>The address of the settings of a place; null for whoever may see none.</summary>
    public static async Task<string?> AddressAsync(HttpContext context, SettingsPlace place) =>
        !context.Caller().IsAnonymous && !place.IsPersonal && (await VisibleAsync(context, place)).Count > 0 ? SettingsLinks.OfPlace(place.FullPath) : null;

    // What the caller does not see at all is as what is not there; a personal namespace has no settings of its own.
    private static async Task<SettingsPlace?> FindAsync(HttpContext context, string path)
    {
        var (services, caller, cancellationToken) = (context.RequestServices, context.Caller(), context.RequestAborted);
        var gate = services.GetRequiredService<Gate>();
        if (await services.GetRequiredService<ProjectStore>().FindAsync(path, cancellationToken) is { } project)
            return await gate.AllowsAsync(caller, Permission.ReadProject, project, cancellationToken) ? new SettingsPlace(null, project) : null;
        return await services.GetRequiredService<NamespaceStore>().FindAsync(path, cancellationToken) is { Kind: NamespaceKind.Group } group
            && await gate.AllowsAsync(caller, Permission.ReadGroup, group, cancellationToken) ? new SettingsPlace(group, null) : null;
    }

    private static async Task<IReadOnlyList<SettingsPage>> VisibleAsync(HttpContext context, SettingsPlace place)
    {
        var gate = context.RequestServices.GetRequiredService<Gate>();
        var visible = new List<SettingsPage>();
        foreach (var page in SettingsTable.OfPlaces)
            if (await place.AllowsAsync(gate, context.Caller(), page.InGroup, page.InProject, context.RequestAborted)) visible.Add(page);
        return visible;
    }

    private static async Task<IResult> OfOneselfAsync(HttpContext context, SettingsPage page)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        var links = SettingsTable.OfOneself.Select(other => new SettingsLink(other.Title, SettingsLinks.OfOneself(other.Segment), other == page));
        IReadOnlyList<Crumb> trail = [new("Your settings"), new(page.Title)];
        return await AnswerAsync(page, new SettingsVisit(context, SettingsLinks.OfOneself(page.Segment), null, visit => View(visit, page, null, trail, [.. links])));
    }

    private static async Task<IResult> AnswerAsync(SettingsPage page, SettingsVisit visit)
    {
        if (!HttpMethods.IsPost(visit.Context.Request.Method)) return await page.ShowAsync(visit);
        var (form, refusal) = await PageForm.ReadAsync(visit.Context, visit.Get<LarderOptions>());
        if (form is null) return refusal!;
        if (!page.Actions.TryGetValue(form["do"], out var action)) return PageForm.Strange(visit.Context);
        var result = await action.RunAsync(visit, form);
        if (!result.Errors.Any) return visit.Context.SeeOther(result.Next ?? $"{visit.Address}?done={Uri.EscapeDataString(form["do"])}");
        visit.Attempt = new Attempt(form, result.Errors);
        return await page.ShowAsync(visit);
    }

    private static SettingsView View(
        SettingsVisit visit, SettingsPage page, string? path, IReadOnlyList<Crumb> trail, IReadOnlyList<SettingsLink> links) => new(
            page.Title, path, visit.Address, trail, links, visit.Attempt,
            visit.Attempt == Attempt.None ? page.Actions.GetValueOrDefault(visit.Context.Request.Query["done"].ToString())?.Done ?? "" : "",
            visit.Get<RevealedOnce>().Take(visit.Context, visit.Address));
}
