using CsCheck;
using Larder.Registry.VirtualRegistries;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class MavenPathTests
{
    [Theory]
    [InlineData("org/acme/tool/1.0/tool-1.0.jar", "org/acme/tool")]
    [InlineData("org/acme/tool/1.0/tool-1.0.jar.asc", "org/acme/tool")]
    [InlineData("org/acme/tool/maven-metadata.xml", "org/acme/tool")]
    [InlineData("org/acme/tool/1.0-SNAPSHOT/maven-metadata.xml", "org/acme/tool")]
    [InlineData("org/acme/tool/1.0-SNAPSHOT/tool-1.0-20260101.000000-1.jar", "org/acme/tool")]
    [InlineData("org/maven-metadata.xml", "org")]
    [InlineData("archetype-catalog.xml", "")]
    public void Artifact_is_group_and_artifact_as_a_path(string path, string artifact)
    {
        MavenPath.TryParse(path, out var parsed).ShouldBeTrue();
        parsed.Artifact.ShouldBe(artifact);
    }

    [Theory]
    [InlineData("a/b.jar.sha1", ChecksumKind.Sha1, "a/b.jar")]
    [InlineData("a/b.jar.md5", ChecksumKind.Md5, "a/b.jar")]
    [InlineData("a/b.jar.sha256", ChecksumKind.Sha256, "a/b.jar")]
    [InlineData("a/b.jar.asc.sha512", ChecksumKind.Sha512, "a/b.jar.asc")]
    public void Checksum_file_names_its_subject(string path, ChecksumKind kind, string subject)
    {
        MavenPath.TryParse(path, out var parsed).ShouldBeTrue();
        (parsed.Checksum, parsed.Subject.Value).ShouldBe((kind, subject));
    }

    [Theory]
    [InlineData("a/b.jar")]
    [InlineData("a/b.SHA1")]
    [InlineData("a/.sha1")]
    [InlineData("a.sha1/b.jar")]
    public void Other_file_is_no_checksum(string path)
    {
        MavenPath.TryParse(path, out var parsed).ShouldBeTrue();
        parsed.Checksum.ShouldBeNull();
    }

    [Fact]
    public void Accepted_path_is_its_own_only_spelling() => Gen.String[Gen.Char["abA1./-_%+~ \\;?#\u00e9\0"], 1, 20].Sample(text =>
        !MavenPath.TryParse(text, out var path)
        || (path.Value == text && new Uri("http://h/" + text).AbsolutePath == "/" + text && !text.Split('/').Any(part => part.Length == 0 || part.EndsWith('.'))));
}
