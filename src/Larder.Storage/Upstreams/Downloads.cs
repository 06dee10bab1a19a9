using System.Collections.Concurrent;
using Larder.Storage.Blobs;
using Microsoft.Extensions.Logging;

namespace Larder.Storage.Upstreams;

/// <summary>
/// The table of running downloads: at most one for each file of each upstream. Who wants the file joins, and leaves when he
/// likes; the download belongs to none of them.
/// </summary>
public sealed class Downloads(
    UpstreamClient client, IBlobStore blobs, DownloadOptions options, TimeProvider time, ILogger<Downloads> logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<DownloadKey, Download> running = new();

    // Closed to newcomers and replaced by another one, but still cleaning up.
    private readonly ConcurrentDictionary<Download, bool> replaced = new();
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Joins the download of this name, or begins it by <paramref name="plan"/>. Dispose the reader to leave.</summary>
    public DownloadReader Join(DownloadKey key, Func<DownloadPlan> plan)
    {
        while (true)
        {
            if (running.TryGetValue(key, out var download) && download.TryJoin() is { } reader) return reader;
            var begun = new Download(key, plan(), client, blobs, options, time, logger, stopping.Token);
            // Before anybody else can join and leave: a download without readers is given up.
            var first = begun.TryJoin()!;
            var won = download is null ? running.TryAdd(key, begun) : running.TryUpdate(key, begun, download);
            if (!won)
            {
                begun.Discard();
                continue; // somebody else was faster: join that one
            }
            if (download is not null) KeepUntilEnded(download);
            begun.Start(() => running.TryRemove(new(key, begun)));
            return first;
        }
    }

    /// <summary>What is running now.</summary>
    public IReadOnlyList<RunningDownload> Snapshot() => [.. running.Values.Select(download => download.Describe())];

    /// <summary>Ends all downloads and waits until they have cleaned up.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running.Values.Concat(replaced.Keys).Select(download => download.Ended));
        stopping.Dispose();
    }

    private void KeepUntilEnded(Download download)
    {
        replaced[download] = true;
        _ = download.Ended.ContinueWith(_ => replaced.TryRemove(download, out bool _), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
