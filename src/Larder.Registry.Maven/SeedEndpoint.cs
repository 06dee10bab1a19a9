using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// <c>POST …/maven/:id/*path/upload</c> (Maven contract section 3). In GitLab its own front server stores through it what it has
/// fetched, and everybody else is forbidden; here the download stores it. An operator may let Maintainers fill a cache this
/// way, for a site whose upstreams cannot be reached.
/// </summary>
internal static class SeedEndpoint
{
    private const string Suffix = "/upload";

    // GitLab's own two spellings, of its documentation and of its code.
    private static readonly string[] UpstreamHeaders = ["X-Gitlab-Virtual-Registry-Upstream-Global-Id", "Upstream-GID"];
    private static readonly string[] TypeHeaders = ["Workhorse-Proxy-Content-Type", "GitLab-Workhorse-Send-Dependency-Content-Type"];

    public static void Map(IEndpointRouteBuilder app)
    {
        if (app.ServiceProvider.GetRequiredService<LarderOptions>().VirtualRegistries.AllowSeeding)
            app.MapPost(DownloadEndpoint.Route, SeedAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryDownload)
            .Describes("Puts a file into the cache of an upstream.").AnswersNothing(StatusCodes.Status200OK)
            .Audits("cache_entry_seeded");
        else
            app.MapPost(DownloadEndpoint.Route, RefuseAsync).Requires(Permission.DownloadFromVirtualRegistry, Surface.VirtualRegistryDownload)
            .Describes("Is refused: the server does not let caches be seeded.")
            .OnlyRefuses(StatusCodes.Status403Forbidden).IsNotAudited("it refuses");
    }

    private static async Task<IResult> RefuseAsync(
        HttpContext context, RegistryDirectory directory, NamespaceStore namespaces, Gate gate, DownloadLimit limit)
    {
        if (PathOf(context) is not { } text) return ApiError.MethodNotAllowed();
        var (_, _, refusal) = await DownloadEndpoint.FindAsync(context, text, directory, namespaces, gate, limit);
        return refusal ?? ApiError.Forbidden();
    }

    private static async Task<IResult> SeedAsync(
        HttpContext context, RegistryDirectory directory, NamespaceStore namespaces, Gate gate, DownloadLimit limit, RegistryUpstreamStore places,
        UpstreamStore upstreams, CacheEntryStore entries, ChangeNotices changes, IBlobStore blobs, RunningUploads uploads,
        LarderOptions options, TimeProvider time)
    {
        if (PathOf(context) is not { } text) return ApiError.MethodNotAllowed();
        var (registry, path, refusal) = await DownloadEndpoint.FindAsync(context, text, directory, namespaces, gate, limit);
        if (refusal is not null) return refusal;
        if (path!.Checksum is not null) return ApiError.BadRequest("Checksums are made from the file");
        if (await UpstreamAsync(context, registry!, places, upstreams) is not { } upstream) return ApiError.NotFound("Upstream");
        using var running = uploads.Begin(context.Caller().Name, $"cache of {upstream.Name}: {path.Value}", context.Request.ContentLength);
        var received = await Upload.ReceiveAsync(context, blobs, options.Upstreams.MaxBytes, running);
        if (received.Blob is not { } blob) return received.Error!;
        // As if it had just come from the upstream, and what would be refused from there is refused here: see the rules of the walk.
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        await entries.SaveAsync(new Arrival(upstream, path, blob, First(context, TypeHeaders), First(context, ["Etag"]), null,
            Freshness.Until(upstream, path, now), []), context.RequestAborted);
        changes.Publish(ChangeTopic.CachedFiles, path.Value);
        return Results.Ok();
    }

    private static string? PathOf(HttpContext context) =>
        context.Request.RouteValues["path"] is string text && text.EndsWith(Suffix, StringComparison.Ordinal) ? text[..^Suffix.Length] : null;

    // A global id ends with the number of the row; the bare number will do.
    private static async Task<Upstream?> UpstreamAsync(
        HttpContext context, VirtualRegistry registry, RegistryUpstreamStore places, UpstreamStore upstreams)
    {
        var text = First(context, UpstreamHeaders) ?? "";
        if (!long.TryParse(text[(text.LastIndexOf('/') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return null;
        var isHere = (await places.OfRegistryAsync(registry.Id, context.RequestAborted)).Any(place => place.UpstreamId == id);
        return isHere ? await upstreams.FindAsync(id, context.RequestAborted) : null;
    }

    private static string? First(HttpContext context, IEnumerable<string> names) =>
        names.Select(name => context.Request.Headers[name].ToString()).FirstOrDefault(value => value.Length > 0);
}
