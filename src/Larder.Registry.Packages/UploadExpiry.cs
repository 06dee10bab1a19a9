using Larder.Registry.Upkeep;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Packages;

/// <summary>Gives up uploads over several requests that nobody went on with; the sweep takes their bytes then.</summary>
public sealed partial class UploadExpiry(ResumableStore uploads, ILogger<UploadExpiry> logger) : IPeriodicWork
{
    /// <inheritdoc/>
    public string Name => "upload_expiry";

    /// <inheritdoc/>
    public string About => "Gives up uploads in pieces that nobody has gone on with.";

    /// <summary>An expired upload is refused at once, whenever it is deleted.</summary>
    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        if (await uploads.DeleteExpiredAsync(cancellationToken) is not (var count and > 0)) return null;
        UploadsGivenUp(logger, count);
        return $"{count} uploads that had expired";
    }

    [LoggerMessage(5102, LogLevel.Information, "{Count} uploads had expired and are given up")]
    private static partial void UploadsGivenUp(ILogger logger, int count);
}
