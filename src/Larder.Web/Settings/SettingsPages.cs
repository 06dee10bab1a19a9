using Larder.Registry;
using Larder.Registry.Access;
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

    private static async Task<IResult> OfOneselfAsync(HttpContext context, SettingsPage page)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        var links = SettingsTable.OfOneself.Select(other => new SettingsLink(other.Title, SettingsLinks.OfOneself(other.Segment), other == page));
        IReadOnlyList<Crumb> trail = [new("Your settings"), new(page.Title)];
        return await AnswerAsync(page, new SettingsVisit(context, SettingsLinks.OfOneself(page.Segment), visit => View(visit, page, trail, [.. links])));
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

    private static SettingsView View(SettingsVisit visit, SettingsPage page, IReadOnlyList<Crumb> trail, IReadOnlyList<SettingsLink> links) =>
        new(page.Title, visit.Address, trail, links, visit.Attempt,
            visit.Attempt == Attempt.None ? page.Actions.GetValueOrDefault(visit.Context.Request.Query["done"].ToString())?.Done ?? "" : "",
            visit.Get<RevealedOnce>().Take(visit.Context, visit.Address));
}
