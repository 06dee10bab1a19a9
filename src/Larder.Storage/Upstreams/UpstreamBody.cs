namespace Larder.Storage.Upstreams;

/// <summary>The bytes of an answer, read with a watch on idleness. Dispose it to end or give back the connection.</summary>
public sealed class UpstreamBody : IAsyncDisposable
{
    private readonly HttpResponseMessage response;
    private readonly Stream stream;
    private readonly TimeSpan idleTimeout;
    private readonly CancellationTokenSource watch;

    internal UpstreamBody(HttpResponseMessage response, Stream stream, TimeSpan idleTimeout, TimeProvider time)
    {
        this.response = response;
        this.stream = stream;
        this.idleTimeout = idleTimeout;
        watch = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>
    /// Reads what is there, 0 at the end. A failure is a value: the bytes that came before it are good, but not all.
    /// </summary>
    public async ValueTask<(int Count, UpstreamFailure? Failure)> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var link = cancellationToken.UnsafeRegister(static watch => ((CancellationTokenSource)watch!).Cancel(), watch);
        watch.CancelAfter(idleTimeout);
        try
        {
            var count = await stream.ReadAsync(buffer, watch.Token);
            watch.CancelAfter(Timeout.InfiniteTimeSpan);
            return (count, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (0, new(UpstreamFailureKind.TimedOut, $"no byte came for {idleTimeout.TotalSeconds:0.#} s"));
        }
        catch (HttpIOException e) when (e.HttpRequestError == HttpRequestError.ResponseEnded)
        {
            return (0, new(UpstreamFailureKind.Truncated, "the body ended before its announced length"));
        }
        catch (Exception e) when (e is HttpIOException or HttpRequestException)
        {
            return (0, new(UpstreamFailureKind.Malformed, "the body was not well-formed HTTP"));
        }
        catch (IOException)
        {
            return (0, new(UpstreamFailureKind.Unreachable, "the connection broke in the middle of the body"));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        response.Dispose();
        watch.Dispose();
    }
}
