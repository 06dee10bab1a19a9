using Larder.Storage.Blobs.S3;

namespace Larder.Registry.Upkeep;

/// <summary>Ends uploads in parts to the bucket that a killed node has left behind: their parts cost room and are not listed.</summary>
public sealed class AbandonedUploads(S3BlobStore blobs, LarderOptions options, TimeProvider time) : IPeriodicWork
{
    /// <inheritdoc/>
    public string Name => "abandoned_uploads";

    /// <inheritdoc/>
    public string About => "Ends uploads to the bucket that a node has begun and not ended before it died.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        await blobs.AbortUploadsAsync(time.GetUtcNow().AddHours(-options.BlobGraceHours), cancellationToken);
        return null;
    }
}
