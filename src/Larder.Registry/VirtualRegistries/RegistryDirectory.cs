using BitFaster.Caching.Lru;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Which group a registry belongs to, remembered for 5 seconds: every download asks.</summary>
public sealed class RegistryDirectory(RegistryStore registries, TimeProvider time)
{
    private const int MostRemembered = 1_000;
    private static readonly TimeSpan Oldest = TimeSpan.FromSeconds(5);
    private readonly ConcurrentLru<long, (long? GroupId, long LoadedAt)> groups = new(MostRemembered);

    /// <summary>The id of the group, or null when there is no such registry.</summary>
    public ValueTask<long?> GroupOfAsync(long registryId, CancellationToken cancellationToken) =>
        groups.TryGet(registryId, out var known) && time.GetElapsedTime(known.LoadedAt) < Oldest
            ? ValueTask.FromResult(known.GroupId)
            : LoadAsync(registryId, cancellationToken);

    /// <summary>A registry was made, changed or removed on this node.</summary>
    public void Clear() => groups.Clear();

    private async ValueTask<long?> LoadAsync(long registryId, CancellationToken cancellationToken)
    {
        var loadedAt = time.GetTimestamp();
        var groupId = (await registries.FindAsync(registryId, cancellationToken))?.GroupId;
        groups.AddOrUpdate(registryId, (groupId, loadedAt));
        return groupId;
    }
}
