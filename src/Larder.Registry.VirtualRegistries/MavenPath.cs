using System.Buffers;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// A file of a Maven repository by its path relative to the repository, in the one spelling that may name it. Everything
/// that an upstream might read as another path than we do (encoded slashes, path parameters, empty or dot segments, trailing
/// dots) is no Maven path, so two spellings can never share a cache entry, nor one entry serve two files.
/// </summary>
public sealed record MavenPath
{
    /// <summary>The longest path, in characters, which are all ASCII.</summary>
    public const int LongestPath = 1024;

    private const string MetadataName = "maven-metadata.xml";

    private static readonly SearchValues<char> Allowed = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+@$!,=^&'/");

    private static readonly (string Suffix, ChecksumKind Kind)[] Checksums =
    [
        (".sha1", ChecksumKind.Sha1), (".md5", ChecksumKind.Md5), (".sha256", ChecksumKind.Sha256), (".sha512", ChecksumKind.Sha512),
    ];

    private MavenPath(string value) => Value = value;

    /// <summary>The path, without a leading slash: <c>org/acme/tool/1.0/tool-1.0.jar</c>.</summary>
    public string Value { get; }

    /// <summary>The path as cache entries name it: with a leading slash.</summary>
    public string Relative => "/" + Value;

    /// <summary>The last segment.</summary>
    public string FileName => Value[(Value.LastIndexOf('/') + 1)..];

    /// <summary>Whether this is a <c>maven-metadata.xml</c>, of whichever level.</summary>
    public bool IsMetadata => FileName == MetadataName;

    /// <summary>The checksum that this file holds of another one, or null for every other file.</summary>
    public ChecksumKind? Checksum
    {
        get
        {
            foreach (var (suffix, kind) in Checksums)
                if (FileName.Length > suffix.Length && Value.EndsWith(suffix, StringComparison.Ordinal)) return kind;
            return null;
        }
    }

    /// <summary>Of a checksum file: the file whose checksum it is.</summary>
    public MavenPath Subject => new(Value[..Value.LastIndexOf('.')]);

    /// <summary>
    /// The directory of the artifact (groupId and artifactId, <c>org/acme/tool</c>) that this file belongs to; for a file that
    /// is not laid out as one of an artifact, its own directory. It is what an upstream is known to have supplied.
    /// </summary>
    public string Artifact
    {
        get
        {
            var directory = Parent(Value);
            var isArtifactMetadata = IsMetadata && !directory.EndsWith("-SNAPSHOT", StringComparison.Ordinal);
            return isArtifactMetadata || !directory.Contains('/', StringComparison.Ordinal) ? directory : Parent(directory);
        }
    }

    /// <summary>Reads a decoded path; false when it is not in canonical form, for which the answer is 400.</summary>
    public static bool TryParse(string text, out MavenPath path)
    {
        path = new MavenPath(text);
        return text.Length is > 0 and <= LongestPath
            && !text.AsSpan().ContainsAnyExcept(Allowed)
            && text.Split('/').All(segment => segment.Length > 0 && !segment.EndsWith('.'));
    }

    /// <summary>The path.</summary>
    public override string ToString() => Value;

    private static string Parent(string path) => path.LastIndexOf('/') is >= 0 and var slash ? path[..slash] : "";
}

/// <summary>The kinds of checksum file that Maven clients ask for.</summary>
public enum ChecksumKind
{
    /// <summary><c>.md5</c></summary>
    Md5,

    /// <summary><c>.sha1</c></summary>
    Sha1,

    /// <summary><c>.sha256</c></summary>
    Sha256,

    /// <summary><c>.sha512</c></summary>
    Sha512,
}
