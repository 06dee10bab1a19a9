using System.Security.Cryptography;
using CsCheck;
using Larder.Storage.Blobs;

namespace Larder.Storage.Tests.Blobs;

/// <summary>What every blob store does, whatever it is made of. After each test nothing may be left that no commit has put there.</summary>
public abstract class BlobStoreContract : IAsyncLifetime
{
    private const int Chunk = 256 * 1024;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected IBlobStore Store { get; private set; } = null!;

    /// <summary>An empty store.</summary>
    protected abstract ValueTask<IBlobStore> CreateStoreAsync();

    /// <summary>Traces of unfinished writing, in words.</summary>
    protected abstract IReadOnlyList<string> Leftovers();

    /// <summary>Gives the store back.</summary>
    protected abstract ValueTask CloseStoreAsync();

    public async ValueTask InitializeAsync() => Store = await CreateStoreAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        var leftovers = Leftovers();
        await CloseStoreAsync();
        leftovers.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(64 * 1024)]
    [InlineData(64 * 1024 + 1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(5 * Chunk + 17)]
    public async Task Blob_of_any_length_comes_back_with_its_digests(int length)
    {
        var content = Content(length);

        var stored = await StoreAsync(content);

        stored.ShouldBe(new StoredBlob(length, new Digests(
            Convert.ToHexStringLower(MD5.HashData(content)), Convert.ToHexStringLower(SHA1.HashData(content)),
            Sha256.FromBytes(SHA256.HashData(content)), Convert.ToHexStringLower(SHA512.HashData(content)))));
        (await ReadAsync(stored.Digests.Sha256)).ShouldBe(content);
    }

    [Fact]
    public async Task Pieces_of_any_size_give_the_same_blob()
    {
        var content = Content(3 * Chunk + 5);
        var expected = (await StoreAsync(content)).Digests;
        await Gen.Int[1, Chunk * 2].Array[1, 12].SampleAsync(async sizes =>
        {
            await using var writer = await Store.CreateAsync(Durability.Refetchable, Token);
            for (int offset = 0, i = 0; offset < content.Length; i++)
            {
                var memory = writer.GetMemory();
                var count = Math.Min(Math.Min(sizes[i % sizes.Length], memory.Length), content.Length - offset);
                content.AsSpan(offset, count).CopyTo(memory.Span);
                await writer.AdvanceAsync(count, Token);
                offset += count;
            }
            return (await writer.CommitAsync(ExpectedContent.Anything, Token)).Stored!.Digests == expected;
        }, iter: 25, threads: 1);
    }

    [Fact]
    public async Task Absent_blob_is_null() =>
        (await Store.OpenAsync(Sha256.FromBytes(SHA256.HashData("never"u8)), Token)).ShouldBeNull();

    public static TheoryData<string> Promises => ["length", "md5", "sha1", "sha256", "sha512"];

    [Theory]
    [MemberData(nameof(Promises))]
    public async Task Broken_promise_leaves_nothing(string what)
    {
        var content = Content(1000);
        var good = Kept(content);
        var broken = what switch
        {
            "length" => good with { Length = 999 },
            "md5" => good with { Md5 = new string('0', 32) },
            "sha1" => good with { Sha1 = new string('0', 40) },
            "sha256" => good with { Sha256 = new string('0', 64) },
            _ => good with { Sha512 = new string('0', 128) },
        };

        await using (var writer = await WriterWithAsync(content))
        {
            var commit = await writer.CommitAsync(broken, Token);
            commit.Stored.ShouldBeNull();
            commit.Mismatch!.What.ShouldBe(what);
        }

        (await Store.OpenAsync(Sha256.Parse(good.Sha256!), Token)).ShouldBeNull();
        (await ListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Kept_promises_are_compared_without_regard_to_case()
    {
        var content = Content(1000);
        var kept = Kept(content);
        await using var writer = await WriterWithAsync(content);
        var commit = await writer.CommitAsync(kept with { Sha1 = kept.Sha1!.ToUpperInvariant() }, Token);
        commit.Stored.ShouldNotBeNull();
    }

    [Fact]
    public async Task Writer_without_commit_leaves_nothing()
    {
        await using (await WriterWithAsync(Content(3 * Chunk)))
        {
        }
        (await ListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Source_that_throws_leaves_nothing()
    {
        await Should.ThrowAsync<InvalidDataException>(async () =>
        {
            await using var writer = await WriterWithAsync(Content(3 * Chunk));
            throw new InvalidDataException("the source broke");
        });
        (await ListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Cancelled_writer_leaves_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        var content = Content(2 * Chunk);
        await using (var writer = await WriterWithAsync(content))
        {
            await cancelled.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(async () => await writer.AdvanceAsync(1, cancelled.Token));
            await Should.ThrowAsync<OperationCanceledException>(async () => await writer.CommitAsync(ExpectedContent.Anything, cancelled.Token));
        }
        (await ListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Disposing_again_and_after_a_commit_is_harmless()
    {
        var writer = await WriterWithAsync(Content(10));
        var stored = (await writer.CommitAsync(ExpectedContent.Anything, Token)).Stored!;
        await writer.DisposeAsync();
        await writer.DisposeAsync();
        (await ReadAsync(stored.Digests.Sha256)).ShouldBe(Content(10));
    }

    [Fact]
    public async Task Writer_commits_once()
    {
        await using var writer = await WriterWithAsync(Content(10));
        await writer.CommitAsync(ExpectedContent.Anything, Token);
        await Should.ThrowAsync<InvalidOperationException>(async () => await writer.CommitAsync(ExpectedContent.Anything, Token));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(2 * Chunk)]
    public async Task Same_content_by_many_at_once_is_stored_once(int length)
    {
        var content = Content(length);
        var stored = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(
            () => StoreAsync(content, i % 2 == 0 ? Durability.Durable : Durability.Refetchable), Token)));
        stored.Distinct().Count().ShouldBe(1);
        (await ListAsync()).Select(info => (info.Digest, info.Length)).ShouldBe([(stored[0].Digests.Sha256, (long)length)]);
        (await ReadAsync(stored[0].Digests.Sha256)).ShouldBe(content);
    }

    [Fact]
    public async Task Bytes_can_be_read_while_they_are_written_and_after()
    {
        var content = Content(Chunk + 100);
        await using var writer = await Store.CreateAsync(Durability.Refetchable, Token);
        await writer.FillAsync(content.AsMemory(0, 100));
        await using var written = writer.OpenWritten();
        written.Length.ShouldBe(100);
        (await written.AllAsync()).ShouldBe(content[..100]);
        await writer.FillAsync(content.AsMemory(100));
        (await written.AllAsync()).ShouldBe(content);
        await writer.CommitAsync(ExpectedContent.Anything, Token);
        await writer.DisposeAsync();
        (await written.AllAsync()).ShouldBe(content);
    }

    [Fact]
    public async Task Deleted_blob_is_gone_but_reads_on_for_who_has_it_open()
    {
        var content = Content(1000);
        var digest = (await StoreAsync(content)).Digests.Sha256;
        await using var open = (await Store.OpenAsync(digest, Token))!;
        (await Store.DiscardAsync(digest, DateTimeOffset.MaxValue, Token)).ShouldBeTrue();
        (await Store.DiscardAsync(digest, DateTimeOffset.MaxValue, Token)).ShouldBeFalse();
        (await Store.OpenAsync(digest, Token)).ShouldBeNull();
        (await open.AllAsync()).ShouldBe(content);
    }

    [Fact]
    public async Task Blob_written_again_since_is_not_deleted()
    {
        var content = Content(1000);
        var digest = (await StoreAsync(content)).Digests.Sha256;
        var writtenAt = (await ListAsync()).Single().WrittenAt;
        (await Store.DeleteAsync(digest, writtenAt, Token)).ShouldBeFalse();
        (await Store.DeleteAsync(digest, writtenAt.AddHours(-1), Token)).ShouldBeFalse();
        (await Store.OpenAsync(digest, Token)).ShouldNotBeNull();
        (await Store.DeleteAsync(digest, writtenAt.AddHours(1), Token)).ShouldBeTrue();
        (await ListAsync()).ShouldNotContain(info => info.Digest == digest);
    }

    [Fact]
    public async Task Reads_reach_any_offset_and_end_at_the_end()
    {
        var content = Content(1000);
        await using var blob = (await Store.OpenAsync((await StoreAsync(content)).Digests.Sha256, Token))!;
        var buffer = new byte[100];
        (await blob.ReadAsync(950, buffer, Token)).ShouldBe(50);
        buffer[..50].ShouldBe(content[950..]);
        (await blob.ReadAsync(1000, buffer, Token)).ShouldBe(0);
        (await blob.ReadAsync(5000, buffer, Token)).ShouldBe(0);
    }

    [Fact]
    public async Task Listing_names_every_blob_and_can_be_cancelled()
    {
        var stored = new List<Sha256>();
        for (var i = 0; i < 20; i++) stored.Add((await StoreAsync(Content(i))).Digests.Sha256);
        (await ListAsync()).Select(info => info.Digest.Hex).Order().ShouldBe(stored.Select(digest => digest.Hex).Order());

        using var cancelled = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in Store.ListAsync(cancelled.Token)) await cancelled.CancelAsync();
        });
    }

    protected static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    protected Task<StoredBlob> StoreAsync(byte[] content, Durability durability = Durability.Durable) => Store.StoreAsync(content, durability);

    protected Task<byte[]?> ReadAsync(Sha256 digest) => Store.ReadAsync(digest);

    private async Task<BlobWriter> WriterWithAsync(byte[] content)
    {
        var writer = await Store.CreateAsync(Durability.Durable, Token);
        await writer.FillAsync(content);
        return writer;
    }

    private async Task<List<BlobInfo>> ListAsync()
    {
        var all = new List<BlobInfo>();
        await foreach (var info in Store.ListAsync(Token)) all.Add(info);
        return all;
    }

    private static ExpectedContent Kept(byte[] content) => new(
        content.Length, Convert.ToHexStringLower(MD5.HashData(content)), Convert.ToHexStringLower(SHA1.HashData(content)),
        Convert.ToHexStringLower(SHA256.HashData(content)), Convert.ToHexStringLower(SHA512.HashData(content)));
}
