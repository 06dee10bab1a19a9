using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>The rows of registries, remembered for 5 seconds: every download asks.</summary>
public sealed class RegistryDirectory(RegistryStore registries, TimeProvider time)
{
    private readonly ShortMemory<long, VirtualRegistry> known = new(capacity: 1_000, time);

    /// <summary>The registry, or null when there is none.</summary>
    public ValueTask<VirtualRegistry?> FindAsync(long id, CancellationToken cancellationToken) =>
        known.GetAsync(id, registries, static (registries, id, token) => registries.FindAsync(id, token), cancellationToken);

    /// <summary>A registry was made, changed or removed on this node.</summary>
    public void Clear() => known.Forget();
}
