using System.Globalization;
using System.Text;
using System.Xml;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Reads a <c>maven-metadata.xml</c> of strangers in one pass, keeping only what the model has. No tree is built of it: the
/// framework's trees remember every name of an element that they have ever seen, and take time with the square of the depth.
/// Elements are known by their local names, since documents come with and without the namespace of their model; of two that
/// may be there once, the first counts.
/// </summary>
internal sealed class MetadataReader
{
    // The model is five deep; extensions may go further.
    private const int DeepestElement = 32;

    private readonly string[] open = new string[DeepestElement];
    private readonly StringBuilder text = new();
    private readonly List<string> versions = [];
    private readonly List<MetadataPlugin> plugins = [];
    private readonly List<SnapshotVersion> files = [];
    private readonly Dictionary<string, string> part = []; // what is known of the plugin, snapshot or file that is open
    private string? groupId, artifactId, version, latest, release, lastUpdated;
    private Snapshot? snapshot;

    /// <summary>Reads it; null when it is something else, or nested deeper than any such document.</summary>
    /// <exception cref="XmlException">It is not well-formed, or longer than <see cref="MavenMetadata.LargestDocument"/>.</exception>
    public async Task<MavenMetadata?> ReadAsync(byte[] xml, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream(xml);
        using var reader = XmlReader.Create(bytes, new XmlReaderSettings
        {
            // A document with a DTD could name files and hosts of ours.
            Async = true, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MavenMetadata.LargestDocument,
            IgnoreComments = true, IgnoreProcessingInstructions = true,
        });
        while (await reader.ReadAsync())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var depth = reader.Depth;
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (depth >= DeepestElement || (depth == 0 && reader.LocalName != "metadata")) return null;
                    open[depth] = reader.LocalName;
                    text.Clear();
                    if (reader.IsEmptyElement) Close(depth);
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA:
                    text.Append(await reader.GetValueAsync());
                    break;
                case XmlNodeType.EndElement:
                    Close(depth);
                    break;
            }
        }
        return new MavenMetadata
        {
            GroupId = groupId, ArtifactId = artifactId, Version = version, Latest = latest, Release = release, LastUpdated = lastUpdated,
            Versions = versions, Plugins = plugins, Snapshot = snapshot, SnapshotVersions = files,
        };
    }

    private void Close(int depth)
    {
        var value = text.ToString().Trim();
        text.Clear();
        switch (open.AsSpan(1, depth)) // behind the root
        {
            case ["groupId"]: First(ref groupId, value); break;
            case ["artifactId"]: First(ref artifactId, value); break;
            case ["version"]: First(ref version, value); break;
            case ["versioning", "latest"]: First(ref latest, value); break;
            case ["versioning", "release"]: First(ref release, value); break;
            case ["versioning", "lastUpdated"]: First(ref lastUpdated, value); break;
            case ["versioning", "versions", "version"]:
                if (value.Length > 0) versions.Add(value);
                break;
            case ["plugins", "plugin", var name]: Note(name, value); break;
            case ["plugins", "plugin"]: ClosePlugin(); break;
            case ["versioning", "snapshot", var name]: Note(name, value); break;
            case ["versioning", "snapshot"]: CloseSnapshot(); break;
            case ["versioning", "snapshotVersions", "snapshotVersion", var name]: Note(name, value); break;
            case ["versioning", "snapshotVersions", "snapshotVersion"]: CloseFile(); break;
        }
    }

    private static void First(ref string? field, string value)
    {
        if (value.Length > 0) field ??= value;
    }

    private void Note(string name, string value)
    {
        if (value.Length > 0) part.TryAdd(name, value);
    }

    private void ClosePlugin()
    {
        if (part.TryGetValue("prefix", out var prefix) && part.TryGetValue("artifactId", out var artifact))
            plugins.Add(new MetadataPlugin(prefix, artifact, part.GetValueOrDefault("name")));
        part.Clear();
    }

    private void CloseSnapshot()
    {
        var number = long.TryParse(part.GetValueOrDefault("buildNumber"), NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        snapshot ??= new Snapshot(part.GetValueOrDefault("timestamp"), number, part.GetValueOrDefault("localCopy") == "true");
        part.Clear();
    }

    private void CloseFile()
    {
        if (part.TryGetValue("value", out var value))
            files.Add(new SnapshotVersion(part.GetValueOrDefault("extension", "jar"), part.GetValueOrDefault("classifier"), value, part.GetValueOrDefault("updated", "")));
        part.Clear();
    }
}
