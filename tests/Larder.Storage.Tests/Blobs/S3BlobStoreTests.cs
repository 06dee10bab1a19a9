using Larder.Storage.Blobs;
using Larder.Storage.Blobs.S3;
using Larder.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Larder.Storage.Tests.Blobs;

/// <summary>The contract, and what only a bucket has, against a real gateway.</summary>
public sealed class S3BlobStoreTests : BlobStoreContract
{
    private readonly TemporaryDirectory folder = new();
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private readonly List<S3BlobStore> nodes = [];
    private S3BlobOptions shared = null!;
    private CephGateway gateway = null!;

    protected override async ValueTask<IBlobStore> CreateStoreAsync()
    {
        gateway = await CephGateway.SharedAsync();
        shared = await CephGateway.OptionsOfNewBucketAsync(folder.Path);
        return Node();
    }

    protected override IReadOnlyList<string> Leftovers() =>
        [.. Directory.GetDirectories(folder.Path).SelectMany(node => Directory.GetFiles(Path.Combine(node, "spool")))];

    protected override async ValueTask CloseStoreAsync()
    {
        foreach (var node in nodes) await node.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Blob_of_one_node_is_read_by_another()
    {
        var content = Content(1_000_000);
        var digest = (await StoreAsync(content)).Digests.Sha256;
        (await Node().ReadAsync(digest)).ShouldBe(content);
    }

    [Fact]
    public async Task Large_blob_goes_up_in_parts_and_comes_back_whole()
    {
        var content = Content((40 << 20) + 17);
        var digest = (await StoreAsync(content)).Digests.Sha256;
        (await Node().ReadAsync(digest)).ShouldBe(content);
    }

    [Fact]
    public async Task Jump_reads_from_there()
    {
        var content = Content(3_000_000);
        var digest = (await StoreAsync(content)).Digests.Sha256;
        await using var blob = (await Node().OpenAsync(digest, Token))!;
        foreach (var offset in new[] { 0, 2_500_000, 100, 1_500_000 })
        {
            var buffer = new byte[1000];
            var read = 0;
            while (read < buffer.Length) read += await blob.ReadAsync(offset + read, buffer.AsMemory(read), Token);
            buffer.ShouldBe(content[offset..(offset + 1000)]);
        }
    }

    [Fact]
    public async Task What_is_read_again_comes_from_the_local_disk()
    {
        var content = Content(500_000);
        var digest = (await StoreAsync(content)).Digests.Sha256;
        var node = Node();
        await node.ReadAsync(digest);
        await node.ReadAsync(digest);
        while (node.CachedBytes == 0) await Task.Delay(10, Token); // it is copied in the background
        await Store.DiscardAsync(digest, DateTimeOffset.MaxValue, Token);
        (await node.ReadAsync(digest)).ShouldBe(content);
        (await Node().ReadAsync(digest)).ShouldBeNull();
    }

    [Fact]
    public async Task Local_copies_stay_within_their_bound()
    {
        var node = Node(options => options with { CacheBytes = 1000 });
        for (var i = 0; i < 20; i++)
        {
            await using var writer = await node.CreateAsync(Durability.Durable, Token);
            await writer.FillAsync(Content(100 + i));
            await writer.CommitAsync(ExpectedContent.Anything, Token);
            node.CachedBytes.ShouldBeLessThanOrEqualTo(1000);
        }
        node.CachedBytes.ShouldBeGreaterThan(700);
        await using var large = await node.CreateAsync(Durability.Durable, Token);
        await large.FillAsync(Content(251));
        await large.CommitAsync(ExpectedContent.Anything, Token);
        (await ListedAsync(251)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Content_that_is_there_is_not_sent_again_but_gets_a_new_date_after_a_while()
    {
        await StoreAsync(Content(1000));
        var first = await ListedAsync(1000);
        await StoreAsync(Content(1000));
        (await ListedAsync(1000)).ShouldBe(first);
        time.Advance(TimeSpan.FromMinutes(16));
        await StoreAsync(Content(1000));
        (await ListedAsync(1000))!.WrittenAt.ShouldBeGreaterThan(first!.WrittenAt); // a listing's dates have milliseconds
        (await Node().ReadAsync(first.Digest)).ShouldBe(Content(1000));
    }

    [Fact]
    public async Task Connection_that_breaks_in_the_middle_is_resumed()
    {
        var content = Content(30 << 20);
        var digest = (await StoreAsync(content)).Digests.Sha256;
        await using var relay = new Relay(gateway.Port);
        var node = Node(options => options with { ServiceUrl = $"http://127.0.0.1:{relay.Port}" });
        await using var blob = (await node.OpenAsync(digest, Token))!;
        var read = new byte[content.Length];
        for (var (offset, cuts) = (0, 0); offset < read.Length;)
        {
            if (offset >= (cuts + 1) * (8 << 20))
            {
                relay.CutConnections();
                cuts++;
            }
            offset += await blob.ReadAsync(offset, read.AsMemory(offset, Math.Min(100_000, read.Length - offset)), Token);
        }
        read.ShouldBe(content);
    }

    [Theory]
    [InlineData("bucket", "does not exist")]
    [InlineData("key", "refuses this server")]
    [InlineData("server", "cannot be reached")]
    public async Task Store_that_cannot_be_used_says_why_and_names_no_secret(string what, string reason)
    {
        var node = Node(options => what switch
        {
            "bucket" => options with { Bucket = "there-is-none" },
            "key" => options with { SecretKey = "wrong-secret" },
            _ => options with { ServiceUrl = "http://127.0.0.1:1" },
        });
        var failure = await Should.ThrowAsync<BlobStoreUnavailableException>(() => node.ProbeAsync(Token));
        failure.Message.ShouldContain(reason);
        failure.ToString().ShouldNotContain("wrong-secret");
        await using var writer = await node.CreateAsync(Durability.Durable, Token);
        await writer.FillAsync(Content(10));
        await Should.ThrowAsync<BlobStoreUnavailableException>(async () => await writer.CommitAsync(ExpectedContent.Anything, Token));
    }

    [Fact]
    public async Task Bucket_that_lets_us_in_is_fine() => await Node().ProbeAsync(Token);

    private S3BlobStore Node(Func<S3BlobOptions, S3BlobOptions>? change = null)
    {
        var options = shared with { LocalFolder = folder[$"node{nodes.Count}"] };
        nodes.Add(new S3BlobStore(change?.Invoke(options) ?? options, time, NullLogger<S3BlobStore>.Instance));
        return nodes[^1];
    }

    private async Task<BlobInfo?> ListedAsync(long length)
    {
        await foreach (var info in Store.ListAsync(Token))
            if (info.Length == length) return info;
        return null;
    }
}
