using BitFaster.Caching.Lru;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Remembers for a short time, on this node only, that an upstream definitely does not have a file. Most requests of Maven
/// clients are for files that do not exist, so these must cost neither an upstream nor a write. A purge, or other credentials,
/// begin a new generation of the upstream, of which nothing is remembered yet.
/// </summary>
public sealed class AbsenceMemory(LarderOptions options, TimeProvider time)
{
    private const int MostRemembered = 100_000;
    private readonly ConcurrentLru<(long UpstreamId, long Generation, string Path), long> until = new(MostRemembered);

    /// <summary>Whether the upstream's "not here" is still good.</summary>
    public bool Remembers(Upstream upstream, MavenPath path) =>
        until.TryGet(Key(upstream, path), out var end) && end > time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The upstream has just said "not here".</summary>
    public void Remember(Upstream upstream, MavenPath path)
    {
        var seconds = path.IsMetadata ? options.Upstreams.MetadataAbsenceSeconds : options.Upstreams.AbsenceSeconds;
        if (seconds > 0) until.AddOrUpdate(Key(upstream, path), time.GetUtcNow().AddSeconds(seconds).ToUnixTimeMilliseconds());
    }

    private static (long UpstreamId, long Generation, string Path) Key(Upstream upstream, MavenPath path) =>
        (upstream.Id, upstream.AbsenceGeneration, path.Value);
}
