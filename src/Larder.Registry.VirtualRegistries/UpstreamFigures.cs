using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.VirtualRegistries;

/// <summary>What registries have done with an upstream on a day, or on several together.</summary>
/// <param name="UpstreamId">The upstream; 0 for several.</param>
/// <param name="Day">Days since 1970-01-01, UTC; 0 for several.</param>
/// <param name="Hits">Answers from its cache.</param>
/// <param name="HitBytes">Bytes of those answers, which it did not have to send.</param>
/// <param name="Streamed">Answers that followed a download from it.</param>
/// <param name="Sent">Requests for files.</param>
/// <param name="Avoided">Requests that were not sent: the answer was known or on its way, or its host was left alone.</param>
/// <param name="Failed">Requests that came to nothing.</param>
/// <param name="FetchedBytes">Bytes that it sent.</param>
public sealed record UpstreamDay(
    long UpstreamId, long Day, long Hits, long HitBytes, long Streamed, long Sent, long Avoided, long Failed, long FetchedBytes)
{
    /// <summary>The share of answers that came from the cache, 0 to 1; null where there were none.</summary>
    public double? HitRate => Hits + Streamed == 0 ? null : (double)Hits / (Hits + Streamed);

    /// <summary>Several together.</summary>
    public static UpstreamDay Sum(IEnumerable<UpstreamDay> days) => days.Aggregate(new UpstreamDay(0, 0, 0, 0, 0, 0, 0, 0, 0), (sum, day) => new(0, 0,
        sum.Hits + day.Hits, sum.HitBytes + day.HitBytes, sum.Streamed + day.Streamed, sum.Sent + day.Sent, sum.Avoided + day.Avoided,
        sum.Failed + day.Failed, sum.FetchedBytes + day.FetchedBytes));
}

/// <summary>
/// Counts what registries do with each upstream, without writing on the way of a request: the figures of all nodes add up in one row
/// for each upstream and day, at most ten seconds late.
/// </summary>
public sealed class UpstreamFigures(Database database, TimeProvider time, ILogger<UpstreamFigures> logger) : GatheredWrites(time, logger)
{
    /// <summary>How many days are kept.</summary>
    public const int DaysKept = 400;

    private static readonly long DayMilliseconds = (long)TimeSpan.FromDays(1).TotalMilliseconds;
    private readonly ConcurrentDictionary<(long UpstreamId, long Day), Counter> counters = new();

    /// <summary>Today.</summary>
    public long Today => Time.GetUtcNow().ToUnixTimeMilliseconds() / DayMilliseconds;

    /// <inheritdoc/>
    protected override string What => "Figures of upstreams";

    /// <summary>An answer came from the cache, with so many bytes of the file.</summary>
    public void CountHit(long upstreamId, long bytes)
    {
        var counter = Of(upstreamId);
        Interlocked.Increment(ref counter.Hits);
        Interlocked.Add(ref counter.HitBytes, bytes);
    }

    /// <summary>An answer followed a download.</summary>
    public void CountStreamed(long upstreamId) => Interlocked.Increment(ref Of(upstreamId).Streamed);

    /// <summary>A request was answered, with so many bytes of a file.</summary>
    public void CountSent(long upstreamId, long bytes = 0)
    {
        var counter = Of(upstreamId);
        Interlocked.Increment(ref counter.Sent);
        Interlocked.Add(ref counter.FetchedBytes, bytes);
    }

    /// <summary>A request was sent and came to nothing.</summary>
    public void CountFailed(long upstreamId)
    {
        var counter = Of(upstreamId);
        Interlocked.Increment(ref counter.Sent);
        Interlocked.Increment(ref counter.Failed);
    }

    /// <summary>A request was not sent.</summary>
    public void CountAvoided(long upstreamId) => Interlocked.Increment(ref Of(upstreamId).Avoided);

