using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Upkeep;

/// <summary>Runs all periodic work, each when it is due and this node gets its lease.</summary>
public sealed partial class UpkeepLoop(
    IEnumerable<IPeriodicWork> works, LeaseStore leases, UpkeepRuns runs, TimeProvider time, ILogger<UpkeepLoop> logger) : BackgroundService
{
    /// <summary>How often the loop looks whether something is due.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    // After a failure, however long the interval is.
    private static readonly TimeSpan LongestPauseAfterFailure = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(works.Select(work => RepeatAsync(work, stoppingToken)));

    private async Task RepeatAsync(IPeriodicWork work, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Look, time);
        try
        {
            do
            {
                await RunIfDueAsync(work, stopping);
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task RunIfDueAsync(IPeriodicWork work, CancellationToken stopping)
    {
        try
        {
            if (await leases.TryTakeAsync(work, stopping)) await RunAsync(work, stopping);
        }
        catch (DbException e)
        {
            WorkFailed(logger, e, work.Name);
        }
    }

    private async Task RunAsync(IPeriodicWork work, CancellationToken stopping)
    {
        var run = await runs.BeginAsync(work.Name, stopping);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var renewing = RenewAsync(work, ended);
        var (pause, outcome, result) = (work.Interval, UpkeepOutcome.Done, (string?)null);
        try
        {
            result = await work.RunAsync(ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            (pause, outcome) = (TimeSpan.Zero, UpkeepOutcome.Interrupted); // unfinished: whoever looks next goes on
        }
#pragma warning disable CA1031 // A bug in one kind of work must not end the others, nor this one for ever.
        catch (Exception e)
#pragma warning restore CA1031
        {
            WorkFailed(logger, e, work.Name);
            (outcome, result) = (UpkeepOutcome.Failed, $"{e.GetType().Name}; the log of the node has the rest");
            pause = work.Interval < LongestPauseAfterFailure ? work.Interval : LongestPauseAfterFailure;
        }
        finally
        {
            await ended.CancelAsync();
            await renewing;
        }
        await runs.EndAsync(run, outcome, result, CancellationToken.None);
        await leases.ReleaseAsync(work, pause, CancellationToken.None);
    }

    // Ends the work when the lease cannot be kept: another node may be running it by now.
    private async Task RenewAsync(IPeriodicWork work, CancellationTokenSource ended)
    {
        using var timer = new PeriodicTimer(LeaseStore.Duration / 4, time);
        try
        {
            while (await timer.WaitForNextTickAsync(ended.Token))
            {
                if (await leases.RenewAsync(work, ended.Token)) continue;
                LeaseLost(logger, work.Name);
                await ended.CancelAsync();
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The work has ended.
        }
        catch (DbException e)
        {
            WorkFailed(logger, e, work.Name);
            await ended.CancelAsync();
        }
    }

    [LoggerMessage(5002, LogLevel.Error, "{Work} failed; it will be tried again")]
    private static partial void WorkFailed(ILogger logger, Exception exception, string work);

    [LoggerMessage(5003, LogLevel.Warning, "{Work} was taken over by another node; this one stops it")]
    private static partial void LeaseLost(ILogger logger, string work);
}
