using System.Data.Common;
using Larder.Registry.Packages;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Upkeep;

/// <summary>
/// Gives up uploads that nobody went on with; the sweeper takes the bytes then. Any number of nodes may do so at once.
/// </summary>
public sealed partial class UploadExpiry(ResumableStore uploads, TimeProvider time, ILogger<UploadExpiry> logger) : BackgroundService
{
    /// <summary>Time between two looks. An expired upload is refused at once, whenever it is deleted.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (await uploads.DeleteExpiredAsync(stoppingToken) is var count and > 0) UploadsGivenUp(logger, count);
            }
            catch (DbException e)
            {
                ExpiryFailed(logger, e);
            }
        }
    }

    [LoggerMessage(5101, LogLevel.Information, "{Count} uploads had expired and are given up")]
    private static partial void UploadsGivenUp(ILogger logger, int count);

    [LoggerMessage(5102, LogLevel.Warning, "Expired uploads could not be looked for; will try again")]
    private static partial void ExpiryFailed(ILogger logger, Exception exception);
}
