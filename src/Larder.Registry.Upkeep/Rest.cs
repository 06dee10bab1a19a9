using System.Diagnostics;

namespace Larder.Registry.Upkeep;

/// <summary>Pauses between two steps of upkeep, so that whoever is served meanwhile hardly notices.</summary>
internal static class Rest
{
    // A step that takes long has waited for a bucket or a database somewhere else: no load of this machine.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(150);

    /// <summary>
    /// Rests so many times as long as the step has taken, but not longer than 150 ms. By real time: it is the load of this machine
    /// that is spared.
    /// </summary>
    /// <param name="began">A timestamp of <see cref="Stopwatch"/> from the beginning of the step.</param>
    /// <param name="perWork">1 makes half of the time work, 3 a quarter.</param>
    /// <param name="cancellationToken">Ends the rest.</param>
    public static Task AfterAsync(long began, int perWork, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromTicks(Math.Min(Longest.Ticks, (Stopwatch.GetElapsedTime(began) * perWork).Ticks)), cancellationToken);
}
