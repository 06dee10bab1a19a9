using Larder.Registry.Data;
using Larder.Storage.Blobs;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Upkeep;

/// <summary>
/// Removes bytes that have no row: what a killed node had stored and not yet named, or had unnamed and not yet removed.
/// They are known only to the store, so its whole listing is compared with the rows, once a day.
/// </summary>
public sealed partial class OrphanSweep(
    Database database, IBlobStore blobs, LarderOptions options, TimeProvider time, ILogger<OrphanSweep> logger) : IPeriodicWork
{
    private const int BlobsPerLook = 500;

    /// <inheritdoc/>
    public string Name => "orphan_sweep";

    /// <inheritdoc/>
    public string About => "Compares all that is stored with the rows and removes bytes that never got one, after the grace time.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        // Before it their row would have come, or never comes.
        var graceBegan = time.GetUtcNow().AddHours(-options.BlobGraceHours);
        var old = new List<BlobInfo>(BlobsPerLook);
        var (count, bytes) = (0, 0L);
        await foreach (var info in blobs.ListAsync(cancellationToken))
        {
            if (info.WrittenAt < graceBegan) old.Add(info);
            if (old.Count == BlobsPerLook) await RemoveAsync();
        }
        await RemoveAsync();
        if (count == 0) return null;
        Swept(logger, count, bytes);
        return $"{count} blobs that have no row, {bytes} bytes";

        async Task RemoveAsync()
        {
            var known = await database.ReadAsync(session => BlobRows.KnownAsync(session, old.Select(info => info.Digest)), cancellationToken);
            foreach (var orphan in old.Where(info => !known.Contains(info.Digest)))
            {
                if (!await blobs.DeleteAsync(orphan.Digest, graceBegan, cancellationToken)) continue;
                count++;
                bytes += orphan.Length;
            }
            old.Clear();
        }
    }

    [LoggerMessage(5011, LogLevel.Information, "Swept {Count} blobs that have no row, {Bytes} bytes")]
    private static partial void Swept(ILogger logger, int count, long bytes);
}
