namespace Larder.Registry.VirtualRegistries;

/// <summary>How long a copy needs no asking: GitLab's two validities, 0 meaning for ever.</summary>
public static class Freshness
{
    /// <summary>Unix milliseconds until which a copy that the upstream confirmed at <paramref name="checkedAt"/> is fresh.</summary>
    public static long Until(Upstream upstream, MavenPath path, long checkedAt)
    {
        var hours = path.IsMetadata ? upstream.MetadataCacheValidityHours : upstream.CacheValidityHours;
        return hours == 0 ? long.MaxValue : checkedAt + (hours * 3_600_000);
    }
}
