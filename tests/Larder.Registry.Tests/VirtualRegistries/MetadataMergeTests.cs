using System.Text;
using CsCheck;
using Larder.Registry.VirtualRegistries;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class MetadataMergeTests
{
    private static readonly Gen<MavenMetadata> Document =
        from versions in Gen.Int[1, 9].Array[0, 6]
        from updated in Gen.Int[1, 9]
        select new MavenMetadata
        {
            GroupId = "g", ArtifactId = "a", LastUpdated = $"2026010{updated}000000",
            Versions = [.. versions.Distinct().Select(version => $"1.{version}")],
            Latest = versions.Length > 0 ? $"1.{versions[^1]}" : null,
        };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Versions_of_all_upstreams_are_in_the_document_in_any_order_of_them() => Document.Array[1, 5].Sample(documents =>
    {
        var merged = MetadataMerge.Merge(documents).Versions;
        var reversed = MetadataMerge.Merge([.. documents.Reverse()]).Versions;
        return merged.Order().SequenceEqual(documents.SelectMany(document => document.Versions).Distinct().Order())
            && merged.Order().SequenceEqual(reversed.Order());
    });

    [Fact]
    public void Merging_again_changes_nothing() => Document.Array[1, 5].Sample(documents =>
    {
        var once = MetadataMerge.Merge(documents);
        var again = MetadataMerge.Merge([once, .. documents]);
        return Encoding.UTF8.GetString(again.Write()) == Encoding.UTF8.GetString(once.Write());
    });

    [Fact]
    public async Task Document_that_was_written_reads_the_same()
    {
        await Document.Array[1, 3].SampleAsync(async documents =>
        {
            var bytes = MetadataMerge.Merge(documents).Write();
            return Encoding.UTF8.GetString((await MavenMetadata.ReadAsync(bytes, Token))!.Write()) == Encoding.UTF8.GetString(bytes);
        }, iter: 50);
    }

    [Fact]
    public void Latest_and_release_are_those_of_the_document_that_changed_last()
    {
        var merged = MetadataMerge.Merge(
        [
            new() { Latest = "1.0", Release = "1.0", LastUpdated = "20260101000000", Versions = ["1.0"] },
            new() { Latest = "2.0-SNAPSHOT", Release = "1.5", LastUpdated = "20260301000000", Versions = ["1.5", "2.0-SNAPSHOT"] },
        ]);
        (merged.Latest, merged.Release, merged.LastUpdated).ShouldBe(("2.0-SNAPSHOT", "1.5", "20260301000000"));
        merged.Versions.ShouldBe(["1.0", "1.5", "2.0-SNAPSHOT"]);
    }

    [Fact]
    public void Document_of_another_artifact_is_left_out()
    {
        // The same artifactId in another group is another thing.
        MetadataMerge.Merge([new() { GroupId = "com.a", ArtifactId = "common", Versions = ["1"] }, new() { GroupId = "com.b", ArtifactId = "common", Versions = ["2"] }])
            .Versions.ShouldBe(["1"]);
    }

    [Fact]
    public void Plugins_of_a_group_are_united_and_the_higher_upstream_keeps_its_prefix()
    {
        var merged = MetadataMerge.Merge(
        [
            new() { Plugins = [new("one", "one-maven-plugin", "One")] },
            new() { Plugins = [new("one", "an-impostor", null), new("two", "two-maven-plugin", null)] },
        ]);
        merged.Plugins.ShouldBe([new MetadataPlugin("one", "one-maven-plugin", "One"), new MetadataPlugin("two", "two-maven-plugin", null)]);
    }

    [Fact]
    public void Snapshot_is_the_newest_build_of_each_file()
    {
        var merged = MetadataMerge.Merge(
        [
            new() { Version = "1-SNAPSHOT", LastUpdated = "20260101000000", Snapshot = new("20260101.000000", 7, false), SnapshotVersions = [new("jar", null, "1-20260101.000000-7", "20260101000000"), new("jar", "sources", "1-20260101.000000-7", "20260101000000")] },
            new() { Version = "1-SNAPSHOT", LastUpdated = "20260201000000", Snapshot = new("20260201.000000", 2, false), SnapshotVersions = [new("jar", null, "1-20260201.000000-2", "20260201000000")] },
        ]);
        merged.Snapshot.ShouldBe(new Snapshot("20260201.000000", 2, false));
        merged.SnapshotVersions.Select(file => (file.Classifier, file.Value)).ShouldBe([(null, "1-20260201.000000-2"), ("sources", "1-20260101.000000-7")]);
    }

    [Theory]
    [InlineData("<!DOCTYPE metadata [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><metadata><groupId>&x;</groupId></metadata>")]
    [InlineData("<!DOCTYPE metadata [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><metadata><groupId>&b;</groupId></metadata>")]
    [InlineData("<!DOCTYPE metadata SYSTEM \"http://203.0.113.1/x.dtd\"><metadata/>")]
    [InlineData("<metadata>")]
    [InlineData("<html/>")]
    [InlineData("<?xml version=\"1.0\" encoding=\"utf-7\"?><metadata/>")]
    [InlineData("<?xml version=\"1.0\" encoding=\"none-such\"?><metadata/>")]
    [InlineData("not XML at all")]
    [InlineData("")]
    public async Task Hostile_or_broken_document_is_none(string xml) =>
        (await MavenMetadata.ReadAsync(Encoding.UTF8.GetBytes(xml), Token)).ShouldBeNull();

    [Fact]
    public async Task Document_with_the_namespace_of_its_model_is_read()
    {
        var document = await MavenMetadata.ReadAsync(Encoding.UTF8.GetBytes("""
            <?xml version="1.0" encoding="UTF-8"?>
            <metadata xmlns="http://maven.apache.org/METADATA/1.1.0" modelVersion="1.1.0">
              <!-- as Nexus writes it --> <groupId>org.acme</groupId><artifactId> tool </artifactId>
              <versioning><release>1.0</release><versions><version>1.0</version><version/></versions><lastUpdated>20260101000000</lastUpdated></versioning>
            </metadata>
            """), Token);
        (document!.GroupId, document.ArtifactId, document.Release, document.LastUpdated).ShouldBe(("org.acme", "tool", "1.0", "20260101000000"));
        document.Versions.ShouldBe(["1.0"]);
    }

    [Fact]
    public async Task Deeply_nested_document_is_none()
    {
        var deep = string.Concat(Enumerable.Repeat("<a>", 500_000)) + string.Concat(Enumerable.Repeat("</a>", 500_000));
        (await MavenMetadata.ReadAsync(Encoding.UTF8.GetBytes($"<metadata><groupId>{deep}</groupId></metadata>"), Token)).ShouldBeNull();
    }

    [Fact]
    public async Task What_the_model_does_not_know_is_skipped_and_the_first_of_two_counts()
    {
        var document = await MavenMetadata.ReadAsync(Encoding.UTF8.GetBytes("""
            <metadata>
              <groupId>g<extra><groupId>other</groupId></extra></groupId><groupId>second</groupId>
              <versioning>
                <snapshot><timestamp>20260101.000000</timestamp><buildNumber>7</buildNumber></snapshot>
                <versions><version><![CDATA[1.0]]></version><other>9</other></versions>
                <snapshotVersions>
                  <snapshotVersion><value>1.0-1</value><updated>1</updated></snapshotVersion>
                  <snapshotVersion><extension>pom</extension></snapshotVersion>
                  <snapshotVersion><classifier>sources</classifier><extension>jar</extension><value>1.0-2</value></snapshotVersion>
                </snapshotVersions>
              </versioning>
              <plugins><plugin><prefix>p</prefix><artifactId>a</artifactId></plugin><plugin><prefix>half</prefix></plugin></plugins>
            </metadata>
            """), Token);
        document!.GroupId.ShouldBe("second");
        document.Versions.ShouldBe(["1.0"]);
        document.Snapshot.ShouldBe(new Snapshot("20260101.000000", 7, LocalCopy: false));
        document.SnapshotVersions.ShouldBe([new("jar", null, "1.0-1", "1"), new("jar", "sources", "1.0-2", "")]);
        document.Plugins.ShouldBe([new MetadataPlugin("p", "a", null)]);
    }
}
