using BitFaster.Caching.Lru;
using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>A file that a registry answers from its cache, with the headers that every such answer carries.</summary>
public sealed class Hit(CacheEntry entry, long freshUntil)
{
    /// <summary>The copy.</summary>
    public CacheEntry Entry { get; } = entry;

    /// <summary>Unix milliseconds until which it needs no asking.</summary>
    public long FreshUntil { get; } = freshUntil;

    /// <summary>The instant the file was cached: its <c>Last-Modified</c>.</summary>
    public DateTimeOffset CachedAt { get; } = Http.ApiJson.Instant(entry.CreatedAt);

    /// <summary>The strong validator.</summary>
    public string EntityTag { get; } = $"\"{entry.Blob.Digests.Sha256}\"";

    internal long LoadedAt { get; set; }
    internal int Stamp { get; set; }
}

/// <summary>
/// The files that a registry has lately answered from its cache: a hot download finds its row here and asks no database.
/// A change drops it, on whichever node; where that notice is lost, 5 seconds are the most that it lasts.
/// </summary>
public sealed class HitMemory
{
    private const int MostHits = 20_000;
    private static readonly TimeSpan Oldest = TimeSpan.FromSeconds(5);

    // A change bumps the stamp of its path; a hit that was looked up before carries an older stamp and is void. So a
    // lookup that runs beside the change cannot bring the old row back.
    private readonly int[] stamps = new int[4096];
    private readonly ConcurrentLru<(long RegistryId, string Path), Hit> hits = new(MostHits);
    private readonly TimeProvider time;

    /// <summary>Remembers nothing yet.</summary>
    public HitMemory(ChangeNotices changes, TimeProvider time)
    {
        this.time = time;
        changes.On(ChangeTopic.VirtualRegistries, _ => Clear());
        changes.On(ChangeTopic.CachedFiles, path =>
        {
            if (path.Length == 0) Clear();
            else Interlocked.Increment(ref stamps[Index(path)]);
        });
    }

    /// <summary>The hit, if it was remembered, is young and still fresh.</summary>
    public Hit? Find(long registryId, MavenPath path)
    {
        if (!hits.TryGet((registryId, path.Value), out var hit)) return null;
        return hit.Stamp == Stamp(path) && time.GetElapsedTime(hit.LoadedAt) < Oldest
            && hit.FreshUntil > time.GetUtcNow().ToUnixTimeMilliseconds() ? hit : null;
    }

    /// <summary>The stamp to take before looking up the row, for <see cref="Remember"/>.</summary>
    public int Stamp(MavenPath path) => Volatile.Read(ref stamps[Index(path.Value)]);

    /// <summary>Remembers what was looked up under <paramref name="stamp"/>.</summary>
    public void Remember(long registryId, MavenPath path, Hit hit, int stamp)
    {
        hit.Stamp = stamp;
        hit.LoadedAt = time.GetTimestamp();
        hits.AddOrUpdate((registryId, path.Value), hit);
    }

    private void Clear()
    {
        for (var i = 0; i < stamps.Length; i++) Interlocked.Increment(ref stamps[i]);
        hits.Clear();
    }

    private int Index(string path) => (int)((uint)string.GetHashCode(path, StringComparison.Ordinal) % (uint)stamps.Length);
}
