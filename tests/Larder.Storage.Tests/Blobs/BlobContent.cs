using Larder.Storage.Blobs;

namespace Larder.Storage.Tests.Blobs;

/// <summary>Whole contents into a store and out of it, for tests: they are small.</summary>
internal static class BlobContent
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Stores it durably.</summary>
    public static async Task<StoredBlob> StoreAsync(this IBlobStore store, byte[] content, Durability durability = Durability.Durable)
    {
        await using var writer = await store.CreateAsync(durability, Token);
        await writer.FillAsync(content);
        return (await writer.CommitAsync(ExpectedContent.Anything, Token)).Stored!;
    }

    /// <summary>Writes it, without a commit.</summary>
    public static async Task FillAsync(this BlobWriter writer, ReadOnlyMemory<byte> content)
    {
        while (!content.IsEmpty)
        {
            var memory = writer.GetMemory();
            var count = Math.Min(memory.Length, content.Length);
            content[..count].CopyTo(memory);
            await writer.AdvanceAsync(count, Token);
            content = content[count..];
        }
    }

    /// <summary>All of a blob, or null when the store does not have it.</summary>
    public static async Task<byte[]?> ReadAsync(this IBlobStore store, Sha256 digest)
    {
        await using var blob = await store.OpenAsync(digest, Token);
        return blob is null ? null : await blob.AllAsync();
    }

    /// <summary>All of it.</summary>
    public static async Task<byte[]> AllAsync(this Blob blob)
    {
        var bytes = new byte[blob.Length];
        for (var offset = 0; offset < bytes.Length;)
        {
            var read = await blob.ReadAsync(offset, bytes.AsMemory(offset), Token);
            read.ShouldBeGreaterThan(0);
            offset += read;
        }
        return bytes;
    }
}
