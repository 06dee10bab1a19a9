using BitFaster.Caching.Lru;

namespace Larder.Registry.VirtualRegistries;

/// <summary>The rows of registries, remembered for 5 seconds: every download asks.</summary>
public sealed class RegistryDirectory(RegistryStore registries, TimeProvider time)
{
    private const int MostRemembered = 1_000;
    private static readonly TimeSpan Oldest = TimeSpan.FromSeconds(5);
    private readonly ConcurrentLru<long, (VirtualRegistry? Registry, long LoadedAt)> known = new(MostRemembered);

    /// <summary>The registry, or null when there is none.</summary>
    public ValueTask<VirtualRegistry?> FindAsync(long id, CancellationToken cancellationToken) =>
        known.TryGet(id, out var row) && time.GetElapsedTime(row.LoadedAt) < Oldest
            ? ValueTask.FromResult(row.Registry)
            : LoadAsync(id, cancellationToken);

    /// <summary>A registry was made, changed or removed on this node.</summary>
    public void Clear() => known.Clear();

    private async ValueTask<VirtualRegistry?> LoadAsync(long id, CancellationToken cancellationToken)
    {
        var loadedAt = time.GetTimestamp();
        var registry = await registries.FindAsync(id, cancellationToken);
        known.AddOrUpdate(id, (registry, loadedAt));
        return registry;
    }
}
