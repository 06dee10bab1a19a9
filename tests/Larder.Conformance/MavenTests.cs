using Larder.Testing;

namespace Larder.Conformance;

/// <summary>Maven, from Debian, building a project with nothing but a virtual registry.</summary>
public sealed class MavenTests(Target target) : IClassFixture<Target>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Credentials => ["header", "basic"];

    [Theory]
    [MemberData(nameof(Credentials))]
    public async Task Project_builds_cold_and_again_with_the_upstream_switched_off(string credentials)
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);

        using (var cold = new Build(registry, Server(credentials))) await cold.PackageAsync(Token);
        upstream.Requests.ShouldNotBeEmpty();
        upstream.Requests.Select(line => line.Split('"')[1]).ShouldBeUnique(); // nothing was asked for twice
        upstream.Requests.ShouldAllBe(line => line.Contains("\"GET ", StringComparison.Ordinal)); // and nothing by HEAD

        await upstream.StopAsync();
        using (var warm = new Build(registry, Server(credentials))) await warm.PackageAsync(Token);
        upstream.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Wrong_token_fails_the_build_and_says_so()
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);
        using var build = new Build(registry, "<username>root</username><password>wrong</password>");
        var result = await build.TryPackageAsync(Token);
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
        using var build = new Build(registry, Server("header"));
        var result = await build.TryPackageAsync(Token);
        result.ExitCode.ShouldNotBe(0);
        result.Output.ShouldContain("503");
        result.Output.ShouldNotContain("was not found in");
    }

    private string Server(string credentials) => credentials == "basic"
        ? $"<username>root</username><password>{target.Token}</password>"
        : "<configuration><httpHeaders><property><name>Private-Token</name>"
          + $"<value>{target.Token}</value></property></httpHeaders></configuration>";

    /// <summary>A copy of the project with an empty local repository.</summary>
    private sealed class Build : IDisposable
    {
        private readonly TemporaryDirectory folder = new();

        public Build(string registry, string server)
        {
            ProjectFiles.CopyTo(folder.Path);
            File.WriteAllText(folder["settings.xml"], $"""
                <settings>
                  <servers><server><id>larder</id>{server}</server></servers>
                  <mirrors><mirror><id>larder</id><mirrorOf>*</mirrorOf><url>{registry}</url></mirror></mirrors>
                </settings>
                """);
        }

        public async Task PackageAsync(CancellationToken cancellationToken)
        {
            var result = await TryPackageAsync(cancellationToken);
            result.ExitCode.ShouldBe(0, result.Output);
            File.Exists(folder["target/app-1.0.jar"]).ShouldBeTrue();
        }

        public Task<Command.Result> TryPackageAsync(CancellationToken cancellationToken) => Command.TryRunAsync(
            "mvn", ["-B", "-s", folder["settings.xml"], "-Dmaven.repo.local=" + folder["repository"], "package"], cancellationToken, folder.Path);

        public void Dispose() => folder.Dispose();
    }
}

/// <summary>The project that the build tools build.</summary>
internal static class ProjectFiles
{
    public static void CopyTo(string folder)
    {
        var source = Path.Combine(AppContext.BaseDirectory, "project");
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(folder, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
