using Larder.Testing;

namespace Larder.Web.Tests;

/// <summary>A server with pages for the tests of a class.</summary>
public sealed class PageServer : IAsyncLifetime
{
    public LarderServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await LarderServer.StartAsync(TestContext.Current.CancellationToken, pages: true);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
