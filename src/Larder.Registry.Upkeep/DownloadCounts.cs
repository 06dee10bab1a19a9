using System.Collections.Concurrent;
using System.Data.Common;
using Larder.Registry.Data;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Upkeep;

/// <summary>What is counted.</summary>
public enum Downloaded
{
    /// <summary>A package: when it was last downloaded, and how often on each day.</summary>
    Package,

    /// <summary>A cache entry of a virtual registry: how often, and when last.</summary>
    CacheEntry,
}

/// <summary>Counts downloads without writing on the way of one.</summary>
public sealed class DownloadCounts(Database database, TimeProvider time, ILogger<DownloadCounts> logger) : GatheredWrites(time, logger)
{
    // Between two writes; more different files than this in ten seconds are not counted, rather than filling the memory.
    private const int MostCounted = 200_000;

    /// <summary>The <see cref="DateOnly.DayNumber"/> of 1970-01-01: days of rows count from there.</summary>
    public static readonly int DayZero = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

    private static readonly long Day = (long)TimeSpan.FromDays(1).TotalMilliseconds;

    private readonly ConcurrentDictionary<(Downloaded What, long Id), Counter> counters = new();

    /// <summary>One download has begun.</summary>
    public void Count(Downloaded what, long id)
    {
        if (!counters.TryGetValue((what, id), out var counter))
        {
            if (counters.Count >= MostCounted) return;
            counter = counters.GetOrAdd((what, id), _ => new Counter());
        }
        Volatile.Write(ref counter.Last, Time.GetUtcNow().ToUnixTimeMilliseconds());
        Interlocked.Increment(ref counter.Count);
    }

    /// <inheritdoc/>
    protected override string What => "Download counts";

    /// <inheritdoc/>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        var taken = new List<(Downloaded What, long Id, long Count, long Last)>();
        foreach (var (key, counter) in counters)
        {
            var count = Interlocked.Exchange(ref counter.Count, 0);
            if (count > 0) taken.Add((key.What, key.Id, count, Volatile.Read(ref counter.Last)));
            else if (counters.TryRemove(new(key, counter)) && Volatile.Read(ref counter.Count) > 0)
                counters.TryAdd(key, counter); // counted between the look and the removal
        }
        if (taken.Count == 0) return;
        try
        {
            await WriteAsync(taken, cancellationToken);
        }
        catch (Exception e) when (e is DbException or OperationCanceledException)
        {
            foreach (var (what, id, count, _) in taken)
                Interlocked.Add(ref counters.GetOrAdd((what, id), _ => new Counter()).Count, count);
            throw;
        }
    }

    private Task WriteAsync(List<(Downloaded What, long Id, long Count, long Last)> taken, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            // In one order everywhere, so that two nodes cannot lock each other's rows.
            foreach (var (what, id, count, last) in taken.OrderBy(one => (one.What, one.Id)))
            {
                await session.ExecuteAsync(what == Downloaded.Package
                    ? """
                      update packages set last_downloaded_at = @Last
                      where id = @Id and (last_downloaded_at is null or last_downloaded_at < @Last)
                      """
                    : """
                      update maven_cache_entries set downloads_count = downloads_count + @Count,
                        downloaded_at = case when downloaded_at < @Last then @Last else downloaded_at end
                      where id = @Id
                      """, new { Id = id, Count = count, Last = last });
                if (what == Downloaded.Package) await CountDayAsync(session, id, count, last / Day);
            }
        }, cancellationToken);

    // Of the row of the package, which may be gone by now.
    private static Task<int> CountDayAsync(Session session, long id, long count, long day) => session.ExecuteAsync("""
        insert into package_downloads (package_id, day, count)
        select p.id, @Day, @Count from packages p where p.id = @Id
        on conflict (package_id, day) do update set count = package_downloads.count + excluded.count
        """, new { Id = id, Day = day, Count = count });

    private sealed class Counter
    {
        public long Count;
        public long Last;
    }
}
