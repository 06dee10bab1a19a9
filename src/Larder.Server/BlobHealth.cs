using Larder.Storage.Blobs;

namespace Larder.Server;

/// <summary>Whether blobs can be opened. The store is asked at most every few seconds, however often somebody wants to know.</summary>
internal sealed partial class BlobHealth(IBlobStore blobs, TimeProvider time, ILogger<BlobHealth> logger)
{
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(5);

    // An orchestrator that asks has less patience than a request for bytes.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    private readonly Lock gate = new();
    private Task last = Task.CompletedTask;
    private long? askedAt;

    /// <summary>
    /// A line that says why the server must not start, or null. A store that is away may come back; one that is set up wrongly
    /// does not change by waiting.
    /// </summary>
    public async Task<string?> StartProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            await blobs.ProbeAsync(cancellationToken);
            return null;
        }
        catch (BlobStoreUnavailableException e) when (e.NeedsOperator)
        {
            return e.Message;
        }
        catch (BlobStoreUnavailableException e)
        {
            Away(logger, e);
            return null;
        }
    }

    /// <summary>What the store said a moment ago, or says now.</summary>
    /// <exception cref="BlobStoreUnavailableException">It does not answer.</exception>
    public Task ProbeAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (last.IsCompleted && (askedAt is not { } at || time.GetElapsedTime(at) >= Remembered))
                (last, askedAt) = (AskAsync(), time.GetTimestamp());
            return last.WaitAsync(cancellationToken);
        }
    }

    private async Task AskAsync()
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            await blobs.ProbeAsync(patience.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new BlobStoreUnavailableException("it did not answer in time", e);
        }
    }

    [LoggerMessage(7011, LogLevel.Error, "The server starts without its blobs")]
    private static partial void Away(ILogger logger, Exception exception);
}
