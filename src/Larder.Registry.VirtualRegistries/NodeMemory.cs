namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Everything that this node remembers of virtual registries, dropped together when one of them is managed here: what was
/// changed counts for the next download. Other nodes notice within the seconds that their memories last.
/// </summary>
public sealed class NodeMemory(RegistryDirectory directory, HitMemory hits)
{
    /// <summary>A registry, an upstream or its rules, or which upstreams a registry has has changed. Call it after the commit.</summary>
    public void Forget()
    {
        directory.Clear();
        hits.Clear();
    }

    /// <summary>The entry of one path has changed.</summary>
    public void Forget(MavenPath path) => hits.Forget(path);
}
