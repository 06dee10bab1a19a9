using Larder.Testing;

namespace Larder.Registry.Tests;

/// <summary>A server for the tests of a class.</summary>
public abstract class ServerFixture : IAsyncLifetime
{
    public LarderServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Server = await LarderServer.StartAsync(TestContext.Current.CancellationToken, await CreateDatabaseAsync(), Options);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract Task<string?> CreateDatabaseAsync();

    /// <summary>What differs from the defaults; the arguments are the data directory and the connection string.</summary>
    protected virtual LarderOptions? Options(string data, string database) => null;
}

/// <summary>On SQLite.</summary>
public sealed class SqliteServer : ServerFixture
{
    protected override Task<string?> CreateDatabaseAsync() => Task.FromResult<string?>(null);
}

/// <summary>On PostgreSQL.</summary>
public sealed class PostgresServer : ServerFixture
{
    protected override async Task<string?> CreateDatabaseAsync() => await PostgresCluster.CreateDatabaseAsync();
}

/// <summary>On PostgreSQL and a bucket: what a node of many runs on.</summary>
public class ClusterServer : ServerFixture
{
    private string url = "";
    private string bucket = "";
    private string database = "";

    protected virtual long MaxBytes => 5L << 30;

    protected override async Task<string?> CreateDatabaseAsync()
    {
        (url, bucket) = ((await CephGateway.SharedAsync()).Url, await CephGateway.CreateBucketAsync());
        return database = await PostgresCluster.CreateDatabaseAsync();
    }

    /// <summary>One more node, with a data directory of its own.</summary>
    public Task<LarderServer> StartAnotherAsync() => LarderServer.StartAsync(TestContext.Current.CancellationToken, database, Options);

    protected override LarderOptions Options(string data, string database) => new()
    {
        DataDirectory = data, Database = database, InitialRootToken = LarderServer.RootToken, GenericPackageMaxBytes = MaxBytes,
        Blobs = new BlobOptions
        {
            Kind = BlobOptions.Bucket,
            S3 = new S3Options
            {
                ServiceUrl = url, Bucket = bucket, AccessKey = CephGateway.AccessKey, SecretKey = CephGateway.SecretKey, ForcePathStyle = true,
            },
        },
    };
}
