using System.Collections.Concurrent;
using Larder.Registry.Data;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.VirtualRegistries;

/// <summary>A file of an upstream that one node of all is to ask for.</summary>
/// <param name="UpstreamId">The upstream.</param>
/// <param name="Path">The file.</param>
/// <param name="Generation">The upstream's absence generation: who comes after a change does not wait for who came before it.</param>
public readonly record struct FillKey(long UpstreamId, string Path, long Generation);

/// <summary>
/// One node at a time asks an upstream for a file; the others wait until it has ended, and then find its cache entry. A lease is a
/// row, not a lock: a lock would hold a connection for as long as a download takes. Where one node has the database to itself,
/// nothing is written and nobody waits.
/// </summary>
/// <remarks>
/// What can go wrong costs a second request to the upstream, never a wrong answer: two nodes that do fetch the same file write
/// the same entry. So clocks that disagree, a lost notice and a wait that is too long need no more care than that.
/// </remarks>
public sealed partial class FillLeases : BackgroundService
{
    /// <summary>How long a lease lasts unless it is renewed: how long others wait for a node that has died.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(20);

    /// <summary>How long to wait for another node before asking all the same: a client wants a first byte.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    // For a notice that was lost.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KeepRemains = TimeSpan.FromHours(1);

    private readonly Database database;
    private readonly ChangeNotices changes;
    private readonly TimeProvider time;
    private readonly ILogger<FillLeases> logger;
    private readonly string node = $"{Environment.MachineName}/{Guid.NewGuid():N}";
    private readonly ConcurrentDictionary<FillKey, bool> held = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> waiting = new(StringComparer.Ordinal);

    /// <summary>Holds nothing yet.</summary>
    public FillLeases(Database database, ChangeNotices changes, TimeProvider time, ILogger<FillLeases> logger)
    {
        (this.database, this.changes, this.time, this.logger) = (database, changes, time, logger);
        changes.On(ChangeTopic.FillsEnded, Wake);
    }

    /// <summary>How many files are waited for now.</summary>
    public int Waiting => waiting.Count;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// Takes the lease, after waiting for another node that has it. False when there is nothing to give back: the database is not
    /// shared, or the other node took longer than <see cref="LongestWait"/>.
    /// </summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked now.</exception>
    public async Task<bool> TakeAsync(FillKey key, CancellationToken cancellationToken)
    {
        if (!database.IsShared) return false;
        var begun = time.GetTimestamp();
        do
        {
            // Before the look: who ends after it wakes us.
            var ended = waiting.GetOrAdd(key.Path, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            if (await TryTakeAsync(key))
            {
                waiting.TryRemove(new(key.Path, ended));
                return true;
            }
            try
            {
                await ended.Task.WaitAsync(Look, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Look again.
            }
            finally
            {
                waiting.TryRemove(new(key.Path, ended));
            }
        }
        while (time.GetElapsedTime(begun) < LongestWait);
        WaitedTooLong(logger, key.UpstreamId, key.Path);
        return false;
    }

    /// <summary>The download has ended, whichever way: who waits goes on. Never fails: a lease that is not given back expires.</summary>
    public async Task ReleaseAsync(FillKey key)
    {
        held.TryRemove(key, out _);
        try
        {
            await database.WriteAsync(session => session.ExecuteAsync("""
                delete from maven_fills where upstream_id = @UpstreamId and path = @Path and generation = @Generation and holder = @Node
                """, new { key.UpstreamId, key.Path, key.Generation, Node = node }), CancellationToken.None);
        }
        catch (DatabaseUnavailableException)
        {
            // It has been logged.
        }
        changes.Publish(ChangeTopic.FillsEnded, key.Path);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!database.IsShared) return;
        using var timer = new PeriodicTimer(Duration / 4, time);
        try
        {
            await TryAsync(() => database.WriteAsync(session => session.ExecuteAsync(
                "delete from maven_fills where held_until < @Before", new { Before = Later(-KeepRemains) }), stoppingToken));
            while (await timer.WaitForNextTickAsync(stoppingToken))
                if (!held.IsEmpty) await TryAsync(() => RenewAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task<bool> TryTakeAsync(FillKey key)
    {
        // Not cancelled in the middle: a lease that may be there or not could not be given back.
        var taken = await database.WriteAsync(session => session.ExecuteAsync("""
            insert into maven_fills (upstream_id, path, generation, holder, held_until)
            values (@UpstreamId, @Path, @Generation, @Node, @Until)
            on conflict (upstream_id, path, generation) do update set holder = excluded.holder, held_until = excluded.held_until
              where maven_fills.held_until <= @Now or maven_fills.holder = excluded.holder
            """, new { key.UpstreamId, key.Path, key.Generation, Node = node, Until = Later(Duration), Now }), CancellationToken.None) == 1;
        if (taken) held[key] = true;
        return taken;
    }

    private Task RenewAsync(CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        foreach (var key in held.Keys.OrderBy(key => key.UpstreamId).ThenBy(key => key.Path, StringComparer.Ordinal))
        {
            await session.ExecuteAsync("""
                update maven_fills set held_until = @Until
                where upstream_id = @UpstreamId and path = @Path and generation = @Generation and holder = @Node
                """, new { key.UpstreamId, key.Path, key.Generation, Node = node, Until = Later(Duration) });
        }
    }, cancellationToken);

    private static async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (DatabaseUnavailableException)
        {
            // It has been logged, and will be tried again.
        }
    }

    private void Wake(string path)
    {
        foreach (var key in path.Length > 0 ? [path] : waiting.Keys)
            if (waiting.TryRemove(key, out var ended)) ended.TrySetResult();
    }

    private long Later(TimeSpan span) => (time.GetUtcNow() + span).ToUnixTimeMilliseconds();

    [LoggerMessage(4015, LogLevel.Information, "Another node takes long to fetch {Path} from upstream {UpstreamId}: this one asks too")]
    private static partial void WaitedTooLong(ILogger logger, long upstreamId, string path);
}
