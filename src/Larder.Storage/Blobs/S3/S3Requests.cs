using Amazon.S3;

namespace Larder.Storage.Blobs.S3;

/// <summary>
/// Runs requests to the bucket. The client tries again by itself, four times in all and a few seconds apart, where that can help:
/// 500, 502, 503, 504, <c>SlowDown</c>, connections that fail or break. What is bounded here is silence: an answer that
/// does not come, or a body that does not move, for the idle time-out, all tries together.
/// </summary>
internal sealed class S3Requests(TimeProvider time, TimeSpan idleTimeout)
{
    // A gateway now and then forgets a request on a connection that it has kept: the next try comes on another.
    private const int Tries = 3;

    /// <summary>
    /// Runs a request that sends nothing and changes nothing twice: it is sent again when there was silence for a third of the idle
    /// time-out.
    /// </summary>
    /// <exception cref="BlobStoreUnavailableException">Missing bucket, refused credentials, slow or away.</exception>
    public async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            using var watch = new IdleWatch(time, idleTimeout / Tries, cancellationToken);
            try
            {
                return await request(watch.Token);
            }
            catch (OperationCanceledException) when (tries < Tries && !cancellationToken.IsCancellationRequested)
            {
                // Silence: once more.
            }
            catch (Exception e) when (S3Failures.Translate(e, cancellationToken) is { } failure)
            {
                throw failure;
            }
        }
    }

    /// <summary>The same for one object: null when it is not there.</summary>
    /// <exception cref="BlobStoreUnavailableException">Missing bucket, refused credentials, slow or away.</exception>
    public Task<T?> FindAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken) where T : class => AskAsync(async token =>
    {
        try
        {
            return await request(token);
        }
        catch (AmazonS3Exception e) when (S3Failures.IsAbsent(e))
        {
            return null;
        }
    }, cancellationToken);

    /// <summary>Runs a request; every failure of the bucket or of the way to it leaves as one kind of exception.</summary>
    /// <exception cref="BlobStoreFullException">Over quota, or no room.</exception>
    /// <exception cref="BlobStoreUnavailableException">Missing bucket, refused credentials, slow or away.</exception>
    public Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken) =>
        RunAsync(watch => request(watch.Token), cancellationToken);

    /// <summary>The same for a request that moves bytes and says so to the watch.</summary>
    public async Task<T> RunAsync<T>(Func<IdleWatch, Task<T>> request, CancellationToken cancellationToken)
    {
        using var watch = new IdleWatch(time, idleTimeout, cancellationToken);
        try
        {
            return await request(watch);
        }
        catch (Exception e) when (S3Failures.Translate(e, cancellationToken) is { } failure)
        {
            throw failure;
        }
    }
}

/// <summary>Cancels when nothing moved for a while, or when the caller does.</summary>
internal sealed class IdleWatch : IDisposable
{
    private readonly TimeSpan timeout;
    private readonly CancellationTokenSource idle;
    private readonly CancellationTokenSource either;

    public IdleWatch(TimeProvider time, TimeSpan timeout, CancellationToken cancellationToken)
    {
        this.timeout = timeout;
        idle = new CancellationTokenSource(timeout, time);
        either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
    }

    /// <summary>What the watched work gets.</summary>
    public CancellationToken Token => either.Token;

    /// <summary>Something moved.</summary>
    public void Restart() => idle.CancelAfter(timeout);

    public void Dispose()
    {
        either.Dispose();
        idle.Dispose();
    }
}
