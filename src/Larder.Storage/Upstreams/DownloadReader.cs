namespace Larder.Storage.Upstreams;

/// <summary>
/// One who wants the file of a download: reads it from the start, while it comes, at his own pace. Waiting ends with his
/// own token and touches nobody else. Dispose it to leave.
/// </summary>
public sealed class DownloadReader : IAsyncDisposable
{
    private readonly Download download;
    private long position;
    private int left;

    internal DownloadReader(Download download) => this.download = download;

    /// <summary>How the download began.</summary>
    public Task<DownloadOpening> OpenedAsync(CancellationToken cancellationToken) => download.Opened.WaitAsync(cancellationToken);

    /// <summary>How it ended. Only for one that is streaming.</summary>
    public Task<DownloadEnd> CompletedAsync(CancellationToken cancellationToken) => download.Completed.WaitAsync(cancellationToken);

    /// <summary>The download is to be finished even if everybody leaves.</summary>
    public void KeepFilling() => download.KeepFilling();

    /// <summary>Reads on; 0 at the end of the whole, verified file and only there.</summary>
    /// <exception cref="DownloadBrokenException">The download failed.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var available = await download.AvailableAsync(position, cancellationToken);
        if (available == 0) return 0;
        var read = await download.ReadAsync(position, buffer[..(int)Math.Min(buffer.Length, available)], cancellationToken);
        position += read;
        return read;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref left, 1) == 0) download.Leave();
        return default;
    }
}
