using BitFaster.Caching.Lru;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Remembers for a short time, on this node only, that an upstream definitely does not have a file. Most requests of Maven
/// clients are for files that do not exist, so these must cost neither an upstream nor a write.
/// </summary>
public sealed class AbsenceMemory(LarderOptions options, TimeProvider time)
{
    private const int MostRemembered = 100_000;
    private readonly ConcurrentLru<(long UpstreamId, string Path), long> until = new(MostRemembered);

    /// <summary>Whether the upstream's "not here" is still good.</summary>
    public bool Remembers(long upstreamId, MavenPath path) =>
        until.TryGet((upstreamId, path.Value), out var end) && end > time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The upstream has just said "not here".</summary>
    public void Remember(long upstreamId, MavenPath path)
    {
        var seconds = path.IsMetadata ? options.Upstreams.MetadataAbsenceSeconds : options.Upstreams.AbsenceSeconds;
        if (seconds > 0) until.AddOrUpdate((upstreamId, path.Value), time.GetUtcNow().AddSeconds(seconds).ToUnixTimeMilliseconds());
    }

    /// <summary>Forgets everything: an upstream was changed or purged.</summary>
    public void Clear() => until.Clear();
}
