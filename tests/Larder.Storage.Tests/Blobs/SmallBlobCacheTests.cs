using Larder.Storage.Blobs;
using Larder.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Storage.Tests.Blobs;

public sealed class SmallBlobCacheTests : BlobStoreContract
{
    private readonly TemporaryDirectory folder = new();
    private FileSystemBlobStore? inner;

    protected override ValueTask<IBlobStore> CreateStoreAsync()
    {
        inner = new FileSystemBlobStore(
            new FileSystemBlobOptions { Root = folder.Path }, TimeProvider.System, NullLogger<FileSystemBlobStore>.Instance);
        return new(new SmallBlobCache(inner));
    }

    protected override IReadOnlyList<string> Leftovers() => Directory.GetFiles(folder["temp"]);

    protected override async ValueTask CloseStoreAsync()
    {
        await inner!.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Small_blob_is_read_from_memory_from_its_third_opening_on()
    {
        var digest = (await StoreAsync(Content(1000))).Digests.Sha256;
        await ReadAsync(digest);
        await ReadAsync(digest);
        await inner!.DeleteAsync(digest, DateTimeOffset.MaxValue, Token);
        (await ReadAsync(digest)).ShouldBe(Content(1000));
    }

    [Fact]
    public async Task Large_blob_is_never_kept()
    {
        var digest = (await StoreAsync(Content(SmallBlobCache.LargestBlob + 1))).Digests.Sha256;
        await ReadAsync(digest);
        await ReadAsync(digest);
        await inner!.DeleteAsync(digest, DateTimeOffset.MaxValue, Token);
        (await ReadAsync(digest)).ShouldBeNull();
    }

    [Fact]
    public async Task Blob_deleted_through_the_cache_is_gone_from_memory_too()
    {
        var digest = (await StoreAsync(Content(1000))).Digests.Sha256;
        for (var i = 0; i < 3; i++) await ReadAsync(digest);
        await Store.DeleteAsync(digest, DateTimeOffset.MaxValue, Token);
        (await ReadAsync(digest)).ShouldBeNull();
    }
}
