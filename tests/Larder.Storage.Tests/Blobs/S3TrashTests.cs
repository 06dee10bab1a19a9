using System.Security.Cryptography;
using Larder.Storage.Blobs;
using Larder.Storage.Blobs.S3;
using Larder.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Larder.Storage.Tests.Blobs;

/// <summary>Deleting from a bucket beside whoever stores the same content, against a real gateway.</summary>
public sealed class S3TrashTests : IAsyncLifetime
{
    private readonly TemporaryDirectory folder = new();
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow.AddHours(1)); // what is stored now is an hour old to it
    private readonly List<S3BlobStore> nodes = [];
    private CephGateway gateway = null!;
    private FaultProxy proxy = null!;
    private S3BlobOptions direct = null!;
    private S3BlobStore sweeping = null!;
    private S3BlobStore other = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        gateway = await CephGateway.SharedAsync();
        proxy = new FaultProxy(gateway.Port);
        direct = await CephGateway.OptionsOfNewBucketAsync(folder["none"]) with { PartBytes = 5 << 20, CopyBytes = 5 << 20 };
        (sweeping, other) = (Node(proxy.Url), Node(gateway.Url));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes) await node.DisposeAsync();
        await proxy.DisposeAsync();
        folder.Dispose();
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(11 << 20)] // copied in three parts
    public async Task Content_that_is_stored_again_in_the_moment_of_its_deletion_is_there_for_every_node(int length)
    {
        var content = RandomNumberGenerator.GetBytes(length);
        var digest = await StoreAsync(other, content);
        proxy.Plan = request => new Fault { Meanwhile = request.Method == "DELETE" ? () => StoreAsync(other, content) : null };
        (await sweeping.DeleteAsync(digest, time.GetUtcNow(), Token)).ShouldBeTrue();
        (await KeysAsync("sha256/")).ShouldBeEmpty("the deletion came last");
        (await Node(gateway.Url).ReadAsync(digest)).ShouldBe(content);
        (await KeysAsync("sha256/")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Trash_is_emptied_of_what_nobody_wants_and_gives_back_the_rest()
    {
        var unwanted = await StoreAsync(other, [1, 2, 3]);
        var wanted = await StoreAsync(other, [4, 5, 6]);
        var storedAgain = await StoreAsync(other, [7, 8, 9]);
        foreach (var digest in new[] { unwanted, wanted, storedAgain }) await sweeping.DeleteAsync(digest, time.GetUtcNow(), Token);
        await StoreAsync(other, [7, 8, 9]);
        (await sweeping.EmptyTrashAsync(time.GetUtcNow().AddHours(-2), _ => throw new InvalidOperationException("all is young"), Token)).ShouldBe(0);
        (await KeysAsync("trash/")).Count.ShouldBe(3);

        IReadOnlySet<Sha256> named = new HashSet<Sha256> { wanted, storedAgain };
        (await sweeping.EmptyTrashAsync(time.GetUtcNow(), _ => Task.FromResult(named), Token)).ShouldBe(1);
        (await KeysAsync("trash/")).ShouldBeEmpty();
        (await Node(gateway.Url).ReadAsync(wanted)).ShouldBe([4, 5, 6]);
        (await Node(gateway.Url).ReadAsync(storedAgain)).ShouldBe([7, 8, 9]);
        (await Node(gateway.Url).OpenAsync(unwanted, Token)).ShouldBeNull();
    }

    [Fact]
    public async Task Damaged_blob_that_is_discarded_does_not_come_back()
    {
        var digest = await StoreAsync(other, [1, 2, 3]);
        await sweeping.DeleteAsync(digest, time.GetUtcNow(), Token);
        await StoreAsync(other, [1, 2, 3]);
        (await sweeping.DiscardAsync(digest, DateTimeOffset.UtcNow.AddHours(-1), Token)).ShouldBeFalse();
        (await sweeping.DiscardAsync(digest, time.GetUtcNow(), Token)).ShouldBeTrue();
        (await Node(gateway.Url).OpenAsync(digest, Token)).ShouldBeNull();
        (await KeysAsync("")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Bucket_without_room_can_be_swept()
    {
        var digest = await StoreAsync(other, [1, 2, 3]);
        proxy.Plan = request => request.Method == "PUT" ? Fault.Answer(403, "QuotaExceeded") : Fault.None;
        (await sweeping.DeleteAsync(digest, time.GetUtcNow(), Token)).ShouldBeTrue();
        (await KeysAsync("")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Blob_that_cannot_be_put_aside_is_not_deleted()
    {
        var digest = await StoreAsync(other, [1, 2, 3]);
        proxy.Plan = request => request.Method == "PUT" ? Fault.Answer(403, "AccessDenied") : Fault.None;
        await Should.ThrowAsync<BlobStoreUnavailableException>(async () => await sweeping.DeleteAsync(digest, time.GetUtcNow(), Token));
        (await Node(gateway.Url).ReadAsync(digest)).ShouldBe([1, 2, 3]);
    }

    private S3BlobStore Node(string url)
    {
        var options = direct with { ServiceUrl = url, LocalFolder = folder[Guid.NewGuid().ToString("N")] };
        nodes.Add(new S3BlobStore(options, time, NullLogger<S3BlobStore>.Instance));
        return nodes[^1];
    }

    private static async Task<Sha256> StoreAsync(S3BlobStore store, byte[] content) => (await store.StoreAsync(content)).Digests.Sha256;

    private async Task<List<string>> KeysAsync(string prefix)
    {
        using var client = gateway.Client();
        var page = await client.ListObjectsV2Async(new Amazon.S3.Model.ListObjectsV2Request { BucketName = direct.Bucket, Prefix = prefix }, Token);
        return [.. (page.S3Objects ?? []).Select(entry => entry.Key)];
    }
}
