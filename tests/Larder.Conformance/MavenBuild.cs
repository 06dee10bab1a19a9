using Larder.Testing;

namespace Larder.Conformance;

/// <summary>A copy of the project with an empty local repository, which knows nothing but one virtual registry.</summary>
internal sealed class MavenBuild : IDisposable
{
    private readonly TemporaryDirectory folder = new();
    private readonly Dictionary<string, string> environment;

    /// <summary>Writes the project, and the settings that <c>docs/clients/maven.md</c> shows.</summary>
    /// <param name="registry">URL of the virtual registry.</param>
    /// <param name="token">What it is asked with, as <c>root</c>.</param>
    /// <param name="example">Which settings.</param>
    /// <param name="dependencies">Further dependencies, <c>group:artifact:version</c>.</param>
    public MavenBuild(string registry, string token, string example = "maven-header", params string[] dependencies)
    {
        environment = new() { ["LARDER_TOKEN"] = token, ["LARDER_USER"] = "root", ["MAVEN_OPTS"] = ProjectFiles.QuickStart };
        ProjectFiles.CopyTo(folder.Path);
        Edit("pom.xml", "</dependencies>", string.Concat(dependencies.Select(Dependency)) + "</dependencies>");
        File.WriteAllText(folder["settings.xml"], ClientPage.ForRegistry("maven.md", example, registry));
    }

    /// <summary>Replaces text in a file of the build.</summary>
    public void Edit(string file, string old, string text) =>
        File.WriteAllText(folder[file], File.ReadAllText(folder[file]).Replace(old, text, StringComparison.Ordinal));

    /// <summary>Writes a file of the build, in place of the one that is there.</summary>
    public void Write(string file, string content) => File.WriteAllText(folder[file], content);

    /// <summary>Builds the jar.</summary>
    public async Task PackageAsync(CancellationToken cancellationToken)
    {
        await RunAsync("package", cancellationToken);
        File.Exists(folder["target/app-1.0.jar"]).ShouldBeTrue();
    }

    /// <summary>Runs Maven, which must succeed.</summary>
    public async Task RunAsync(string phase, CancellationToken cancellationToken)
    {
        var result = await TryRunAsync(phase, cancellationToken);
        result.ExitCode.ShouldBe(0, result.Output);
    }

    /// <summary>Runs Maven.</summary>
    public Task<Command.Result> TryRunAsync(string phase, CancellationToken cancellationToken) => Command.TryRunAsync(
        "mvn", ["-B", "-s", folder["settings.xml"], "-Dmaven.repo.local=" + folder["repository"], phase], cancellationToken, folder.Path, environment);

    /// <summary>A file of the local repository.</summary>
    public string Local(string path) => Path.Combine(folder["repository"], path);

    public void Dispose() => folder.Dispose();

    private static string Dependency(string coordinates) => coordinates.Split(':') is [var group, var artifact, var version]
        ? $"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        : throw new ArgumentException("group:artifact:version is needed", nameof(coordinates));
}

/// <summary>The project that the build tools build.</summary>
internal static class ProjectFiles
{
    /// <summary>Options with which a short-lived JVM takes half the time.</summary>
    public const string QuickStart = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

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
