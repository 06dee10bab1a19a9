using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Graph;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Registry.Upkeep;
using Larder.Registry.VirtualRegistries;
using Larder.Storage.Blobs;
using Larder.Storage.Blobs.S3;
using Larder.Storage.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Larder.Registry;

/// <summary>Names each feature once, and chooses between the implementations that the configuration leaves open.</summary>
public static class RegistryModule
{
    /// <summary>
    /// Everything that the routes need. A <see cref="TimeProvider"/> or <see cref="UpstreamConnector"/> that is registered
    /// already is kept.
    /// </summary>
    /// <param name="services">Where it is registered.</param>
    /// <param name="options">What the operator has set.</param>
    /// <param name="isServing">False for a verb, which may run beside a server: it keeps its local files of a bucket apart.</param>
    public static void AddRegistry(this IServiceCollection services, LarderOptions options, bool isServing = true)
    {
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        AddData(services, options);
        AddBytes(services, options, isServing);
        services.AddRouting();
        services.AddAccess();
        services.AddAudit();
        services.AddNamespaces();
        services.AddPackages();
        services.AddGraph();
        services.AddVirtualRegistries();
        services.AddMaven();
        services.AddUpkeep();
    }

    /// <summary>The middleware, in the order in which a request meets it.</summary>
    public static void UseRegistry(this IApplicationBuilder app)
    {
        app.UseApiConventions(app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger("Larder.Requests"));
        app.UseCanonicalRequestTarget();
        app.UseRouting();
        app.UseAccess();
    }

    /// <summary>The routes of every feature.</summary>
    public static void MapRegistry(this IEndpointRouteBuilder app)
    {
        app.MapAudit();
        app.MapNamespaces();
        app.MapPackages();
        app.MapGraph();
        app.MapVirtualRegistries();
        app.MapMaven();
    }

    private static void AddData(IServiceCollection services, LarderOptions options)
    {
        var folder = Path.GetFullPath(options.DataDirectory);
        // Private packages lie in it. A folder that is there already keeps the mode its owner gave it.
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        services.TryAddSingleton<Database>(provider => options.Database.Length == 0
            ? new SqliteDatabase(Path.Combine(folder, "larder.db"), provider.GetRequiredService<ILogger<Database>>())
            : new PostgresDatabase(options.Database, provider.GetRequiredService<ILogger<Database>>()));
        services.AddSingleton<ChangeNotices>();
        services.AddHostedService(provider => provider.GetRequiredService<ChangeNotices>());
        services.AddSingleton<ProtectionKeys>();
        services.AddHostedService(provider => provider.GetRequiredService<ProtectionKeys>()); // before data protection looks for keys
        services.AddDataProtection().SetApplicationName("Larder");
        services.AddOptions<KeyManagementOptions>().Configure<ProtectionKeys>((keys, repository) => keys.XmlRepository = repository);
    }

    private static void AddBytes(IServiceCollection services, LarderOptions options, bool isServing)
    {
        if (options.Blobs.Kind == BlobOptions.Bucket) AddBucket(services, options, isServing);
        else AddFolder(services, options);

        services.TryAddSingleton<UpstreamConnector>();
        services.AddSingleton(provider => new AddressGuard(options.Upstreams.AllowedHosts, provider.GetRequiredService<UpstreamConnector>()));
        services.AddSingleton(new UpstreamClientOptions
        {
            ConnectTimeout = TimeSpan.FromSeconds(options.Upstreams.ConnectTimeoutSeconds),
            ResponseTimeout = TimeSpan.FromSeconds(options.Upstreams.ResponseTimeoutSeconds),
            IdleTimeout = TimeSpan.FromSeconds(options.Upstreams.IdleTimeoutSeconds),
            MaxConnectionsPerHost = options.Upstreams.MaxConnectionsPerHost,
            RequestsPerSecond = options.Upstreams.RequestsPerSecond,
            RequestBurst = options.Upstreams.RequestBurst,
            UserAgent = $"Larder/{typeof(RegistryModule).Assembly.GetName().Version?.ToString(3)}",
        });
        services.AddSingleton<UpstreamClient>();
        services.AddSingleton(new DownloadOptions());
        services.AddSingleton<Downloads>();
        services.AddSingleton<RunningUploads>();
    }

    private static void AddFolder(IServiceCollection services, LarderOptions options)
    {
        services.AddSingleton(provider => new FileSystemBlobStore(
            new FileSystemBlobOptions { Root = Path.Combine(options.DataDirectory, "blobs") },
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<FileSystemBlobStore>>()));
        services.AddSingleton<IBlobStore>(provider => new SmallBlobCache(provider.GetRequiredService<FileSystemBlobStore>()));
        services.AddSingleton(DirectDownloads.None);
    }

    private static void AddBucket(IServiceCollection services, LarderOptions options, bool isServing)
    {
        var s3 = options.Blobs.S3;
        var bucket = new S3BlobOptions
        {
            ServiceUrl = s3.ServiceUrl, Bucket = s3.Bucket, Region = s3.Region, AccessKey = s3.AccessKey, SecretKey = s3.SecretKey,
            ForcePathStyle = s3.ForcePathStyle, SendChecksums = s3.SendChecksums, CacheBytes = isServing ? s3.CacheBytes : 0,
            CertificateAuthority = s3.CertificateAuthority, PartBytes = s3.PartBytes, ParallelParts = s3.ParallelParts,
            PublicServiceUrl = s3.PublicServiceUrl, RedirectLifetime = TimeSpan.FromSeconds(s3.RedirectSeconds),
            LocalFolder = Path.Combine(options.DataDirectory, isServing ? "s3" : "s3-verb"),
        };
        // The bucket has a clock of its own, and its silence is real: the clock of this server does not matter to either.
        services.AddSingleton(provider => new S3BlobStore(
            bucket, TimeProvider.System, provider.GetRequiredService<ILogger<S3BlobStore>>()));
        services.AddSingleton<IBlobStore>(provider => new SmallBlobCache(provider.GetRequiredService<S3BlobStore>()));
        services.AddSingleton(_ => s3.RedirectDownloads ? new DirectDownloads(bucket) : DirectDownloads.None);
        services.AddPeriodicWork<AbandonedUploads>();
        services.AddPeriodicWork<Trash>();
    }
}
