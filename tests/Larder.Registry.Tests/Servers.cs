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