    /// <summary>The last days of some upstreams, today included; a day without anything has no row.</summary>
    public Task<IReadOnlyList<UpstreamDay>> OfAsync(IReadOnlyCollection<long> upstreamIds, int days, CancellationToken cancellationToken) =>
        upstreamIds.Count == 0 ? Task.FromResult<IReadOnlyList<UpstreamDay>>([]) : database.ReadAsync(session => session.QueryAsync<UpstreamDay>($"""
            select upstream_id, day, hits, hit_bytes, streamed, sent, avoided, failed, fetched_bytes from maven_upstream_days
            where upstream_id in ({string.Join(',', upstreamIds.Select(id => id.ToString(CultureInfo.InvariantCulture)))}) and day > @Before order by day, upstream_id
            """, new { Before = Today - days }), cancellationToken);

    /// <summary>Removes days that are older than <see cref="DaysKept"/>.</summary>
    internal Task ForgetOldAsync(CancellationToken cancellationToken) => database.WriteAsync(
        session => session.ExecuteAsync("delete from maven_upstream_days where day <= @Before", new { Before = Today - DaysKept }), cancellationToken);

    /// <inheritdoc/>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        var taken = new List<UpstreamDay>();
        foreach (var (key, counter) in counters)
        {
            if (counter.Take(key.UpstreamId, key.Day) is { } day) taken.Add(day);
            else if (key.Day < Today && counters.TryRemove(new(key, counter)) && counter.Take(key.UpstreamId, key.Day) is { } late) taken.Add(late);
        }
        if (taken.Count == 0) return;
        try
        {
            await WriteAsync(taken, cancellationToken);
        }
        catch (Exception e) when (e is DbException or OperationCanceledException)
        {
            foreach (var day in taken) counters.GetOrAdd((day.UpstreamId, day.Day), _ => new Counter()).GiveBack(day);
            throw;
        }
    }

    // Of an upstream that is there: it may have been removed meanwhile. In one order everywhere, so that two nodes cannot lock each
    // other's rows.
    private Task WriteAsync(List<UpstreamDay> taken, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        foreach (var day in taken.OrderBy(day => (day.UpstreamId, day.Day)))
        {
            await session.ExecuteAsync("""
                insert into maven_upstream_days (upstream_id, day, hits, hit_bytes, streamed, sent, avoided, failed, fetched_bytes)
                select u.id, @Day, @Hits, @HitBytes, @Streamed, @Sent, @Avoided, @Failed, @FetchedBytes from maven_upstreams u where u.id = @UpstreamId
                on conflict (upstream_id, day) do update set hits = maven_upstream_days.hits + excluded.hits,
                  hit_bytes = maven_upstream_days.hit_bytes + excluded.hit_bytes, streamed = maven_upstream_days.streamed + excluded.streamed,
                  sent = maven_upstream_days.sent + excluded.sent, avoided = maven_upstream_days.avoided + excluded.avoided,
                  failed = maven_upstream_days.failed + excluded.failed, fetched_bytes = maven_upstream_days.fetched_bytes + excluded.fetched_bytes
                """, day);
        }
    }, cancellationToken);

    private Counter Of(long upstreamId) => counters.GetOrAdd((upstreamId, Today), static _ => new Counter());

    private sealed class Counter
    {
        public long Hits;
        public long HitBytes;
        public long Streamed;
        public long Sent;
        public long Avoided;
        public long Failed;
        public long FetchedBytes;

        // Null: nothing was counted since the last time.
        public UpstreamDay? Take(long upstreamId, long day)
        {
            var taken = new UpstreamDay(upstreamId, day, Exchange(ref Hits), Exchange(ref HitBytes), Exchange(ref Streamed), Exchange(ref Sent),
                Exchange(ref Avoided), Exchange(ref Failed), Exchange(ref FetchedBytes));
            return taken == new UpstreamDay(upstreamId, day, 0, 0, 0, 0, 0, 0, 0) ? null : taken;
        }

        public void GiveBack(UpstreamDay day)
        {
            Interlocked.Add(ref Hits, day.Hits);
            Interlocked.Add(ref HitBytes, day.HitBytes);
            Interlocked.Add(ref Streamed, day.Streamed);
            Interlocked.Add(ref Sent, day.Sent);
            Interlocked.Add(ref Avoided, day.Avoided);
            Interlocked.Add(ref Failed, day.Failed);
            Interlocked.Add(ref FetchedBytes, day.FetchedBytes);
        }

        private static long Exchange(ref long value) => Interlocked.Exchange(ref value, 0);
    }
}
