using Larder.Storage.Blobs;
using Microsoft.Extensions.Logging;

namespace Larder.Storage.Upstreams;

/// <summary>
/// One fetch of one file, shared by all who want it. It runs on its own: it asks the upstream, writes a blob, and shows its
/// readers how far it is. The last byte is shown only when the whole is verified and stored, so nobody can take a bad file
/// for a good one. When the last reader leaves, it goes on if most of the work is done, and is given up otherwise.
/// </summary>
internal sealed partial class Download
{
    private readonly DownloadKey key;
    private readonly DownloadPlan plan;
    private readonly UpstreamClient client;
    private readonly IBlobStore blobs;
    private readonly DownloadOptions options;
    private readonly ILogger logger;
    private readonly DateTimeOffset since;
    private readonly CancellationTokenSource cancellation;
    private readonly TaskCompletionSource<DownloadOpening> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DownloadEnd> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Everything below is guarded by this.
    private readonly Lock gate = new();
    private int readers;
    private bool keepFilling;
    private State state;
    private long visible;    // bytes that readers may have
    private long? length;    // as announced
    private Blob? written;
    private TaskCompletionSource? changed; // made by whoever waits

    public Download(DownloadKey key, DownloadPlan plan, UpstreamClient client, IBlobStore blobs, DownloadOptions options,
        TimeProvider time, ILogger logger, CancellationToken stopping)
    {
        (this.key, this.plan, this.client, this.blobs, this.options, this.logger) = (key, plan, client, blobs, options, logger);
        since = time.GetUtcNow();
        cancellation = CancellationTokenSource.CreateLinkedTokenSource(stopping);
    }

    private enum State
    {
        /// <summary>Asking, or receiving: may be given up when nobody wants the file any more.</summary>
        Running,

        /// <summary>Nobody wanted it, or it failed: nobody may join, who comes now begins another.</summary>
        Closed,

        /// <summary>The outcome is certain; what is left is to write it down.</summary>
        Settled,

        /// <summary>Over. Readers may still be reading.</summary>
        Finished,
    }

    /// <summary>Done when the download has left no trace but its result.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    public Task<DownloadOpening> Opened => opened.Task;

    public Task<DownloadEnd> Completed => ended.Task;

    /// <summary>Runs; calls <paramref name="leaveTable"/> when the result is visible to those who come later.</summary>
    public void Start(Action leaveTable) => Ended = Task.Run(async () =>
    {
        try
        {
            await RunAsync(cancellation.Token);
        }
        finally
        {
            leaveTable();
            Finish();
            cancellation.Dispose();
            await plan.EndAsync(); // last: nobody may join a download whose result is there already
        }
    });

    /// <summary>It is never started: another was faster.</summary>
    public void Discard() => cancellation.Dispose();

    /// <summary>A reader more; null when the download is being given up, has failed, or is over.</summary>
    public DownloadReader? TryJoin()
    {
        lock (gate)
        {
            if (state is State.Closed or State.Finished) return null;
            readers++;
        }
        return new DownloadReader(this);
    }

    public void Leave()
    {
        Blob? unused = null;
        lock (gate)
        {
            readers--;
            if (readers > 0) return;
            if (state == State.Finished) (unused, written) = (written, null);
            else if (state == State.Running && !keepFilling && !IsWorthFinishing())
            {
                state = State.Closed;
                _ = cancellation.CancelAsync(); // its callbacks run elsewhere, not under this lock
            }
        }
        Release(unused);
    }

    public void KeepFilling()
    {
        lock (gate) keepFilling = true;
    }

    /// <summary>Waits until there is something behind <paramref name="position"/>: how many bytes, 0 at the true end.</summary>
    /// <exception cref="DownloadBrokenException">It failed.</exception>
    public async ValueTask<long> AvailableAsync(long position, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (gate)
            {
                if (visible > position) return visible - position;
                if (ended.Task.IsCompletedSuccessfully)
                    return ended.Task.Result.Failure is { } failure ? throw new DownloadBrokenException(failure) : 0;
                changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                more = changed.Task;
            }
            await more.WaitAsync(cancellationToken);
        }
    }

    public ValueTask<int> ReadAsync(long position, Memory<byte> buffer, CancellationToken cancellationToken) =>
        written!.ReadAsync(position, buffer, cancellationToken);

    public RunningDownload Describe()
    {
        lock (gate) return new(key, visible, length, readers, since);
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await plan.IsOvertakenAsync(cancellationToken))
            {
                Open(new DownloadOpening.Overtaken());
                return;
            }
            switch (await client.GetAsync(plan.Request, cancellationToken))
            {
                case UpstreamOutcome.Found found:
                    await using (found.Body) await ReceiveAsync(found, cancellationToken);
                    break;
                case UpstreamOutcome.NotModified:
                    Open(new DownloadOpening.NotModified());
                    await plan.ConfirmAsync(cancellationToken);
                    break;
                case UpstreamOutcome.Absent absent:
                    plan.NoteAbsence(absent.Status);
                    Open(new DownloadOpening.Absent(absent.Status));
                    break;
                case UpstreamOutcome.Failed failed:
                    Fail(failed.Failure);
                    break;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Fail(new(UpstreamFailureKind.Abandoned, "the download was given up"));
        }
