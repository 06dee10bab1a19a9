using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Data;

/// <summary>
/// The one place where memories of rows are dropped: here at once, on the other nodes of the database a moment later. A notice
/// may be lost (a node dies, the database is away); memories last five seconds, which bounds what that can do. After any gap in
/// listening a node drops everything.
/// </summary>
public sealed partial class ChangeNotices(Database database, TimeProvider time, ILogger<ChangeNotices> logger) : BackgroundService
{
    // More wait only while the database is away, and then nobody listens.
    private const int MostWaiting = 4096;
    private const int MostAtOnce = 100;
    private const char Separator = '\n';

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly string node = Guid.NewGuid().ToString("N");
    private readonly ConcurrentDictionary<string, Action<string>> memories = new(StringComparer.Ordinal);
    private readonly Channel<(string Topic, string Key)> waiting = Channel.CreateBounded<(string, string)>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>
    /// Says what to drop when rows of a topic have changed. The function is given the key of what has changed, or nothing for all
    /// of it; it is quick and throws nothing.
    /// </summary>
    public void On(string topic, Action<string> forget) => memories.AddOrUpdate(topic, forget, (_, others) => others + forget);

    /// <summary>
    /// Rows of this topic have changed: call it after the commit. What this node remembers is dropped before it returns; the
    /// others are told by the next statement of a connection that no request waits for.
    /// </summary>
    /// <param name="topic">One of <see cref="ChangeTopic"/>.</param>
    /// <param name="key">What has changed, at most 4096 bytes; empty for all of the topic.</param>
    public void Publish(string topic, string key = "")
    {
        Forget(topic, key);
        if (database.IsShared) waiting.Writer.TryWrite((topic, key));
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        database.IsShared ? Task.WhenAll(SendAsync(stoppingToken), ListenAsync(stoppingToken)) : Task.CompletedTask;

    private async Task SendAsync(CancellationToken stopping)
    {
        var batch = new HashSet<(string Topic, string Key)>();
        try
        {
            while (await waiting.Reader.WaitToReadAsync(stopping))
            {
                batch.Clear();
                while (batch.Count < MostAtOnce && waiting.Reader.TryRead(out var notice)) batch.Add(notice);
                await TrySendAsync([.. batch.Select(notice => string.Join(Separator, node, notice.Topic, notice.Key))], stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task TrySendAsync(string[] notices, CancellationToken stopping)
    {
        try
        {
            await database.NotifyAsync(notices, stopping);
        }
        catch (DatabaseUnavailableException)
        {
            // It has been logged, and the listeners of an outage drop everything when it is over.
        }
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        for (var failures = 0; !stopping.IsCancellationRequested;)
        {
            long? since = null;
            try
            {
                await database.ListenAsync(() =>
                {
                    since = time.GetTimestamp();
                    ForgetAll(); // what happened before this moment was not heard
                    if (failures > 0) HeardAgain(logger);
                }, Receive, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (DatabaseUnavailableException e)
            {
                if (failures == 0 || since is not null) NotHeard(logger, e.Message);
            }
            failures = since is { } begun && time.GetElapsedTime(begun) > LongestPause ? 1 : failures + 1;
            // A connection that had been good is replaced at once.
            if (failures == 1) continue;
            var pause = ShortestPause * Math.Pow(2, Math.Min(failures, 10) - 2);
            try
            {
                await Task.Delay(pause < LongestPause ? pause : LongestPause, time, stopping);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Receive(string notice)
    {
        if (notice.Split(Separator, 3) is [var from, var topic, var key] && from != node) Forget(topic, key);
    }

    private void ForgetAll()
    {
        foreach (var forget in memories.Values) forget("");
    }

    private void Forget(string topic, string key)
    {
        if (memories.TryGetValue(topic, out var forget)) forget(key);
    }

    [LoggerMessage(6003, LogLevel.Warning, "Changes of other nodes are not heard and take up to five seconds to be seen: {Reason}")]
    private static partial void NotHeard(ILogger logger, string reason);

    [LoggerMessage(6004, LogLevel.Information, "Changes of other nodes are heard again")]
    private static partial void HeardAgain(ILogger logger);
}
