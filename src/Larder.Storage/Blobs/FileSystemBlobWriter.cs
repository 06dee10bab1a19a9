namespace Larder.Storage.Blobs;

/// <summary>Writes a blob beside its place, and renames it into that when it is whole.</summary>
internal sealed class FileSystemBlobWriter(BlobLayout layout, Durability durability)
    : SpoolingBlobWriter(layout.NewTemp(), willBeSynced: durability == Durability.Durable)
{
    protected override ValueTask PublishAsync(StoredBlob stored, CancellationToken cancellationToken)
    {
        var digest = stored.Digests.Sha256;
        try
        {
            // Some file systems find room for a file only now.
            if (durability == Durability.Durable) RandomAccess.FlushToDisk(Spool);
            // Over whatever stands there: it may be torn, or never have been synced. Who has it open reads on.
            lock (layout.GateOf(digest)) File.Move(Temp, layout.FileOf(digest), overwrite: true);
        }
        catch (Exception e) when (FileSystemCalls.SaysFull(e))
        {
            throw new BlobStoreFullException(e);
        }
        if (durability == Durability.Durable) FileSystemCalls.SyncFolder(layout.FolderOf(digest));
        return default;
    }
}
