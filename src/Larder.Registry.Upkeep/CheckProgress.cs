using System.Globalization;

namespace Larder.Registry.Upkeep;

/// <summary>What a check has read so far, told in a line every few seconds.</summary>
/// <param name="time">The clock.</param>
/// <param name="tell">Takes each line.</param>
public sealed class CheckProgress(TimeProvider time, Action<string> tell)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly long began = time.GetTimestamp();
    private long told = time.GetTimestamp();
    private long bytes;

    /// <summary>The digest up to which everything was read; empty before the first.</summary>
    public string Last { get; private set; } = "";

    /// <summary>How many blobs were read.</summary>
    public long Count { get; private set; }

    internal void Checked(string digest, long length)
    {
        Last = digest;
        Count++;
        bytes += length;
        if (time.GetElapsedTime(told) < Pause) return;
        told = time.GetTimestamp();
        var seconds = time.GetElapsedTime(began).TotalSeconds;
        tell(string.Create(CultureInfo.InvariantCulture,
            $"{Count} blobs read, {bytes} bytes, {bytes / seconds / (1 << 20):0.0} MiB/s, up to {digest[..8]}… of ffffffff"));
    }
}
