using Larder.Registry.Data;
using Larder.Registry.Upkeep;

namespace Larder.Registry.Packages;

/// <summary>Downloads of a day.</summary>
/// <param name="Day">In UTC.</param>
/// <param name="Count">Those that began.</param>
public sealed record DownloadsOfDay(DateOnly Day, long Count);

/// <summary>How often packages were downloaded on each day, as <see cref="DownloadCounts"/> has written it; older days are forgotten.</summary>
public sealed class PackageDownloads(Database database, TimeProvider time) : IPeriodicWork
{
    private const int RowsPerStep = 1000;

    /// <summary>Days that are kept.</summary>
    public const int Days = 90;

    /// <inheritdoc/>
    public string Name => "package_downloads_expiry";

    /// <inheritdoc/>
    public string About => "Forgets download counts of days that no chart shows any more.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromDays(1);

    private int Today => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).DayNumber;

    /// <summary>The last <paramref name="days"/> days, the oldest first, today last; days without a download too.</summary>
    public async Task<IReadOnlyList<DownloadsOfDay>> OfPackageAsync(long packageId, int days, CancellationToken cancellationToken)
    {
        var first = Today - days + 1;
        var rows = await database.ReadAsync(session => session.QueryAsync<Row>(
            "select day, count from package_downloads where package_id = @PackageId and day >= @First",
            new { PackageId = packageId, First = (long)(first - DownloadCounts.DayZero) }), cancellationToken);
        var counts = rows.ToDictionary(row => row.Day, row => row.Count);
        return [.. Enumerable.Range(first, days).Select(day =>
            new DownloadsOfDay(DateOnly.FromDayNumber(day), counts.GetValueOrDefault(day - DownloadCounts.DayZero)))];
    }

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var before = (long)(Today - Days - DownloadCounts.DayZero);
        while (await database.WriteAsync(session => session.ExecuteAsync("""
            delete from package_downloads where (package_id, day) in (
              select package_id, day from package_downloads where day < @Before order by day limit @Limit)
            """, new { Before = before, Limit = RowsPerStep }), cancellationToken) == RowsPerStep) await Task.Yield();
        return null;
    }

    private sealed record Row(long Day, long Count);
}
