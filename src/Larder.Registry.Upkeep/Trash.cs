using Larder.Registry.Data;
using Larder.Storage.Blobs.S3;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Upkeep;

/// <summary>
/// Removes for good what a sweep has put aside in the bucket. By then every upload that may have met the deletion has its row, or
/// never gets one; content that has a row comes back.
/// </summary>
public sealed partial class Trash(
    Database database, S3BlobStore blobs, LarderOptions options, TimeProvider time, ILogger<Trash> logger) : IPeriodicWork
{
    /// <inheritdoc/>
    public string Name => "trash";

    /// <inheritdoc/>
    public string About => "Removes for good what the sweep has put aside in the bucket, after the grace time once more, and puts back what has a row again.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var restored = await blobs.EmptyTrashAsync(time.GetUtcNow().AddHours(-options.BlobGraceHours),
            page => database.ReadAsync(session => BlobRows.KnownAsync(session, page), cancellationToken), cancellationToken);
        if (restored == 0) return null;
        Restored(logger, restored);
        return $"{restored} blobs that were stored again while they were swept put back";
    }

    [LoggerMessage(5012, LogLevel.Information, "Put back {Count} blobs that were stored again while they were swept")]
    private static partial void Restored(ILogger logger, int count);
}
