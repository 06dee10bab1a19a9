using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// <c>GET|HEAD /virtual_registries/packages/maven/:id/*path</c> (Maven contract section 2): from the cache, or from the
/// first upstream that has the file while it is being cached.
/// </summary>
internal static partial class DownloadEndpoint
{
    // A copy whose bytes are gone is dropped and the walk repeated; more often than this something else is wrong.
    private const int MostWalks = 3;

    public const string Route = "/api/v4/virtual_registries/packages/maven/{id:long}/{**path}";

    public static void Map(IEndpointRouteBuilder app) =>
        app.MapMethods(Route, ["GET", "HEAD"], ServeAsync).Requires(Permission.DownloadFromVirtualRegistry, Surface.VirtualRegistryDownload)
            .Describes("Fetches a file through a virtual registry.").AnswersFile("*/*", "Warning");

    private static async Task ServeAsync(
        HttpContext context, RegistryDirectory directory, NamespaceStore namespaces, Gate gate, HitMemory hits, ChangeNotices changes, IBlobStore blobs,
        Walk walk, MergedMetadata metadata, CacheEntryStore entries, DownloadCounts downloads, UpstreamFigures figures, DownloadLimit limit, ILogger<Walk> logger)
    {
        var (registry, path, refusal) = await FindAsync(context, context.Request.RouteValues["path"] as string, directory, namespaces, gate, limit);
        if (refusal is not null)
        {
            await refusal.ExecuteAsync(context);
            return;
        }
        var file = path!.Checksum is null ? path : path.Subject;
        if (file.IsMetadata && registry!.MergesMetadata)
        {
            MavenMetrics.CountAnswer("metadata");
            await MetadataAnswer.SendAsync(context, await metadata.FindAsync(registry.Id, file, context.RequestAborted), path.Checksum, downloads, figures);
            return;
        }
        var registryId = registry!.Id;
        for (var round = 0; round < MostWalks; round++)
        {
            if (hits.Find(registryId, file) is { } known && await TrySendAsync(context, known, path, blobs, downloads, figures))
            {
                figures.CountAvoided(known.Entry.UpstreamId);
                MavenMetrics.CountHit();
                return;
            }
            var stamp = hits.Stamp(file);
            switch (await walk.FindAsync(registryId, file, context.RequestAborted))
            {
                case WalkEnd.Held held:
                    var hit = new Hit(held.Entry, held.FreshUntil);
                    if (held.Failure is not null) context.Response.Headers.Warning = StaleWarning.Text;
                    else hits.Remember(registryId, file, hit, stamp);
                    if (await TrySendAsync(context, hit, path, blobs, downloads, figures))
                    {
                        MavenMetrics.CountAnswer(held.Failure is null ? "cache" : "stale");
                        return;
                    }
                    CopyLost(logger, held.Entry.UpstreamId, file.Value, held.Entry.Blob.Digests.Sha256);
                    await entries.RemoveAsync(held.Entry, context.RequestAborted);
                    changes.Publish(ChangeTopic.CachedFiles, file.Value);
                    break;
                case WalkEnd.Arriving arriving:
                    MavenMetrics.CountAnswer("upstream");
                    figures.CountStreamed(arriving.Upstream.Id);
                    await using (arriving.Reader) await ArrivalAnswer.SendAsync(context, arriving, path);
                    return;
                case var end:
                    MavenMetrics.CountAnswer(end is WalkEnd.Nowhere ? "absent" : end is WalkEnd.Undecided ? "undecided" : "none");
                    await Refusals.Of(end).ExecuteAsync(context);
                    return;
            }
        }
        await ApiError.Internal().ExecuteAsync(context);
    }

    /// <summary>
    /// The registry and the path of a request, or why it is refused, in the order of the contract, section 1.2: the path, the
    /// registry's row, the caller, the caller's browser, the caller's rate.
    /// </summary>
    public static async ValueTask<(VirtualRegistry? Registry, MavenPath? Path, IResult? Refusal)> FindAsync(
        HttpContext context, string? text, RegistryDirectory directory, NamespaceStore namespaces, Gate gate, DownloadLimit limit)
    {
        // An encoded slash has survived as %2F in the route value: another spelling of a path, so no Maven path.
        if (text is null || !MavenPath.TryParse(text, out var path))
            return (null, null, ApiError.Invalid("path should be a valid file path"));
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return (null, null, invalid);
        if (await directory.FindAsync(id, context.RequestAborted) is not { } registry) return (null, null, ApiError.RowNotFound());
        var group = await namespaces.FindByIdAsync(registry.GroupId, context.RequestAborted);
        if (await gate.CheckAsync(context, group) is { } refusal) return (null, null, refusal);
        if (Browsers.IsBrowser(context.Request.Headers.UserAgent.ToString()))
            return (null, null, ApiError.BadRequest("This endpoint is not meant to be accessed by a web browser."));
        return (registry, path, limit.Refuses(context.Connection.RemoteIpAddress));
    }

    /// <summary>Sends the file or its checksum; false when the bytes are gone and nothing was sent.</summary>
    private static async Task<bool> TrySendAsync(
        HttpContext context, Hit hit, MavenPath path, IBlobStore blobs, DownloadCounts downloads, UpstreamFigures figures)
    {
        downloads.Count(Downloaded.CacheEntry, hit.Entry.Id);
        if (path.Checksum is { } kind)
        {
            figures.CountHit(hit.Entry.UpstreamId, bytes: 0);
            await ChecksumAnswer.SendAsync(context, hit.Entry.Blob.Digests, kind);
            return true;
        }
        await using var blob = await blobs.OpenAsync(hit.Entry.Blob.Digests.Sha256, context.RequestAborted);
        if (blob is null || blob.Length != hit.Entry.Blob.Length) return false;
        ChecksumHeaders.Write(context, hit.Entry.Blob.Digests);
        FileHeaders.Write(context, hit.Entry.ContentType);
        await BlobAnswer.SendAsync(context, blob, hit.EntityTag, hit.CachedAt);
        var isWhole = context.Response.StatusCode == StatusCodes.Status200OK && HttpMethods.IsGet(context.Request.Method);
        figures.CountHit(hit.Entry.UpstreamId, isWhole ? blob.Length : 0);
        return true;
    }

    [LoggerMessage(4002, LogLevel.Warning, "The copy of {Path} from upstream {UpstreamId} has lost its bytes ({Sha256}); asking again")]
    private static partial void CopyLost(ILogger logger, long upstreamId, string path, Sha256 sha256);
}
