using System.Data.Common;
using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Removes what nobody has downloaded for as long as the policy of its group says. Storing counts as a download. It reads the
/// entries of each upstream once, and deletes in small steps; a node that stops in the middle has done no harm, and the run is
/// begun again.
/// </summary>
public sealed partial class CacheCleanup(
    Database database, CacheCleanupPolicyStore policies, ChangeNotices changes, TimeProvider time, ILogger<CacheCleanup> logger) : IPeriodicWork
{
    // Bounds how long one transaction keeps other writers waiting.
    private const int EntriesPerStep = 250;

    /// <inheritdoc/>
    public string Name => "maven_cache_cleanup";

    /// <inheritdoc/>
    public string About => "Removes cached files that nobody has downloaded for as long as the cleanup policy of their group says.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var due = await policies.DueAsync(cancellationToken);
        var entries = 0L;
        foreach (var policy in due) entries += await RunAsync(policy, cancellationToken);
        return due.Count == 0 ? null : $"{due.Count} policies, {entries} cache entries";
    }

    private async Task<long> RunAsync(CacheCleanupPolicy policy, CancellationToken cancellationToken)
    {
        if (!await policies.BeginAsync(policy, cancellationToken)) return 0;
        var (entries, bytes) = (0L, 0L);
        try
        {
            var upstreams = await database.ReadAsync(session => session.QueryAsync<UpstreamRow>(
                "select id, generation from maven_upstreams where group_id = @GroupId and deleted_at is null", new { policy.GroupId }), cancellationToken);
            var before = time.GetUtcNow().AddDays(-policy.KeepNDaysAfterDownload).ToUnixTimeMilliseconds();
            foreach (var upstream in upstreams)
            {
                for (long? last = 0; last is { } after;)
                {
                    (var sizes, last) = await StepAsync(upstream, after, before, cancellationToken);
                    entries += sizes.Count;
                    bytes += sizes.Sum();
                }
            }
        }
        catch (DbException e)
        {
            await policies.EndAsync(policy, entries, bytes, "the database failed", cancellationToken);
            Failed(logger, e, policy.GroupId);
            return entries;
        }
        changes.Publish(ChangeTopic.VirtualRegistries);
        await policies.EndAsync(policy, entries, bytes, failure: null, cancellationToken);
        if (entries > 0) Cleaned(logger, policy.GroupId, entries, bytes);
        return entries;
    }

    // The sizes of what was deleted, and the entry to go on behind; null at the end.
    private Task<(IReadOnlyList<long> Sizes, long? Last)> StepAsync(UpstreamRow upstream, long after, long before, CancellationToken cancellationToken) =>
        database.WriteAsync<(IReadOnlyList<long>, long?)>(async session =>
        {
            var parameters = new { upstream.Id, upstream.Generation, After = after, Before = before, Limit = EntriesPerStep };
            var old = await session.QueryAsync<long>("""
                select id from maven_cache_entries
                where upstream_id = @Id and generation = @Generation and id > @After and downloaded_at < @Before order by id limit @Limit
                """, parameters);
            if (old.Count == 0) return ([], null);
            // By the same condition, not by their ids: one that was downloaded in between stays.
            var sizes = await session.QueryAsync<long>("""
                delete from maven_cache_entries
                where upstream_id = @Id and generation = @Generation and id > @After and id <= @Last and downloaded_at < @Before returning size
                """, new { upstream.Id, upstream.Generation, After = after, Before = before, Last = old[^1] });
            return (sizes, old[^1]);
        }, cancellationToken);

    private sealed record UpstreamRow(long Id, long Generation);

    [LoggerMessage(4011, LogLevel.Information, "The cleanup policy of group {GroupId} has removed {Entries} cache entries of {Bytes} bytes")]
    private static partial void Cleaned(ILogger logger, long groupId, long entries, long bytes);

    [LoggerMessage(4012, LogLevel.Error, "The cleanup policy of group {GroupId} could not be done")]
    private static partial void Failed(ILogger logger, Exception exception, long groupId);
}
