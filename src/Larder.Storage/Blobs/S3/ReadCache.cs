namespace Larder.Storage.Blobs.S3;

/// <summary>
/// Copies of blobs on the local disk, up to a number of bytes; the one that was not used for longest goes first. It begins
/// empty with each process: nothing of it was ever promised, and a copy that a crash has torn is never served.
/// </summary>
internal sealed class ReadCache
{
    private readonly string folder;
    private readonly long capacity;
    private readonly Lock gate = new();
    private readonly Dictionary<Sha256, LinkedListNode<(Sha256 Digest, long Length)>> kept = [];
    private readonly LinkedList<(Sha256 Digest, long Length)> byUse = new(); // last used first
    private long bytes;

    public ReadCache(string folder, long capacity)
    {
        this.folder = folder;
        this.capacity = capacity;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
    }

    /// <summary>The largest blob worth keeping: one must not push out everything else.</summary>
    public long LargestBlob => capacity / 4;

    /// <summary>Bytes kept now.</summary>
    public long Bytes
    {
        get
        {
            lock (gate) return bytes;
        }
    }

    /// <summary>Whether there is a copy.</summary>
    public bool Has(Sha256 digest)
    {
        lock (gate) return kept.ContainsKey(digest);
    }

    /// <summary>Opens the copy, or answers null.</summary>
    public Blob? Open(Sha256 digest)
    {
        lock (gate)
        {
            if (!kept.TryGetValue(digest, out var node)) return null;
            byUse.Remove(node);
            byUse.AddFirst(node);
            return new FileBlob(File.OpenHandle(PathOf(digest), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));
        }
    }

    /// <summary>Takes a file that is whole and verified; it is renamed. One that is too large is left where it is.</summary>
    public void Take(Sha256 digest, long length, string file)
    {
        if (length > LargestBlob) return;
        lock (gate)
        {
            if (kept.ContainsKey(digest)) return;
            File.Move(file, PathOf(digest), overwrite: true);
            kept.Add(digest, byUse.AddFirst((digest, length)));
            bytes += length;
            while (bytes > capacity) RemoveLocked(byUse.Last!.Value.Digest);
        }
    }

    /// <summary>Drops the copy, if there is one.</summary>
    public void Remove(Sha256 digest)
    {
        lock (gate) RemoveLocked(digest);
    }

    private void RemoveLocked(Sha256 digest)
    {
        if (!kept.Remove(digest, out var node)) return;
        byUse.Remove(node);
        bytes -= node.Value.Length;
        File.Delete(PathOf(digest)); // who has it open reads on
    }

    private string PathOf(Sha256 digest) => Path.Combine(folder, digest.Hex);
}
