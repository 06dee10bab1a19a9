namespace Larder.Storage.Blobs.S3;

/// <summary>Spools a blob on the local disk while it is digested, and puts it into the bucket when it is whole.</summary>
internal sealed class S3BlobWriter(string temp, S3BlobStore store) : SpoolingBlobWriter(temp, willBeSynced: false)
{
    protected override ValueTask PublishAsync(StoredBlob stored, CancellationToken cancellationToken) =>
        store.PutAsync(stored, Temp, cancellationToken);
}
