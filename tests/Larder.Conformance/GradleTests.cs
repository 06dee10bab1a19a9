using Larder.Testing;

namespace Larder.Conformance;

/// <summary>Gradle, from Debian, resolving through a virtual registry.</summary>
public sealed class GradleTests(Target target)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dependency_resolves_cold_and_again_with_the_upstream_switched_off()
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);

        (await ResolveAsync(registry)).Output.ShouldContain("resolved commons-lang3-debian.jar");
        upstream.Requests.ShouldNotBeEmpty();

        await upstream.StopAsync();
        (await ResolveAsync(registry)).Output.ShouldContain("resolved commons-lang3-debian.jar");
        upstream.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Newest_version_is_found_whichever_upstream_has_it()
    {
        using var older = new SmallRepository().WithReleases("1.0", "1.1");
        using var newer = new SmallRepository().WithReleases("1.2", "2.0");
        await using var one = await NginxServer.StartAsync(older.Path);
        await using var two = await NginxServer.StartAsync(newer.Path);
        var registry = await target.CreateRegistryAsync(Token, one.Url, two.Url);
        (await ResolveAsync(registry, "org.acme:lib:1.+")).Output.ShouldContain("resolved lib-1.2.jar");
    }

    [Fact]
    public async Task Failing_upstream_fails_the_build_by_name()
    {
        await using var upstream = new ScriptedUpstream();
        upstream.Otherwise((_, answer) => answer.HeadAsync(500, ("Content-Length", "0")));
        var result = await ResolveAsync(await target.CreateRegistryAsync(Token, upstream.Url));
        result.ExitCode.ShouldNotBe(0);
        result.Errors.ShouldContain($"Upstream '{upstream.Url}' could not be asked: it answered 500");
    }

    private async Task<Command.Result> ResolveAsync(string registry, string dependency = "org.apache.commons:commons-lang3:debian")
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["build.gradle"], $$"""
            apply plugin: 'java'
            {{ClientPage.ForRegistry("gradle.md", "gradle", registry)}}
            dependencies { compile '{{dependency}}' }
            task resolve { doLast { configurations.compile.files.each { println "resolved ${it.name}" } } }
            """, Token);
        return await Command.TryRunAsync("gradle", ["--no-daemon", "--quiet", "--gradle-user-home", folder["home"], "resolve"], Token, folder.Path,
            new Dictionary<string, string> { ["LARDER_USER"] = "root", ["LARDER_TOKEN"] = target.Token, ["GRADLE_OPTS"] = ProjectFiles.QuickStart });
    }
}
