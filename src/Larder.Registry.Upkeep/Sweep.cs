using System.Diagnostics;
using Larder.Registry.Data;
using Larder.Storage.Blobs;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Upkeep;

/// <summary>
/// Removes what was deleted: the rows of deleted packages and files, and after a grace period the bytes that no row names.
/// <para>
/// An upload stores bytes first and its row second, so bytes without a row may be about to get one. Three things keep the
/// sweep from taking them: a row that is stored ends the grace of its bytes, in the same transaction; only a row whose grace
/// is over is removed, by a statement that looks once more whether anybody names it; and its bytes are removed only if they
/// were not written again since the grace began.
/// </para>
/// </summary>
public sealed partial class Sweep(
    Database database, IBlobStore blobs, LarderOptions options, TimeProvider time, ILogger<Sweep> logger) : IPeriodicWork
{
    // Short steps with long rests: of a hundred downloads meanwhile not even the slowest notices. A million blobs take two hours.
    private const int RowsPerStep = 20;
    private const int RowsPerLook = 500;
    private const int RestPerWork = 60;

    /// <inheritdoc/>
    public string Name => "sweep";

    /// <inheritdoc/>
    public string About => "Removes the rows of what was deleted and, after the grace time, the bytes that nothing names any more.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        await RemoveDeletedRowsAsync(cancellationToken);
        await NoteUnusedAsync(cancellationToken);
        var (count, bytes) = await RemoveUnusedAsync(cancellationToken);
        if (count == 0) return null;
        Swept(logger, count, bytes);
        return $"{count} blobs that nothing names, {bytes} bytes";
    }

    private async Task RemoveDeletedRowsAsync(CancellationToken cancellationToken)
    {
        foreach (var step in new[]
        {
            "delete from package_files where id in (select id from package_files where status = 'pending_destruction' limit @Limit)",
            """
            delete from package_files where id in (
              select f.id from packages p join package_files f on f.package_id = p.id where p.status = 'pending_destruction' limit @Limit)
            """,
            """
            delete from packages where id in (
              select p.id from packages p where p.status = 'pending_destruction'
                and not exists (select 1 from package_files f where f.package_id = p.id) limit @Limit)
            """,
        })
        {
            while (true)
            {
                var began = Stopwatch.GetTimestamp();
                var removed = await database.WriteAsync(session => session.ExecuteAsync(step, new { Limit = RowsPerStep }), cancellationToken);
                if (removed < RowsPerStep) break;
                await Rest.AfterAsync(began, RestPerWork, cancellationToken);
            }
        }
    }

    // Looking is reading, in pages; only what changes is written.
    private async Task NoteUnusedAsync(CancellationToken cancellationToken)
    {
        for (var last = ""; ;)
        {
            var (after, began) = (last, Stopwatch.GetTimestamp());
            var page = await database.ReadAsync(session => session.QueryAsync<LookedAt>($"""
                select b.sha256, b.unused_since, case when {BlobRows.IsUsed} then 1 else 0 end as used
                from blobs b where b.sha256 > @After order by b.sha256 limit @Limit
                """, new { After = after, Limit = RowsPerLook }), cancellationToken);
            var changed = page.Where(row => row.Used == (row.UnusedSince is null ? 0 : 1)).ToList();
            if (changed.Count > 0) await database.WriteAsync(session => NoteAsync(session, changed), cancellationToken);
            if (page.Count < RowsPerLook) return;
            last = page[^1].Sha256;
            await Rest.AfterAsync(began, RestPerWork, cancellationToken);
        }
    }

    private async Task NoteAsync(Session session, List<LookedAt> changed)
    {
        foreach (var row in changed)
        {
            await session.ExecuteAsync($"""
                update blobs as b set unused_since = case when {BlobRows.IsUsed} then null else coalesce(b.unused_since, @Now) end
                where b.sha256 = @Sha256
                """, new { row.Sha256, Now = time.GetUtcNow().ToUnixTimeMilliseconds() });
        }
    }

    private async Task<(int Count, long Bytes)> RemoveUnusedAsync(CancellationToken cancellationToken)
    {
        var (count, bytes) = (0, 0L);
        while (true)
        {
            var began = Stopwatch.GetTimestamp();
            var graceBegan = time.GetUtcNow().AddHours(-options.BlobGraceHours);
            // One statement looks and removes: a row that somebody stores meanwhile is young again, or is named.
            var removed = await database.WriteAsync(session => session.QueryAsync<Removed>($"""
                delete from blobs as b where b.sha256 in (select sha256 from blobs where unused_since < @Before limit @Limit)
                  and b.unused_since < @Before and not {BlobRows.IsUsed}
                returning sha256, length
                """, new { Before = graceBegan.ToUnixTimeMilliseconds(), Limit = RowsPerStep }), cancellationToken);
            foreach (var row in removed)
            {
                // What is left here when the node is killed is an orphan, which the daily sweep finds.
                if (!await blobs.DeleteAsync(Sha256.Parse(row.Sha256), graceBegan, cancellationToken)) continue;
                count++;
                bytes += row.Length;
            }
            if (removed.Count < RowsPerStep) return (count, bytes);
            await Rest.AfterAsync(began, RestPerWork, cancellationToken);
        }
    }

    private sealed class LookedAt
    {
        public string Sha256 { get; init; } = "";
        public long? UnusedSince { get; init; }
        public long Used { get; init; }
    }

    private sealed record Removed(string Sha256, long Length);

    [LoggerMessage(5010, LogLevel.Information, "Swept {Count} blobs that nothing names, {Bytes} bytes")]
    private static partial void Swept(ILogger logger, int count, long bytes);
}
