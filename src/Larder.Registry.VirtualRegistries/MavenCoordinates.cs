namespace Larder.Registry.VirtualRegistries;

/// <summary>What a path says of the artifact that its file belongs to; null where it says nothing.</summary>
/// <param name="GroupId">With dots: <c>org.acme</c>.</param>
/// <param name="ArtifactId">The artifact.</param>
/// <param name="Version">The version; that of a snapshot ends with <c>-SNAPSHOT</c>.</param>
public sealed record MavenCoordinates(string? GroupId, string? ArtifactId, string? Version)
{
    /// <summary>
    /// Every way to read a path. A <c>maven-metadata.xml</c> beside versions may be that of an artifact, or list the plugins of a
    /// group whose last part looks like one: nothing but its content tells.
    /// </summary>
    public static IReadOnlyList<MavenCoordinates> Of(MavenPath path)
    {
        var parts = path.Value.Split('/');
        if (!path.IsMetadata) return [parts.Length < 4 ? new(null, null, null) : new(Group(parts[..^3]), parts[^3], parts[^2])];
        if (parts.Length >= 4 && parts[^2].EndsWith("-SNAPSHOT", StringComparison.Ordinal)) return [new(Group(parts[..^3]), parts[^3], parts[^2])];
        return parts.Length switch
        {
            1 => [new(null, null, null)],
            2 => [new(parts[0], null, null)],
            _ => [new(Group(parts[..^2]), parts[^2], null), new(Group(parts[..^1]), null, null)],
        };
    }

    /// <summary>
    /// The folder of coordinates as people write them, <c>group:artifact</c> or <c>group:artifact:version</c>, with a slash at both
    /// ends; null for whatever else.
    /// </summary>
    public static string? Folder(string text)
    {
        var parts = text.Split(':');
        return parts.Length is 2 or 3 && MavenPath.TryParse(string.Join('/', [parts[0].Replace('.', '/'), .. parts[1..]]), out var path)
            ? path.Relative + "/" : null;
    }

    /// <summary>
    /// The path of the file of coordinates as Maven writes them, <c>group:artifact:packaging[:classifier]:version</c>, or of the pom of
    /// <c>group:artifact:version</c>; null for whatever else.
    /// </summary>
    public static MavenPath? File(string text)
    {
        var parts = text.Split(':');
        if (parts.Length is < 3 or > 5) return null;
        var (artifact, version) = (parts[1], parts[^1]);
        var classifier = parts.Length == 5 ? "-" + parts[3] : "";
        var packaging = parts.Length == 3 ? "pom" : parts[2];
        return MavenPath.TryParse($"{parts[0].Replace('.', '/')}/{artifact}/{version}/{artifact}-{version}{classifier}.{packaging}", out var path) ? path : null;
    }

    private static string Group(string[] parts) => string.Join('.', parts);
}
