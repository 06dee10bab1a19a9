using Larder.Registry.VirtualRegistries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Maven;

/// <summary>Why a registry answers as it does: what a request for a file would meet at each upstream, without asking any.</summary>
internal static class WhyPages
{
    public static void Map(IEndpointRouteBuilder pages) => pages.MapGet("/-/virtual_registries/{id:long}/why", ShowAsync);

    private static async Task<IResult> ShowAsync(HttpContext context, long id, RegistrySight sight, Foresight foresight)
    {
        if (await sight.RegistryAsync(context, id) is not { } seen) return context.NoSuchPage();
        var typed = context.Request.Query["path"].ToString().Trim();
        var url = new ClientLines(context.Frame().BaseUrl, seen.Row, TokenKind.All[0]).Url;
        var path = MavenCoordinates.File(typed) ?? (MavenPath.TryParse(Relative(typed, url), out var parsed) ? parsed : null);
        var foreseen = path is null ? null : await foresight.OfAsync(seen.Row, path, context.RequestAborted);
        return context.Page<WhyPage>(path is not null || typed.Length == 0 ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity,
            ("Seen", seen), ("Typed", typed), ("Foreseen", foreseen));
    }

    // People copy what they have: the path, or the whole address from the log of a build.
    private static string Relative(string typed, string url) =>
        (typed.StartsWith(url + "/", StringComparison.Ordinal) ? typed[url.Length..] : typed).TrimStart('/');
}
