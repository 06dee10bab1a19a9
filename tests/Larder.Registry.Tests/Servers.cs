using Larder.Testing;

namespace Larder.Registry.Tests;

/// <summary>A server on SQLite for the tests of a class.</summary>
public sealed class SqliteServer : IAsyncLifetime
{
    public LarderServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await LarderServer.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
