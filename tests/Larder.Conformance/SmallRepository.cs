using System.Globalization;
using System.IO.Compression;
using Larder.Testing;

namespace Larder.Conformance;

/// <summary>A Maven repository of one artifact, <c>org.acme:lib</c>, in a folder that an upstream serves.</summary>
internal sealed class SmallRepository : IDisposable
{
    private readonly TemporaryDirectory folder = new();

    /// <summary>The folder.</summary>
    public string Path => folder.Path;

    /// <summary>Adds releases and the metadata that lists them.</summary>
    public SmallRepository WithReleases(params string[] versions)
    {
        foreach (var version in versions) Write(version, version);
        WriteMetadata("org/acme/lib", $"<versioning><versions>{string.Concat(versions.Select(version => $"<version>{version}</version>"))}</versions></versioning>");
        return this;
    }

    /// <summary>Adds a build of a snapshot and the metadata that names it.</summary>
    /// <param name="version">Such as <c>2.0-SNAPSHOT</c>.</param>
    /// <param name="at">When it was built.</param>
    /// <param name="build">Its number.</param>
    public SmallRepository WithSnapshot(string version, DateTime at, int build)
    {
        var timestamp = at.ToString("yyyyMMdd.HHmmss", CultureInfo.InvariantCulture);
        var updated = at.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        var value = version.Replace("SNAPSHOT", $"{timestamp}-{build}", StringComparison.Ordinal);
        Write(version, value);
        var files = string.Concat(new[] { "jar", "pom" }.Select(extension =>
            $"<snapshotVersion><extension>{extension}</extension><value>{value}</value><updated>{updated}</updated></snapshotVersion>"));
        WriteMetadata($"org/acme/lib/{version}", $"""
            <version>{version}</version>
            <versioning>
              <snapshot><timestamp>{timestamp}</timestamp><buildNumber>{build}</buildNumber></snapshot>
              <lastUpdated>{updated}</lastUpdated>
              <snapshotVersions>{files}</snapshotVersions>
            </versioning>
            """);
        return this;
    }

    public void Dispose() => folder.Dispose();

    private void Write(string version, string fileVersion)
    {
        var files = Directory.CreateDirectory(folder[$"org/acme/lib/{version}"]).FullName;
        File.WriteAllText($"{files}/lib-{fileVersion}.pom", $"""
            <project xmlns="http://maven.apache.org/POM/4.0.0">
              <modelVersion>4.0.0</modelVersion>
              <groupId>org.acme</groupId><artifactId>lib</artifactId><version>{version}</version>
            </project>
            """);
        using var jar = ZipFile.Open($"{files}/lib-{fileVersion}.jar", ZipArchiveMode.Create);
        using var text = new StreamWriter(jar.CreateEntry("lib.txt").Open());
        text.Write(fileVersion);
    }

    private void WriteMetadata(string directory, string content) => File.WriteAllText(folder[$"{directory}/maven-metadata.xml"],
        $"<metadata><groupId>org.acme</groupId><artifactId>lib</artifactId>{content}</metadata>");
}
