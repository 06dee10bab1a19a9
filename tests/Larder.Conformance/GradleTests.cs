using Larder.Testing;

namespace Larder.Conformance;

/// <summary>Gradle, from Debian, resolving through a virtual registry.</summary>
public sealed class GradleTests(Target target) : IClassFixture<Target>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dependency_resolves_cold_and_again_with_the_upstream_switched_off()
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);

        (await ResolveAsync(registry)).ShouldContain("resolved commons-lang3-debian.jar");
        upstream.Requests.ShouldNotBeEmpty();

        await upstream.StopAsync();
        (await ResolveAsync(registry)).ShouldContain("resolved commons-lang3-debian.jar");
        upstream.Requests.ShouldBeEmpty();
    }

    private async Task<string> ResolveAsync(string registry)
    {
        using var folder = new TemporaryDirectory();
        ProjectFiles.CopyTo(folder.Path);
        return await Command.RunAsync("gradle", ["--no-daemon", "--quiet", "--gradle-user-home", folder["home"], "resolve"], Token, folder.Path,
            new Dictionary<string, string> { ["REGISTRY_URL"] = registry, ["REGISTRY_TOKEN"] = target.Token });
    }
}
