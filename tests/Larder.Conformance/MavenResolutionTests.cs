using Larder.Testing;

namespace Larder.Conformance;

/// <summary>Maven finds through one URL what lies in several upstreams. Debian's repository supplies the plugins.</summary>
public sealed class MavenResolutionTests(Target target)
{
    private static readonly DateTime Noon = new(2026, 1, 2, 12, 0, 0, DateTimeKind.Utc);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Newest_release_of_a_range_is_found_whichever_upstream_has_it()
    {
        using var older = new SmallRepository().WithReleases("1.0", "1.1");
        using var newer = new SmallRepository().WithReleases("1.2", "2.0");
        using var build = await CompileAsync("org.acme:lib:[1.0,2.0)", older, newer);
        File.Exists(build.Local("org/acme/lib/1.2/lib-1.2.jar")).ShouldBeTrue();
    }

    [Fact]
    public async Task Newest_build_of_a_snapshot_is_found_whichever_upstream_has_it()
    {
        using var older = new SmallRepository().WithSnapshot("2.0-SNAPSHOT", Noon, build: 7);
        using var newer = new SmallRepository().WithSnapshot("2.0-SNAPSHOT", Noon.AddDays(1), build: 8);
        using var build = await CompileAsync("org.acme:lib:2.0-SNAPSHOT", older, newer);
        File.Exists(build.Local("org/acme/lib/2.0-SNAPSHOT/lib-2.0-20260103.120000-8.jar")).ShouldBeTrue();
    }

    [Fact]
    public async Task Private_upstream_gets_its_password_and_the_host_that_it_redirects_to_does_not()
    {
        using var files = new SmallRepository().WithReleases("1.0");
        await using var store = new ScriptedUpstream();
        store.Folder(files.Path);
        await using var repository = new ScriptedUpstream();
        repository.Otherwise((request, answer) => request.Headers.GetValueOrDefault("authorization") == "Basic bWU6c2VjcmV0" // me:secret
            ? request.Path.StartsWith("/org/acme/", StringComparison.Ordinal)
                ? answer.HeadAsync(302, ("Location", store.Url + request.Path), ("Content-Length", "0"))
                : answer.HeadAsync(404, ("Content-Length", "0"))
            : answer.HeadAsync(401, ("WWW-Authenticate", "Basic realm=\"private\""), ("Content-Length", "0")));
        await using var debian = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, new UpstreamPlace(repository.Url, "me", "secret"), new UpstreamPlace(debian.Url));

        using var build = new MavenBuild(registry, target.Token, dependencies: "org.acme:lib:1.0");
        await build.RunAsync("compile", Token);
        File.Exists(build.Local("org/acme/lib/1.0/lib-1.0.jar")).ShouldBeTrue();
        store.Requests.ShouldNotBeEmpty();
        store.Requests.ShouldAllBe(request => !request.Headers.ContainsKey("authorization"));
    }

    // The dependency is split over two upstreams, and everything else comes from a third.
    private async Task<MavenBuild> CompileAsync(string dependency, SmallRepository first, SmallRepository second)
    {
        await using var one = await NginxServer.StartAsync(first.Path);
        await using var two = await NginxServer.StartAsync(second.Path);
        await using var debian = await NginxServer.StartAsync("/usr/share/maven-repo");
        var build = new MavenBuild(await target.CreateRegistryAsync(Token, one.Url, two.Url, debian.Url), target.Token, dependencies: dependency);
        await build.RunAsync("compile", Token);
        return build;
    }
}
