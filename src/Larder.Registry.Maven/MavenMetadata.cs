using System.Xml;
using System.Xml.Linq;

namespace Larder.Registry.VirtualRegistries;

/// <summary>A plugin of a group, as <c>mvn prefix:goal</c> looks it up.</summary>
public sealed record MetadataPlugin(string Prefix, string ArtifactId, string? Name);

/// <summary>A file of a snapshot: which build it is from. Newest <see cref="Updated"/> (yyyyMMddHHmmss) is the current one.</summary>
public sealed record SnapshotVersion(string Extension, string? Classifier, string Value, string Updated);

/// <summary>The current build of a snapshot; a local copy has neither timestamp nor number.</summary>
public sealed record Snapshot(string? Timestamp, long BuildNumber, bool LocalCopy);

/// <summary>
/// A <c>maven-metadata.xml</c> of any level: of an artifact (versions), of a group (plugins) or of a snapshot (builds). See the
/// repository metadata reference of Maven, model 1.1.0.
/// </summary>
public sealed record MavenMetadata
{
    /// <summary>
    /// The largest document that is read, in bytes: the one kind of file that is held in memory. The largest of Maven Central
    /// are below 1 MiB.
    /// </summary>
    public const int LargestDocument = 8 << 20;

    /// <summary>The group, where the document says it.</summary>
    public string? GroupId { get; init; }

    /// <summary>The artifact, where the document says it.</summary>
    public string? ArtifactId { get; init; }

    /// <summary>The version whose builds are listed, of a snapshot's document.</summary>
    public string? Version { get; init; }

    /// <summary>The newest version, snapshots included.</summary>
    public string? Latest { get; init; }

    /// <summary>The newest version that is no snapshot.</summary>
    public string? Release { get; init; }

    /// <summary>Change of the document as yyyyMMddHHmmss in UTC: compares as text.</summary>
    public string? LastUpdated { get; init; }

    /// <summary>Versions in the order of the document.</summary>
    public IReadOnlyList<string> Versions { get; init; } = [];

    /// <summary>Plugins of a group.</summary>
    public IReadOnlyList<MetadataPlugin> Plugins { get; init; } = [];

    /// <summary>The current build of a snapshot.</summary>
    public Snapshot? Snapshot { get; init; }

    /// <summary>Files of a snapshot.</summary>
    public IReadOnlyList<SnapshotVersion> SnapshotVersions { get; init; } = [];

    /// <summary>
    /// The document without the versions that do not satisfy <paramref name="condition"/>; itself when all do. Newest are then the
    /// last of those that stay: documents list versions in the order in which they came.
    /// </summary>
    public MavenMetadata Where(Func<string, bool> condition)
    {
        var versions = Versions.Where(condition).ToList();
        if (versions.Count == Versions.Count) return this;
        return this with
        {
            Versions = versions,
            Latest = versions.LastOrDefault(),
            Release = versions.LastOrDefault(version => !version.EndsWith("-SNAPSHOT", StringComparison.Ordinal)),
        };
    }

    /// <summary>Reads a document; null when it is not one. A document with a DTD is not: it could name files and hosts of ours.</summary>
    public static async Task<MavenMetadata?> ReadAsync(byte[] xml, CancellationToken cancellationToken)
    {
        try
        {
            return await new MetadataReader().ReadAsync(xml, cancellationToken);
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <summary>Writes the document, UTF-8.</summary>
    public byte[] Write()
    {
        var versioning = new XElement("versioning",
            Element("latest", Latest), Element("release", Release),
            Snapshot is null ? null : new XElement("snapshot",
                Element("timestamp", Snapshot.Timestamp),
                Snapshot.LocalCopy ? new XElement("localCopy", "true") : new XElement("buildNumber", Snapshot.BuildNumber)),
            Versions.Count == 0 ? null : new XElement("versions", Versions.Select(version => new XElement("version", version))),
            Element("lastUpdated", LastUpdated),
            SnapshotVersions.Count == 0 ? null : new XElement("snapshotVersions", SnapshotVersions.Select(file => new XElement("snapshotVersion",
                Element("classifier", file.Classifier), new XElement("extension", file.Extension), new XElement("value", file.Value),
                new XElement("updated", file.Updated)))));
        var root = new XElement("metadata", new XAttribute("modelVersion", "1.1.0"),
            Element("groupId", GroupId), Element("artifactId", ArtifactId), Element("version", Version),
            versioning.HasElements ? versioning : null,
            Plugins.Count == 0 ? null : new XElement("plugins", Plugins.Select(plugin => new XElement("plugin",
                Element("name", plugin.Name), new XElement("prefix", plugin.Prefix), new XElement("artifactId", plugin.ArtifactId)))));
        using var bytes = new MemoryStream();
        using (var writer = XmlWriter.Create(bytes, new XmlWriterSettings { Indent = true, Encoding = new System.Text.UTF8Encoding(false), NewLineChars = "\n" }))
            root.Save(writer);
        return bytes.ToArray();
    }

    private static XElement? Element(string name, string? text) => text is null ? null : new XElement(name, text);
}
