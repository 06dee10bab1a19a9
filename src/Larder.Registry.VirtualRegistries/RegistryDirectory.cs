using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>The rows of registries, remembered for 5 seconds: every download asks.</summary>
public sealed class RegistryDirectory
{
    private readonly RegistryStore registries;
    private readonly ShortMemory<long, VirtualRegistry> known;

    /// <summary>Remembers nothing yet.</summary>
    public RegistryDirectory(RegistryStore registries, ChangeNotices changes, TimeProvider time)
    {
        this.registries = registries;
        known = new(capacity: 1_000, time);
        changes.On(ChangeTopic.VirtualRegistries, _ => known.Forget());
    }

    /// <summary>The registry, or null when there is none.</summary>
    public ValueTask<VirtualRegistry?> FindAsync(long id, CancellationToken cancellationToken) =>
        known.GetAsync(id, registries, static (registries, id, token) => registries.FindAsync(id, token), cancellationToken);
}
