using System.Reflection;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Upkeep;
using Larder.Registry.VirtualRegistries;
using Larder.Storage.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Administration;

/// <summary>A download that runs on this node, with the name of its upstream.</summary>
public sealed record ShownDownload(string Upstream, RunningDownload Download);

/// <summary>The pages for administrators. To everybody else there are none.</summary>
internal static class AdminPages
{
    private const int MostNamespaces = 100;
    private const int MostRuns = 100;
    private const int MostDownloads = 200;

    public static void Map(IEndpointRouteBuilder pages)
    {
        var admin = pages.MapGroup("").AddEndpointFilter(async (context, next) =>
            context.HttpContext.Caller().IsAdmin ? await next(context) : context.HttpContext.NoSuchPage());
        admin.MapGet(AdminLinks.Start, Start);
        admin.MapGet(AdminLinks.Storage, StorageAsync);
        admin.MapGet(AdminLinks.Upkeep, UpkeepAsync);
        admin.MapGet(AdminLinks.Downloads, DownloadsAsync);
        admin.MapGet(AdminLinks.Configuration, (HttpContext context, LarderOptions options) =>
            context.Page<ConfigurationPage>(StatusCodes.Status200OK, ("Options", ConfigurationInForce.Of(options))));
        UserPages.Map(admin);
        AuditPages.Map(admin);
    }

    private static IResult Start(HttpContext context, LarderOptions options, LeaseStore leases) => context.Page<StartPage>(
        StatusCodes.Status200OK,
        ("Version", typeof(AdminPages).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion),
        ("Database", options.Database.Length == 0 ? "SQLite" : "PostgreSQL"),
        ("Blobs", options.Blobs.Kind == BlobOptions.Bucket ? "a bucket" : "the data directory"), ("Node", leases.Node));

    private static async Task<IResult> StorageAsync(HttpContext context, StorageUsage usage, UpkeepRuns runs, CancellationToken cancellationToken) =>
        context.Page<StoragePage>(StatusCodes.Status200OK, ("Kinds", await usage.OfKindsAsync(cancellationToken)),
            ("Namespaces", await usage.OfNamespacesAsync(MostNamespaces, cancellationToken)),
            ("Next", (await runs.DueAsync(cancellationToken)).FirstOrDefault(work => work.Name == usage.Name)?.NextRunAt));

    private static async Task<IResult> UpkeepAsync(
        HttpContext context, UpkeepRuns runs, IEnumerable<IPeriodicWork> works, CancellationToken cancellationToken)
    {
        var name = context.Request.Query["name"].ToString();
        return context.Page<UpkeepPage>(StatusCodes.Status200OK, ("Name", name), ("Works", await runs.DueAsync(cancellationToken)),
            ("About", works.ToDictionary(work => work.Name, work => work.About)),
            ("Runs", await runs.ListAsync(name.Length == 0 ? null : name, MostRuns, cancellationToken)));
    }

    private static async Task<IResult> DownloadsAsync(
        HttpContext context, Downloads downloads, RunningUploads uploads, UpstreamStore upstreams, LeaseStore leases, CancellationToken cancellationToken)
    {
        var running = downloads.Snapshot().OrderBy(download => download.Since).ToList();
        var names = new Dictionary<long, string>();
        var shown = new List<ShownDownload>();
        foreach (var download in running.Take(MostDownloads))
        {
            var id = download.Key.UpstreamId;
            if (!names.TryGetValue(id, out var name))
                names[id] = name = (await upstreams.FindAsync(id, cancellationToken))?.Name ?? "an upstream that was deleted";
            shown.Add(new(name, download));
        }
        var arriving = uploads.Snapshot().OrderBy(upload => upload.Since).ToList();
        return context.Page<DownloadsPage>(
            StatusCodes.Status200OK, ("Node", leases.Node), ("Running", shown), ("More", Math.Max(0, running.Count - MostDownloads)),
            ("Uploads", arriving.Take(MostDownloads).ToList()), ("MoreUploads", Math.Max(0, arriving.Count - MostDownloads)));
    }
}
