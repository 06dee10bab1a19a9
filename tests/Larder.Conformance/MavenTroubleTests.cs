using System.Globalization;
using Larder.Registry;
using Larder.Testing;

namespace Larder.Conformance;

/// <summary>
/// Maven while an upstream is in trouble. The server has a clock that the test moves, so these start their own and run in
/// this process.
/// </summary>
public sealed class MavenTroubleTests : IAsyncLifetime
{
    private readonly ScriptedUpstream upstream = new();
    private LarderServer server = null!;
    private string registry = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        server = await LarderServer.StartAsync(Token, options: (data, _) => new LarderOptions
        {
            DataDirectory = data, InitialRootToken = LarderServer.RootToken, Upstreams = new() { AllowedHosts = ["127.0.0.1"] },
        });
        upstream.Folder("/usr/share/maven-repo");
        using var root = server.ClientFor(LarderServer.RootToken);
        var group = await server.CreateGroupAsync(Token);
        var made = await root.AskAsync("POST", $"/groups/{group.Id}/-/virtual_registries/packages/maven/registries", Token, new { name = "maven" });
        await root.AskAsync("POST", $"/virtual_registries/packages/maven/registries/{made["id"]}/upstreams", Token,
            new { url = upstream.Url, name = "Debian's Java packages" });
        registry = $"{server.BaseAddress}api/v4/virtual_registries/packages/maven/{made["id"]}";
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await upstream.DisposeAsync();
    }

    [Fact]
    public async Task Too_many_requests_fail_the_build_by_name_and_the_next_one_passes_without_being_told_to_update()
    {
        upstream.Otherwise((_, answer) => answer.HeadAsync(429, ("Retry-After", "60"), ("Content-Length", "0")));
        using var build = new MavenBuild(registry, LarderServer.RootToken);
        var failed = await build.TryRunAsync("compile", Token);
        failed.ExitCode.ShouldNotBe(0);
        failed.Output.ShouldContain("Debian's Java packages");
        failed.Output.ShouldContain("429");
        upstream.Requests.Count.ShouldBe(1); // it has asked to be left alone

        upstream.Folder("/usr/share/maven-repo");
        server.Time.Advance(TimeSpan.FromSeconds(60));
        await build.RunAsync("compile", Token);
    }

    [Fact]
    public async Task Build_goes_on_with_stale_copies_while_the_upstream_is_down()
    {
        using (var cold = new MavenBuild(registry, LarderServer.RootToken)) await cold.RunAsync("compile", Token);
        server.Time.Advance(TimeSpan.FromDays(2));
        upstream.Stop();
        using (var stale = new MavenBuild(registry, LarderServer.RootToken)) await stale.RunAsync("compile", Token);
        server.Log.ShouldContain(line => line.Contains(" 4001 ", StringComparison.Ordinal)); // it was asked, and failed
    }
}
