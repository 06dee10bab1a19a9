using System.Globalization;

namespace Larder.Registry.Upkeep.Moving;

/// <summary>What a move has done so far, told in a line every few seconds. Used by several threads.</summary>
/// <param name="time">The clock.</param>
/// <param name="tell">Takes each line.</param>
public sealed class MoveProgress(TimeProvider time, Action<string> tell)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly long began = time.GetTimestamp();
    private long told;
    private long rows;
    private long copied;
    private long found;
    private long bytes;

    /// <summary>How many blobs were missing or damaged in the source.</summary>
    public int Problems { get; private set; }

    /// <summary>Something that the operator must know.</summary>
    public void Say(string line)
    {
        lock (gate) tell(line);
    }

    /// <summary>The last line: all of it.</summary>
    public void Sum()
    {
        lock (gate) Tell();
    }

    internal void Rows(string table, int count)
    {
        lock (gate)
        {
            rows += count;
            if (IsTime()) Tell($", in {table}");
        }
    }

    internal void Blob(long length, bool wasThere)
    {
        lock (gate)
        {
            bytes += length;
            if (wasThere) found++;
            else copied++;
            if (IsTime()) Tell();
        }
    }

    internal void Problem(string line)
    {
        lock (gate)
        {
            Problems++;
            tell(line);
        }
    }

    private bool IsTime() => time.GetElapsedTime(told == 0 ? began : told) >= Pause;

    private void Tell(string where = "")
    {
        told = time.GetTimestamp();
        var seconds = Math.Max(time.GetElapsedTime(began).TotalSeconds, 0.001);
        tell(string.Create(CultureInfo.InvariantCulture,
            $"{copied} blobs copied ({bytes} bytes, {bytes / seconds / (1 << 20):0.0} MiB/s), {found} were there; {rows} rows{where}; {seconds:0} s"));
    }
}
