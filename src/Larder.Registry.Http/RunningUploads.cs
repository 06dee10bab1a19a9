using System.Collections.Concurrent;

namespace Larder.Registry.Http;

/// <summary>The uploads whose bodies this node is receiving, for display: in memory alone.</summary>
public sealed class RunningUploads(TimeProvider time)
{
    private readonly ConcurrentDictionary<RunningUpload, bool> running = new();

    /// <summary>An upload begins. Dispose it when its body has been received, or will not be.</summary>
    /// <param name="who">Who sends it.</param>
    /// <param name="where">Where it goes.</param>
    /// <param name="length">Bytes of the whole; null when the client does not say.</param>
    public RunningUpload Begin(string who, string where, long? length)
    {
        var upload = new RunningUpload(this, who, where, length, time.GetUtcNow());
        running[upload] = true;
        return upload;
    }

    /// <summary>What is arriving now.</summary>
    public IReadOnlyList<RunningUpload> Snapshot() => [.. running.Keys];

    internal void End(RunningUpload upload) => running.TryRemove(upload, out _);
}

/// <summary>One upload that is arriving; what is reported is how many bytes of it are here.</summary>
public sealed class RunningUpload : IProgress<long>, IDisposable
{
    private readonly RunningUploads all;
    private long bytes;

    internal RunningUpload(RunningUploads all, string who, string where, long? length, DateTimeOffset since) =>
        (this.all, Who, Where, Length, Since) = (all, who, where, length, since);

    /// <summary>Who sends it.</summary>
    public string Who { get; }

    /// <summary>Where it goes.</summary>
    public string Where { get; }

    /// <summary>Bytes of the whole; null when the client does not say.</summary>
    public long? Length { get; }

    /// <summary>When it began.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>Bytes that are here.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <inheritdoc/>
    public void Report(long value) => Volatile.Write(ref bytes, value);

    /// <inheritdoc/>
    public void Dispose() => all.End(this);
}
