using System.Diagnostics;

namespace Larder.Testing;

/// <summary>Waits for what goes on beside a test: for a condition, never for a time.</summary>
public static class Eventually
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>Looks until it is so.</summary>
    /// <exception cref="TimeoutException">It has not become so within a minute of real time: it does not come.</exception>
    public static Task UntilAsync(Func<bool> isSo) => UntilAsync(() => Task.FromResult(isSo()));

    /// <summary>The same for a condition that has to be asked for.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var began = Stopwatch.GetTimestamp(); !await isSo();)
        {
            if (Stopwatch.GetElapsedTime(began) > Bound) throw new TimeoutException("What the test waits for did not come within a minute.");
            await Task.Yield();
        }
    }
}
