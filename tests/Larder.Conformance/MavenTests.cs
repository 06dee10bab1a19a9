using Larder.Testing;

namespace Larder.Conformance;

/// <summary>Maven, from Debian, building a project with nothing but a virtual registry.</summary>
public sealed class MavenTests(Target target)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Credentials => ["maven-header", "maven-basic"];

    [Theory]
    [MemberData(nameof(Credentials))]
    public async Task Project_builds_cold_and_again_with_the_upstream_switched_off(string credentials)
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);

        using (var cold = new MavenBuild(registry, target.Token, credentials)) await cold.PackageAsync(Token);
        upstream.Requests.ShouldNotBeEmpty();
        upstream.Requests.Select(line => line.Split('"')[1]).ShouldBeUnique(); // nothing was asked for twice
        upstream.Requests.ShouldAllBe(line => line.Contains("\"GET ", StringComparison.Ordinal)); // and nothing by HEAD

        await upstream.StopAsync();
        using (var warm = new MavenBuild(registry, target.Token, credentials)) await warm.PackageAsync(Token);
        upstream.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Deploy_token_of_the_group_builds_too()
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);
        using var build = new MavenBuild(registry, await target.CreateDeployTokenAsync(registry, Token));
        build.Edit("settings.xml", "Private-Token", "Deploy-Token");
        await build.RunAsync("compile", Token);
    }

    [Fact]
    public async Task Wrong_token_fails_the_build_and_says_so()
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);
        using var build = new MavenBuild(registry, "wrong", "maven-basic");
        var result = await build.TryRunAsync("package", Token);
        result.ExitCode.ShouldNotBe(0);
        result.Output.ShouldContain("401");
        upstream.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Upstream_that_is_down_fails_the_build_without_calling_the_file_missing()
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);
        await upstream.StopAsync();
        using var build = new MavenBuild(registry, target.Token);
        var result = await build.TryRunAsync("package", Token);
        result.ExitCode.ShouldNotBe(0);
        result.Output.ShouldContain("503");
        result.Output.ShouldNotContain("Could not find artifact");
    }

    [Fact]
    public async Task File_that_no_upstream_has_is_called_missing()
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);
        using var build = new MavenBuild(registry, target.Token, dependencies: "org.acme:nowhere:1.0");
        (await build.TryRunAsync("compile", Token)).Output.ShouldContain("Could not find artifact org.acme:nowhere:jar:1.0");
        (await build.TryRunAsync("compile", Token)).Output.ShouldContain("during a previous attempt");
    }

    [Fact]
    public async Task Repository_of_the_POM_supplies_what_the_others_lack()
    {
        using var files = new SmallRepository().WithReleases("1.0");
        await using var upstream = await NginxServer.StartAsync(files.Path);
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);
        using var build = new MavenBuild(registry, target.Token, "maven-repository-settings", "org.acme:lib:1.0");
        build.Edit("pom.xml", "<repositories>", ClientPage.ForRegistry("maven.md", "maven-repository", registry).Replace("</repositories>", "", StringComparison.Ordinal));
        // Everything else, the plugins too, comes from another repository.
        build.Edit("settings.xml", "</settings>", """
            <mirrors><mirror><id>debian</id><mirrorOf>*,!larder</mirrorOf><url>file:///usr/share/maven-repo</url></mirror></mirrors></settings>
            """);
        await build.RunAsync("compile", Token);
        File.Exists(build.Local("org/acme/lib/1.0/lib-1.0.jar")).ShouldBeTrue();
    }
}
