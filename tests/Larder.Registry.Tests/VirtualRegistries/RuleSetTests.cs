using Larder.Registry.VirtualRegistries;

namespace Larder.Registry.Tests.VirtualRegistries;

/// <summary>What rules say of paths: Maven contract section 6.3.</summary>
public sealed class RuleSetTests
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private const string Metadata = "org/acme/tool/maven-metadata.xml";
    private const string SnapshotMetadata = "org/acme/tool/2.0-SNAPSHOT/maven-metadata.xml";

    [Theory]
    [InlineData(Jar, "org.acme tool 1.0")]
    [InlineData("org/acme/tool/2.0-SNAPSHOT/tool-2.0-20260101.000000-1.jar", "org.acme tool 2.0-SNAPSHOT")]
    [InlineData(SnapshotMetadata, "org.acme tool 2.0-SNAPSHOT")]
    [InlineData(Metadata, "org.acme tool -, org.acme.tool - -")]
    [InlineData("org/maven-metadata.xml", "org - -")]
    [InlineData("maven-metadata.xml", "- - -")]
    [InlineData("archetype-catalog.xml", "- - -")]
    [InlineData("tool/1.0/tool.jar", "- - -")]
    public void Path_says_its_coordinates(string path, string expected) =>
        string.Join(", ", MavenCoordinates.Of(Path(path)).Select(one => $"{one.GroupId ?? "-"} {one.ArtifactId ?? "-"} {one.Version ?? "-"}"))
            .ShouldBe(expected);

    [Theory]
    [InlineData("deny wildcard group_id org.acme", Jar, false)]
    [InlineData("deny wildcard group_id ORG.*", Jar, false)]
    [InlineData("deny wildcard group_id acme", Jar, true)]
    [InlineData("deny wildcard group_id org?acme", Jar, true)]
    [InlineData("deny wildcard group_id org.acme", "org/acme/maven-metadata.xml", false)]
    [InlineData("deny wildcard artifact_id t*l", Jar, false)]
    [InlineData("deny regex artifact_id OO", Jar, false)]
    [InlineData("deny regex artifact_id ^oo", Jar, true)]
    [InlineData("deny wildcard version 1.*", Jar, false)]
    [InlineData("deny wildcard version *", Metadata, true)]
    [InlineData("deny wildcard version *-SNAPSHOT", SnapshotMetadata, false)]
    [InlineData("deny wildcard group_id *", "archetype-catalog.xml", true)]
    [InlineData("allow wildcard group_id org.acme", Jar, true)]
    [InlineData("allow wildcard group_id com.*", Jar, false)]
    [InlineData("allow wildcard group_id com.*; allow regex group_id ^org\\.", Jar, true)]
    [InlineData("allow wildcard group_id org.*; allow wildcard artifact_id other", Jar, false)]
    [InlineData("allow wildcard group_id org.*; deny wildcard version 1.0", Jar, false)]
    [InlineData("allow wildcard group_id org.acme", "org/acme/maven-metadata.xml", true)]
    [InlineData("allow wildcard version 9", Metadata, true)]
    [InlineData("allow wildcard version 9", Jar, false)]
    [InlineData("allow wildcard group_id *", "archetype-catalog.xml", false)]
    public void Rules_decide(string rules, string path, bool admitted) =>
        (Rules(rules).Refusal(Path(path)) is null).ShouldBe(admitted);

    [Fact]
    public void Versions_of_metadata_are_judged_with_their_artifact()
    {
        var rules = Rules("deny wildcard version 2.*; allow wildcard version 1.*; allow wildcard version 2.*");
        new[] { "1.0", "2.0", "3.0" }.Where(version => rules.Admits(Path(Metadata), version)).ShouldBe(["1.0"]);
    }

    [Theory]
    [InlineData(RuleWords.Regex, "(a)\\1", false)]
    [InlineData(RuleWords.Regex, "(?=a)", false)]
    [InlineData(RuleWords.Regex, "(", false)]
    [InlineData(RuleWords.Regex, "(a+)+$", true)]
    [InlineData(RuleWords.Wildcard, "((((", true)]
    public void Pattern_matches_in_linear_time_or_not_at_all(string type, string pattern, bool compiles) =>
        (RuleWords.Compile(type, pattern) is not null).ShouldBe(compiles);

    private static MavenPath Path(string text)
    {
        MavenPath.TryParse(text, out var path).ShouldBeTrue();
        return path;
    }

    private static RuleSet Rules(string text) => new([.. text.Split("; ").Select((rule, i) =>
    {
        var words = rule.Split(' ');
        return new UpstreamRule(i + 1, 1, words[0], words[1], words[2], words[3], 0, 0);
    })]);
}
