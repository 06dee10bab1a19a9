using Amazon.S3.Model;

namespace Larder.Storage.Blobs.S3;

/// <summary>
/// A blob in a bucket, read through one answer at a time: reading on costs no request, a jump costs one, and an answer that
/// breaks is asked for again from where it broke. Readers take turns.
/// </summary>
internal sealed class S3Blob : Blob
{
    private const int MostResumptions = 3;

    private readonly Func<long, CancellationToken, Task<GetObjectResponse>> openAt;
    private readonly TimeProvider time;
    private readonly TimeSpan idleTimeout;
    private readonly SemaphoreSlim turn = new(1);
    private GetObjectResponse? answer;
    private long position;

    /// <param name="first">The answer that begins at offset 0.</param>
    /// <param name="length">The length of the whole.</param>
    /// <param name="openAt">Asks for the rest from an offset on.</param>
    /// <param name="time">The clock.</param>
    /// <param name="idleTimeout">How long a read may bring nothing.</param>
    public S3Blob(
        GetObjectResponse first, long length, Func<long, CancellationToken, Task<GetObjectResponse>> openAt, TimeProvider time, TimeSpan idleTimeout)
    {
        (answer, this.openAt, this.time, this.idleTimeout) = (first, openAt, time, idleTimeout);
        Length = length;
    }

    public override long Length { get; }

    public override async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (offset >= Length || buffer.IsEmpty) return 0;
        await turn.WaitAsync(cancellationToken);
        try
        {
            for (var resumptions = 0; ; resumptions++)
            {
                try
                {
                    if (answer is null || position != offset) await JumpAsync(offset, cancellationToken);
                    var count = await ReadOnAsync(buffer, cancellationToken);
                    position += count;
                    return count;
                }
                catch (Exception e) when (S3Failures.Translate(e, cancellationToken) is { } failure)
                {
                    Close();
                    if (resumptions == MostResumptions) throw failure;
                }
            }
        }
        finally
        {
            turn.Release();
        }
    }

    public override ValueTask DisposeAsync()
    {
        Close();
        turn.Dispose();
        return default;
    }

    private async Task JumpAsync(long offset, CancellationToken cancellationToken)
    {
        Close();
        answer = await openAt(offset, cancellationToken);
        position = offset;
    }

    private async Task<int> ReadOnAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var watch = new IdleWatch(time, idleTimeout, cancellationToken);
        var count = await answer!.ResponseStream.ReadAsync(buffer, watch.Token);
        return count > 0 ? count : throw new IOException($"The bucket ended a blob at {position} of {Length} bytes.");
    }

    private void Close()
    {
        answer?.Dispose();
        answer = null;
    }
}
