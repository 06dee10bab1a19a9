using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
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
    private readonly ConcurrentLru<(long UpstreamId, long Generation, UInt128 Path), long> until = new(MostRemembered);

    /// <summary>Whether the upstream's "not here" is still good.</summary>
    public bool Remembers(Upstream upstream, MavenPath path) => Until(upstream, path) > time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Until when (Unix milliseconds) the upstream's "not here" is good; 0 where it has not said so.</summary>
    public long Until(Upstream upstream, MavenPath path) => until.TryGet(Key(upstream, path), out var end) ? end : 0;

    /// <summary>The upstream has just said "not here".</summary>
    public void Remember(Upstream upstream, MavenPath path)
    {
        var seconds = path.IsMetadata ? options.Upstreams.MetadataAbsenceSeconds : options.Upstreams.AbsenceSeconds;
        if (seconds > 0) until.AddOrUpdate(Key(upstream, path), time.GetUtcNow().AddSeconds(seconds).ToUnixTimeMilliseconds());
    }

    // A digest of the path: whoever may download may make up as many long paths as are remembered.
    private static (long UpstreamId, long Generation, UInt128 Path) Key(Upstream upstream, MavenPath path)
    {
        Span<byte> bytes = stackalloc byte[MavenPath.LongestPath]; // ASCII
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..Encoding.ASCII.GetBytes(path.Value, bytes)], digest);
        return (upstream.Id, upstream.AbsenceGeneration, BinaryPrimitives.ReadUInt128LittleEndian(digest));
    }
}
