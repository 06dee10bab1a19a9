using System.Collections.Concurrent;
using System.Globalization;

namespace Larder.Storage.Blobs;

/// <summary>
/// Knows which blobs may be torn. A refetchable blob is not synced, so after a power cut its file may be short or hold
/// zeros. The file <c>synced</c> says until when everything is known to be on the disk, and in which boot of the machine
/// that was written: a killed process loses nothing that the kernel has, so only a new boot casts doubt, on what was
/// written between that instant and the start. Lines of the file: the instant in Unix milliseconds; the boot, or "clean"
/// after a stop that synced; then a line "from until" for each span in doubt.
/// </summary>
internal sealed class PowerCutGuard
{
    private const string CleanStop = "clean";

    // Clocks of file system and process differ a little.
    private const long SlackMilliseconds = 10_000;

    private readonly BlobLayout layout;
    private readonly string bootId;
    private readonly TimeProvider time;
    private readonly List<(long From, long Until)> doubts = [];
    private readonly ConcurrentDictionary<Sha256, bool> believed = new();

    /// <summary>Reads what the last process left behind; <paramref name="isNew"/> is a store that was made just now.</summary>
    public PowerCutGuard(BlobLayout layout, bool isNew, string bootId, TimeProvider time)
    {
        this.layout = layout;
        this.bootId = bootId;
        this.time = time;
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (!isNew) Read(now);
        Write(now, bootId);
    }

    /// <summary>Whether a blob written at this instant must be compared with its digest before it is believed.</summary>
    public bool IsDoubtful(Sha256 digest, string file)
    {
        if (doubts.Count == 0) return false;
        var writtenAt = new DateTimeOffset(File.GetLastWriteTimeUtc(file)).ToUnixTimeMilliseconds();
        return doubts.Exists(doubt => writtenAt >= doubt.From - SlackMilliseconds && writtenAt <= doubt.Until + SlackMilliseconds)
            && !believed.ContainsKey(digest);
    }

    /// <summary>The blob is what its digest says.</summary>
    public void Believe(Sha256 digest) => believed.TryAdd(digest, true);

    /// <summary>Puts the file system on the disk and records it. After a last time, <paramref name="stopping"/>, nothing is written any more.</summary>
    public void RecordSynced(bool stopping)
    {
        var instant = time.GetUtcNow().ToUnixTimeMilliseconds();
        FileSystemCalls.SyncFileSystem(layout.Root);
        Write(instant, stopping ? CleanStop : bootId);
    }

    private void Read(long now)
    {
        var lines = File.Exists(layout.Synced) ? File.ReadAllLines(layout.Synced) : [];
        foreach (var line in lines.Skip(2))
        {
            if (line.Split(' ') is [var from, var until] && Number(from) is { } f && Number(until) is { } u) doubts.Add((f, u));
        }
        var recordIsGood = lines.Length >= 2 && (lines[1] == CleanStop || lines[1] == bootId);
        // Without a readable record everything that is there is in doubt.
        if (!recordIsGood) doubts.Add((lines.Length >= 2 && Number(lines[0]) is { } synced ? synced : 0, now));
    }

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private void Write(long instant, string mark)
    {
        var temp = layout.Synced + ".new";
        File.WriteAllLines(temp, [string.Create(CultureInfo.InvariantCulture, $"{instant}"), mark,
            .. doubts.Select(doubt => string.Create(CultureInfo.InvariantCulture, $"{doubt.From} {doubt.Until}"))]);
        File.Move(temp, layout.Synced, overwrite: true);
        FileSystemCalls.SyncFolder(layout.Root);
    }
}
