using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Removes in small steps what counts for nobody any more: rows of earlier generations, whole upstreams that were deleted, and
/// remembered absences that have expired.
/// </summary>
public sealed partial class UpstreamRemains(Database database, UpstreamFigures figures, TimeProvider time, ILogger<UpstreamRemains> logger) : IPeriodicWork
{
    // Bounds how long one transaction keeps other writers waiting.
    private const int RowsPerStep = 500;

    // A download that was begun before the change may be writing its row just now: look once more before calling it done.
    private static readonly TimeSpan LongestSave = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public string Name => "maven_upstream_remains";

    /// <inheritdoc/>
    public string About => "Removes the rows of emptied caches and deleted upstreams, and what was remembered of missing files for too long.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var upstreams = await database.ReadAsync(session => session.QueryAsync<UpstreamRow>(
            "select id, generation, absence_generation, remains_since, deleted_at from maven_upstreams order by id"), cancellationToken);
        var rows = 0L;
        foreach (var upstream in upstreams)
        {
            rows += await RemoveAbsencesAsync(upstream, cancellationToken);
            if (upstream.RemainsSince is not { } since) continue;
            rows += await RemoveEntriesAsync(upstream, cancellationToken);
            rows += await RemoveArtifactsAsync(upstream, cancellationToken);
            if (since <= (time.GetUtcNow() - LongestSave).ToUnixTimeMilliseconds()) await FinishAsync(upstream, cancellationToken);
        }
        await figures.ForgetOldAsync(cancellationToken);
        if (rows == 0) return null;
        Removed(logger, rows);
        return $"{rows} rows of purged and deleted upstreams and of absences that have expired";
    }

    private async Task<long> RemoveEntriesAsync(UpstreamRow upstream, CancellationToken cancellationToken)
    {
        var rows = 0L;
        for (var step = RowsPerStep; step == RowsPerStep; rows += step)
        {
            step = await database.WriteAsync(session => session.ExecuteAsync("""
                delete from maven_cache_entries where id in (
                  select id from maven_cache_entries where upstream_id = @Id and generation < @Generation limit @Limit)
                """, new { upstream.Id, upstream.Generation, Limit = RowsPerStep }), cancellationToken);
        }
        return rows;
    }

    private Task<long> RemoveArtifactsAsync(UpstreamRow upstream, CancellationToken cancellationToken) => WalkAsync(
        "maven_supplied_artifacts", "artifact", "generation < @Generation", upstream, upstream.Generation, cancellationToken);

    private Task<long> RemoveAbsencesAsync(UpstreamRow upstream, CancellationToken cancellationToken) => WalkAsync(
        "maven_absences", "relative_path", "(generation < @Generation or until < @Now)", upstream, upstream.AbsenceGeneration, cancellationToken);

    // Along the primary key, so that every row is looked at once.
    private async Task<long> WalkAsync(
        string table, string key, string condition, UpstreamRow upstream, long generation, CancellationToken cancellationToken)
    {
        var (rows, after) = (0L, "");
        while (true)
        {
            var from = after;
            var parameters = new { upstream.Id, Generation = generation, Now = time.GetUtcNow().ToUnixTimeMilliseconds(), After = from, Limit = RowsPerStep };
            var keys = await database.ReadAsync(session => session.QueryAsync<string>(
                $"select {key} from {table} where upstream_id = @Id and {key} > @After and {condition} order by {key} limit @Limit", parameters), cancellationToken);
            if (keys.Count == 0) return rows;
            after = keys[^1];
            rows += await database.WriteAsync(session => session.ExecuteAsync(
                $"delete from {table} where upstream_id = @Id and {key} > @After and {key} <= @Last and {condition}",
                new { parameters.Id, parameters.Generation, parameters.Now, parameters.After, Last = keys[^1] }), cancellationToken);
        }
    }

    private Task FinishAsync(UpstreamRow upstream, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        if (upstream.DeletedAt is null)
        {
            await session.ExecuteAsync("update maven_upstreams set remains_since = null where id = @Id and remains_since = @RemainsSince", upstream);
            return;
        }
        await session.ExecuteAsync("delete from maven_upstream_rules where upstream_id = @Id", upstream);
        await session.ExecuteAsync("delete from maven_upstreams where id = @Id", upstream);
    }, cancellationToken);

    private sealed record UpstreamRow(long Id, long Generation, long AbsenceGeneration, long? RemainsSince, long? DeletedAt);

    [LoggerMessage(4013, LogLevel.Information, "Removed {Rows} rows of purged and deleted upstreams and of absences that have expired")]
    private static partial void Removed(ILogger logger, long rows);
}