#pragma warning disable CA1031 // The outermost frame of a task that nobody awaits: readers and the log must learn of it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            DownloadFailed(logger, e, key.UpstreamId, key.Path);
            Fail(new(UpstreamFailureKind.NotStored, "this server could not keep the file"));
        }
    }

    private async Task ReceiveAsync(UpstreamOutcome.Found found, CancellationToken cancellationToken)
    {
        if (plan.Refuse(found.Headers) is { } refusal)
        {
            Fail(refusal);
            return;
        }
        await using var writer = await blobs.CreateAsync(Durability.Refetchable, cancellationToken);
        lock (gate)
        {
            written = writer.OpenWritten();
            length = found.Headers.ContentLength;
        }
        if (length > plan.MaxBytes)
        {
            Fail(TooLarge());
            return;
        }
        Open(new DownloadOpening.Streaming(found.Headers));
        if (await CopyAsync(found.Body, writer, cancellationToken) is { } failure)
        {
            Fail(failure);
            return;
        }
        var (expected, unknown) = await plan.ExpectAsync(found.Headers, cancellationToken);
        if (unknown is not null)
        {
            Fail(unknown);
            return;
        }
        var commit = await writer.CommitAsync(expected, cancellationToken);
        if (commit.Stored is not { } stored)
        {
            var mismatch = commit.Mismatch!;
            Fail(mismatch.What == "length"
                ? new(UpstreamFailureKind.Truncated, $"it announced {mismatch.Expected} bytes and sent {mismatch.Actual}")
                : new(UpstreamFailureKind.ChecksumMismatch, $"it announced the {mismatch.What} {mismatch.Expected} and sent {mismatch.Actual}"));
            return;
        }
        var completed = new CompletedDownload(stored, found.Headers);
        Settle();
        Show(stored.Length, new DownloadEnd(completed, null));
        await plan.PublishAsync(completed, cancellationToken);
    }

    private async Task<UpstreamFailure?> CopyAsync(UpstreamBody body, BlobWriter writer, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (count, failure) = await body.ReadAsync(writer.GetMemory(), cancellationToken);
            if (failure is not null || count == 0) return failure;
            await writer.AdvanceAsync(count, cancellationToken);
            if (writer.Length > plan.MaxBytes) return TooLarge();
            Show(writer.Length - 1, end: null); // the last byte waits for the verdict
        }
    }

    private UpstreamFailure TooLarge() => new(UpstreamFailureKind.TooLarge, $"the file is larger than {plan.MaxBytes} bytes");

    private void Open(DownloadOpening opening)
    {
        if (opening is not DownloadOpening.Streaming) Settle();
        opened.TrySetResult(opening);
    }

    private void Fail(UpstreamFailure failure)
    {
        if (failure.Kind != UpstreamFailureKind.Abandoned) plan.NoteFailure(failure);
        // Before anybody learns of it: who asks again after a failure must not be given the same one.
        lock (gate) state = State.Closed;
        if (opened.TrySetResult(new DownloadOpening.Failed(failure))) return;
        Show(0, new DownloadEnd(null, failure));
    }

    private void Settle()
    {
        lock (gate)
        {
            if (state == State.Running) state = State.Settled;
        }
    }

    private void Show(long bytes, DownloadEnd? end)
    {
        TaskCompletionSource? waiting;
        lock (gate)
        {
            visible = Math.Max(visible, bytes);
            if (end is not null) ended.TrySetResult(end);
            (waiting, changed) = (changed, null);
        }
        waiting?.SetResult();
    }

    // Half of it is here, or little is missing: fetching that again later would cost more.
    private bool IsWorthFinishing() =>
        length is { } all && (visible * 2 >= all || all - visible <= options.SmallRestBytes);

    private void Finish()
    {
        Blob? unused = null;
        lock (gate)
        {
            state = State.Finished;
            if (readers == 0) (unused, written) = (written, null);
        }
        Release(unused);
    }

    private static void Release(Blob? blob)
    {
        if (blob is not null) _ = blob.DisposeAsync().AsTask(); // closing a file handle: synchronous
    }

    [LoggerMessage(1101, LogLevel.Error, "The download of {Path} from upstream {UpstreamId} failed here")]
    private static partial void DownloadFailed(ILogger logger, Exception exception, long upstreamId, string path);
}
