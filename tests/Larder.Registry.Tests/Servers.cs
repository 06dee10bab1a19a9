using Larder.Testing;

namespace Larder.Registry.Tests;

/// <summary>A server for the tests of a class.</summary>
public abstract class ServerFixture : IAsyncLifetime
{
    public LarderServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Server = await LarderServer.StartAsync(TestContext.Current.CancellationToken, await CreateDatabaseAsync());

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract Task<string?> CreateDatabaseAsync();
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
