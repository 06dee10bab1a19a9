using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Keeps the cached files of a group within its limit: its policy's, or <c>Larder:VirtualRegistries:CacheBytesPerGroup</c>. What
/// was downloaded least recently goes first, until a tenth of the limit is free again. Content that several groups hold
/// counts for each of them.
/// </summary>
/// <remarks>
/// Looking is reading, in pages along an index; nothing is sorted. One walk sums the sizes by the hour of their last
/// download, which says from which hour on files stay; a second one deletes what is older, in small steps.
/// </remarks>
public sealed partial class CacheEviction(
    Database database, LarderOptions options, ChangeNotices changes, ILogger<CacheEviction> logger) : IPeriodicWork
{
    private const int EntriesPerLook = 1000;
    private const int EntriesPerStep = 250; // bounds how long one transaction keeps other writers waiting
    private const long Hour = 3_600_000;

    /// <inheritdoc/>
    public string Name => "maven_cache_eviction";

    /// <inheritdoc/>
    public string About => "Keeps the cache of each group within its limit: what was downloaded least recently goes first.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var limits = await database.ReadAsync(session => session.QueryAsync<GroupLimit>("""
            select u.group_id, coalesce(max(p.cache_size_limit), @Default) as bytes
            from maven_upstreams u left join virtual_registry_cleanup_policies p on p.group_id = u.group_id
            where u.deleted_at is null group by u.group_id order by u.group_id
            """, new { Default = options.VirtualRegistries.CacheBytesPerGroup }), cancellationToken);
        var (entries, bytes) = (0L, 0L);
        foreach (var limit in limits.Where(limit => limit.Bytes > 0))
        {
            if (await RunAsync(limit, cancellationToken) is not { } evicted) continue;
            entries += evicted.Entries;
            bytes += evicted.Bytes;
        }
        return entries == 0 ? null : $"{entries} cache entries of {bytes} bytes, of caches over their limit";
    }

    private async Task<Evicting?> RunAsync(GroupLimit limit, CancellationToken cancellationToken)
    {
        var upstreams = await database.ReadAsync(session => session.QueryAsync<UpstreamRow>(
            "select id, generation from maven_upstreams where group_id = @GroupId and deleted_at is null order by id", limit), cancellationToken);
        var byHour = new SortedDictionary<long, long>();
        foreach (var upstream in upstreams)
        {
            await foreach (var entry in EntriesAsync(upstream, cancellationToken))
                byHour[entry.DownloadedAt / Hour] = byHour.GetValueOrDefault(entry.DownloadedAt / Hour) + entry.Size;
        }
        var held = byHour.Values.Sum();
        if (held <= limit.Bytes) return null;
        var excess = held - (limit.Bytes / 10 * 9);
        var (last, before) = (0L, 0L); // the hour that goes in part, and what goes of earlier ones
        foreach (var (hour, size) in byHour)
        {
            last = hour;
            if (before + size >= excess) break;
            before += size;
        }
        var evicted = new Evicting(last, excess - before);
        foreach (var upstream in upstreams) await EvictAsync(upstream, evicted, cancellationToken);
        changes.Publish(ChangeTopic.VirtualRegistries);
        Evicted(logger, limit.GroupId, evicted.Entries, evicted.Bytes);
        return evicted;
    }

    private async Task EvictAsync(UpstreamRow upstream, Evicting evicted, CancellationToken cancellationToken)
    {
        var going = new List<EntryRow>(EntriesPerStep);
        await foreach (var entry in EntriesAsync(upstream, cancellationToken))
        {
            if (!evicted.Takes(entry)) continue;
            going.Add(entry);
            if (going.Count == EntriesPerStep) await DeleteAsync();
        }
        await DeleteAsync();

        async Task DeleteAsync()
        {
            if (going.Count == 0) return;
            // Numbers: safe as text. One that was downloaded in between stays.
            var sizes = await database.WriteAsync(session => session.QueryAsync<long>($"""
                delete from maven_cache_entries where id in ({string.Join(',', going.Select(entry => entry.Id))})
                  and downloaded_at < @Before and generation = @Generation returning size
                """, new { Before = (evicted.LastHour + 1) * Hour, upstream.Generation }), cancellationToken);
            evicted.Entries += sizes.Count;
            evicted.Bytes += sizes.Sum();
            going.Clear();
        }
    }

    private async IAsyncEnumerable<EntryRow> EntriesAsync(
        UpstreamRow upstream, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long last = 0; ;)
        {
            var after = last;
            var page = await database.ReadAsync(session => session.QueryAsync<EntryRow>("""
                select id, size, downloaded_at from maven_cache_entries
                where upstream_id = @Id and generation = @Generation and id > @After order by id limit @Limit
                """, new { upstream.Id, upstream.Generation, After = after, Limit = EntriesPerLook }), cancellationToken);
            foreach (var entry in page) yield return entry;
            if (page.Count < EntriesPerLook) yield break;
            last = page[^1].Id;
        }
    }

    private sealed record EntryRow(long Id, long Size, long DownloadedAt);

    private sealed record UpstreamRow(long Id, long Generation);

    // Properties, not a constructor: a computed column has no type on SQLite while there is no row.
    private sealed class GroupLimit
    {
        public long GroupId { get; init; }
        public long Bytes { get; init; }
    }

    /// <summary>Which entries go: those of hours before the last one, and of that as many bytes as are left to free.</summary>
    private sealed class Evicting(long lastHour, long bytesOfLastHour)
    {
        private long left = bytesOfLastHour;

        public long LastHour => lastHour;
        public long Entries { get; set; }
        public long Bytes { get; set; }

        public bool Takes(EntryRow entry)
        {
            var hour = entry.DownloadedAt / Hour;
            if (hour != lastHour || left <= 0) return hour < lastHour;
            left -= entry.Size;
            return true;
        }
    }

    [LoggerMessage(4014, LogLevel.Information, "The cache of group {GroupId} was over its limit: {Entries} entries of {Bytes} bytes were removed")]
    private static partial void Evicted(ILogger logger, long groupId, long entries, long bytes);
}
