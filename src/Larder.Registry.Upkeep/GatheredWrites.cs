using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Upkeep;

/// <summary>
/// What is noted in memory while requests run, and written in one transaction every ten seconds and at the stop, so that no
/// request waits for it. A killed process loses its last ten seconds, nothing else.
/// </summary>
public abstract partial class GatheredWrites(TimeProvider time, ILogger logger) : BackgroundService
{
    /// <summary>Time between two writes.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; } = time;

    /// <summary>What is gathered, as the log names it.</summary>
    protected abstract string What { get; }

    /// <summary>Writes what has gathered. On failure it stays gathered.</summary>
    /// <exception cref="DbException">Nothing was written.</exception>
    public abstract Task FlushAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await TryFlushAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await TryFlushAsync(CancellationToken.None);
        }
    }

    private async Task TryFlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FlushAsync(cancellationToken);
        }
        catch (DbException e)
        {
            NotWritten(logger, e, What);
        }
    }

    [LoggerMessage(5001, LogLevel.Warning, "{What} could not be written; they are kept for the next time")]
    private static partial void NotWritten(ILogger logger, Exception exception, string what);
}
