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
            var known = await KnownAsync(old, cancellationToken);
            foreach (var orphan in old.Where(info => !known.Contains(info.Digest.Hex)))
            {
                if (!await blobs.DeleteAsync(orphan.Digest, graceBegan, cancellationToken)) continue;
                count++;
                bytes += orphan.Length;
            }
            old.Clear();
        }
    }

    private Task<HashSet<string>> KnownAsync(List<BlobInfo> infos, CancellationToken cancellationToken) =>
        database.ReadAsync(async session => infos.Count == 0 ? [] : (await session.QueryAsync<string>(
            // Digests are hexadecimal digits: safe as text. The databases share no spelling for a list as a parameter.
            $"select sha256 from blobs where sha256 in ({string.Join(',', infos.Select(info => $"'{info.Digest.Hex}'"))})")).ToHashSet(),
            cancellationToken);

    [LoggerMessage(5011, LogLevel.Information, "Swept {Count} blobs that have no row, {Bytes} bytes")]
    private static partial void Swept(ILogger logger, int count, long bytes);
}
