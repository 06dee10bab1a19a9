using Larder.Storage.Blobs;
using Larder.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Storage.Tests.Blobs;

public sealed class FileSystemBlobStoreTests : BlobStoreContract
{
    private readonly TemporaryDirectory folder = new();
    private string bootId = "boot 1";
    private FileSystemBlobStore? store;

    protected override ValueTask<IBlobStore> CreateStoreAsync() => new(Open());

    protected override IReadOnlyList<string> Leftovers() => Directory.GetFiles(folder["temp"]);

    protected override async ValueTask CloseStoreAsync()
    {
        await store!.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Blob_is_still_there_after_a_restart()
    {
        var stored = await StoreAsync(Content(1000));
        await RestartAsync();
        (await store!.ReadAsync(stored.Digests.Sha256)).ShouldBe(Content(1000));
    }

    [Fact]
    public async Task What_a_killed_process_was_writing_is_cleared_at_the_start()
    {
        await File.WriteAllTextAsync(folder["temp/left-over"], "half", Token);
        await RestartAsync();
        Directory.GetFiles(folder["temp"]).ShouldBeEmpty();
    }

    [Fact]
    public async Task Blob_that_is_stored_while_its_old_copy_is_deleted_is_there_afterwards()
    {
        for (var round = 0; round < 100; round++)
        {
            var digest = (await StoreAsync(Content(1000))).Digests.Sha256;
            var old = DateTime.UtcNow.AddDays(-1);
            File.SetLastWriteTimeUtc(folder[$"sha256/{digest.Hex[..2]}/{digest.Hex}"], old);
            var deletions = Enumerable.Range(0, 4)
                .Select(_ => Task.Run(async () => await store!.DeleteAsync(digest, old.AddHours(1), Token), Token)).ToList();
            await StoreAsync(Content(1000));
            await Task.WhenAll(deletions);
            (await store!.ReadAsync(digest)).ShouldBe(Content(1000));
        }
    }

    [Fact]
    public void Second_process_is_refused() =>
        Should.Throw<IOException>(() => Open()).Message.ShouldContain("in use by another process");

    [Fact]
    public async Task Folder_that_cannot_be_made_is_an_IOException()
    {
        await File.WriteAllTextAsync(folder["file"], "", Token);
        Should.Throw<IOException>(() => new FileSystemBlobStore(
            new FileSystemBlobOptions { Root = folder["file/below"] }, TimeProvider.System, NullLogger<FileSystemBlobStore>.Instance));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    [InlineData(1000)]
    public async Task Copy_torn_by_a_power_cut_is_absent_and_can_be_stored_again(int lengthThatWasLeft)
    {
        var digest = (await StoreAsync(Content(1000), Durability.Refetchable)).Digests.Sha256;
        await CutPowerAsync(digest, new byte[lengthThatWasLeft]);

        (await store!.ReadAsync(digest)).ShouldBeNull();
        await using var writer = await store!.CreateAsync(Durability.Refetchable, Token);
        await writer.FillAsync(Content(1000));
        (await writer.CommitAsync(ExpectedContent.Anything, Token)).Stored.ShouldNotBeNull();
        (await store!.ReadAsync(digest)).ShouldBe(Content(1000));
    }

    [Fact]
    public async Task Doubt_of_a_power_cut_outlives_later_restarts()
    {
        var digest = (await StoreAsync(Content(1000), Durability.Refetchable)).Digests.Sha256;
        await CutPowerAsync(digest, new byte[1000]);
        await RestartAsync();
        await RestartAsync();
        (await store!.ReadAsync(digest)).ShouldBeNull();
    }

    [Fact]
    public async Task Good_blob_in_doubt_is_served()
    {
        var digest = (await StoreAsync(Content(1000), Durability.Refetchable)).Digests.Sha256;
        await CutPowerAsync(digest, Content(1000));
        (await store!.ReadAsync(digest)).ShouldBe(Content(1000));
        (await store!.ReadAsync(digest)).ShouldBe(Content(1000));
    }

    [Fact]
    public async Task Killed_process_casts_no_doubt()
    {
        // The kernel still has what it wrote: reading everything again would only cost time.
        var digest = (await StoreAsync(Content(1000), Durability.Refetchable)).Digests.Sha256;
        var record = await File.ReadAllTextAsync(folder["synced"], Token);
        await store!.DisposeAsync();
        await File.WriteAllTextAsync(folder["synced"], record, Token);
        await File.WriteAllBytesAsync(FileOf(digest), new byte[1000], Token);
        store = Open();
        (await store.ReadAsync(digest)).ShouldBe(new byte[1000]);
    }

    [Fact]
    public async Task Stray_files_are_no_blobs()
    {
        await File.WriteAllTextAsync(folder["sha256/ab/README"], "", Token);
        await foreach (var info in Store.ListAsync(Token)) info.ShouldBeNull();
    }

    private FileSystemBlobStore Open() => store = new FileSystemBlobStore(
        new FileSystemBlobOptions { Root = folder.Path, BootId = bootId }, TimeProvider.System, NullLogger<FileSystemBlobStore>.Instance);

    private async Task RestartAsync()
    {
        await store!.DisposeAsync();
        Open();
    }

    // The process and its machine end without a last word; the file is left as the disk happened to have it.
    private async Task CutPowerAsync(Sha256 digest, byte[] leftOnDisk)
    {
        var record = await File.ReadAllTextAsync(folder["synced"], Token);
        await store!.DisposeAsync();
        await File.WriteAllTextAsync(folder["synced"], record, Token);
        await File.WriteAllBytesAsync(FileOf(digest), leftOnDisk, Token);
        bootId = "boot 2";
        Open();
    }

    private string FileOf(Sha256 digest) => folder[$"sha256/{digest.Hex[..2]}/{digest.Hex}"];
}
