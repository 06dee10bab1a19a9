using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.VirtualRegistries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Maven;

/// <summary>What a page of a cache shows.</summary>
/// <param name="Group">The group.</param>
/// <param name="Owner">The registry or upstream whose cache it is, with its page.</param>
/// <param name="Address">The page without its query.</param>
/// <param name="Folder">The folder, with a slash at both ends.</param>
/// <param name="Search">What is looked for below it; empty for what is in it.</param>
/// <param name="Listing">What was found.</param>
/// <param name="ShowsUpstreams">Whether files are of several upstreams.</param>
public sealed record CacheView(
    Namespace Group, Crumb Owner, string Address, string Folder, string Search, CacheListing Listing, bool ShowsUpstreams);

/// <summary>The caches of upstreams as folders: walked, searched, looked into, and deleted from.</summary>
internal static class CachePages
{
    private const int Size = 100;
    private const string Root = "/";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/-/upstreams/{id:long}/cache", OfUpstreamAsync);
        pages.MapGet("/-/virtual_registries/{id:long}/cache", OfRegistryAsync);
        pages.MapGet("/-/upstreams/{id:long}/cache/file", FileAsync);
        pages.MapPost("/-/upstreams/{id:long}/cache/file", DeleteAsync);
    }

    private static async Task<IResult> OfUpstreamAsync(HttpContext context, long id, RegistrySight sight, CacheTree tree)
    {
        if (await sight.UpstreamAsync(context, id) is not { } seen) return context.NoSuchPage();
        var owner = new Crumb(seen.Row.Name, VirtualRegistryLinks.Upstream(id));
        return await ShowAsync(context, tree, [seen.Row], seen.Group, owner, VirtualRegistryLinks.Upstream(id, "cache"));
    }

    private static async Task<IResult> OfRegistryAsync(HttpContext context, long id, RegistrySight sight, UpstreamStore upstreams, CacheTree tree)
    {
        if (await sight.RegistryAsync(context, id) is not { } seen) return context.NoSuchPage();
        var owner = new Crumb(seen.Row.Name, VirtualRegistryLinks.Registry(id));
        return await ShowAsync(context, tree, await upstreams.InRegistryAsync(id, context.RequestAborted), seen.Group, owner,
            VirtualRegistryLinks.Registry(id, "cache"));
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context, CacheTree tree, IReadOnlyList<Upstream> upstreams, Namespace group, Crumb owner, string address)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var (text, terms) = (parameters.Text("search")?.Trim() ?? "", SearchTerms.Read(parameters));
        if (parameters.Problems is not null || terms.Patterns.Count == 0) text = "";
        if (MavenCoordinates.Folder(text) is { } place) return context.SeeOther(VirtualRegistryLinks.Cache(address, place));
        var folder = Folder(parameters.Text("path"));
        var after = parameters.Text("after") is { } path && path.StartsWith(folder, StringComparison.Ordinal) ? path : null;
        var listing = upstreams.Count == 0 ? new CacheListing([], null)
            : text.Length == 0 ? await tree.ListAsync(upstreams, folder, after, Size, context.RequestAborted)
            : await tree.SearchAsync(upstreams, folder, terms, after, Size, context.RequestAborted);
        return context.Page<CachePage>(
            StatusCodes.Status200OK, ("View", new CacheView(group, owner, address, folder, text, listing, upstreams.Count > 1)));
    }

    private static async Task<IResult> FileAsync(HttpContext context, long id, RegistrySight sight, CacheEntryList entries, TimeProvider time)
    {
        if (await sight.UpstreamAsync(context, id) is not { } seen
            || Path(context.Request.Query["path"]) is not { } path
            || await entries.FindAsync(new CacheEntryId.OfPath(id, path), context.RequestAborted) is not { } entry) return context.NoSuchPage();
        return context.Page<CachedFilePage>(StatusCodes.Status200OK, ("Seen", seen), ("Entry", entry),
            ("FreshUntil", Freshness.Until(seen.Row, path, entry.UpstreamCheckedAt)), ("Now", time.GetUtcNow().ToUnixTimeMilliseconds()));
    }

    private static Task<IResult> DeleteAsync(HttpContext context, long id) => Path(context.Request.Query["path"]) is not { } path
        ? Task.FromResult(context.NoSuchPage())
        : ButtonForm.RunAsync(context, "DELETE", "/api/v4/virtual_registries/packages/maven/cache_entries/{**id}",
            new Dictionary<string, object> { ["id"] = CacheEntryId.Write(id, path.Relative) },
            VirtualRegistryLinks.Cache(VirtualRegistryLinks.Upstream(id, "cache"), path.Relative[..(path.Relative.LastIndexOf('/') + 1)]));

    private static string Folder(string? text) =>
        text is not null && MavenPath.TryParse(text.Trim('/'), out var path) ? path.Relative + "/" : Root;

    private static MavenPath? Path(string? text) => text is ['/', .. var rest] && MavenPath.TryParse(rest, out var path) ? path : null;
}
