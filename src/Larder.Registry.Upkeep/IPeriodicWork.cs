namespace Larder.Registry.Upkeep;

/// <summary>
/// Work that is done again and again, by one node at a time. It goes in small steps, each of which may be the last one:
/// a node can stop, or lose its lease, between any two.
/// </summary>
public interface IPeriodicWork
{
    /// <summary>Names its lease. Never changed: nodes of two versions may run side by side.</summary>
    string Name { get; }

    /// <summary>What it does, in a sentence for administrators.</summary>
    string About { get; }

    /// <summary>Time from the end of a run to the next one.</summary>
    TimeSpan Interval { get; }

    /// <summary>One run. Answers what was done, in words for people; null for nothing.</summary>
    /// <param name="cancellationToken">The node stops, or another node has taken over.</param>
    Task<string?> RunAsync(CancellationToken cancellationToken);
}
