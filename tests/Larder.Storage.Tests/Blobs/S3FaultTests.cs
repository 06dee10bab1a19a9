using System.Security.Cryptography;
using Larder.Storage.Blobs;
using Larder.Storage.Blobs.S3;
using Larder.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sha256 = Larder.Storage.Blobs.Sha256;

namespace Larder.Storage.Tests.Blobs;

/// <summary>What the store does when something goes wrong between it and a real gateway.</summary>
public sealed class S3FaultTests : IAsyncLifetime
{
    private const int Tries = 4;

    private readonly TemporaryDirectory folder = new();
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private CephGateway gateway = null!;
    private FaultProxy proxy = null!;
    private S3BlobOptions direct = null!;
    private S3BlobStore store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        gateway = await CephGateway.SharedAsync();
        proxy = new FaultProxy(gateway.Port);
        direct = await CephGateway.OptionsOfNewBucketAsync(folder["direct"]) with { PartBytes = 5 << 20 };
        store = New(direct with { ServiceUrl = proxy.Url, LocalFolder = folder["proxied"] });
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await proxy.DisposeAsync();
        folder.Dispose();
    }

    [Theory]
    [InlineData(503, "SlowDown")]
    [InlineData(503, "ServiceUnavailable")]
    [InlineData(500, "InternalError")]
    public async Task Passing_failure_is_tried_again(int status, string code)
    {
        proxy.Plan = request => request.Number <= 2 ? Fault.Answer(status, code) : Fault.None;
        var content = Content(100_000);
        var digest = await StoreAsync(content);
        proxy.ForgetRequests();
        (await ReadAsync(digest)).ShouldBe(content);
        proxy.Requests.Count.ShouldBe(3);
    }

    [Theory]
    [InlineData(503, "SlowDown", Tries, "503 SlowDown")]
    [InlineData(500, "InternalError", Tries, "500 InternalError")]
    [InlineData(403, "AccessDenied", 1, "refuses this server (AccessDenied)")]
    [InlineData(404, "NoSuchBucket", 1, "does not exist")]
    public async Task Lasting_failure_is_told_after_its_number_of_tries(int status, string code, int tries, string reason)
    {
        proxy.Plan = _ => Fault.Answer(status, code);
        var failure = await Should.ThrowAsync<BlobStoreUnavailableException>(async () => await store.OpenAsync(Digest(Content(1)), Token));
        failure.Message.ShouldContain(reason);
        proxy.Requests.Count.ShouldBe(tries);
    }

    [Fact]
    public async Task Bucket_over_its_quota_is_full_and_asked_once()
    {
        proxy.Plan = request => request.Method == "PUT" ? Fault.Answer(403, "QuotaExceeded") : Fault.None;
        await Should.ThrowAsync<BlobStoreFullException>(() => StoreAsync(Content(1000)));
        proxy.Requests.Count(request => request.Method == "PUT").ShouldBe(1);
        await NothingIsThereAsync(Content(1000));
    }

    [Fact]
    public async Task Upload_that_breaks_once_is_sent_again()
    {
        // Several, for a client that asks before it sends a body sends only the rest of it again, now and then.
        for (var round = 0; round < 20; round++)
        {
            proxy.ForgetRequests();
            proxy.Plan = request => FirstOf("PUT", request) ? new Fault { CutRequestAfter = 50_000 } : Fault.None;
            var content = Content(200_000 + round);
            var digest = await StoreAsync(content);
            (await ReadDirectlyAsync(digest)).ShouldBe(content);
            proxy.Requests.ShouldNotContain(request => request.Head.Contains("\r\nExpect:", StringComparison.OrdinalIgnoreCase));
        }
    }

    [Theory]
    [InlineData(200_000)]
    [InlineData(12 << 20)]
    public async Task Upload_that_always_breaks_fails_and_leaves_nothing(int length)
    {
        proxy.Plan = request => request.Method == "PUT" ? new Fault { CutRequestAfter = 50_000 } : Fault.None;
        await Should.ThrowAsync<BlobStoreUnavailableException>(() => StoreAsync(Content(length)));
        await NothingIsThereAsync(Content(length));
    }

    [Fact]
    public async Task Part_that_breaks_is_sent_again_and_the_others_are_not()
    {
        proxy.Plan = request => FirstOf("PUT", request) ? new Fault { CutRequestAfter = 1 << 20 } : Fault.None;
        var content = Content(12 << 20);
        (await ReadDirectlyAsync(await StoreAsync(content))).ShouldBe(content);
        proxy.Requests.Count(request => request.Method == "PUT").ShouldBe(4);
    }

    [Fact]
    public async Task Upload_whose_last_answer_got_lost_has_succeeded()
    {
        // The bucket has put the parts together; the client is not told, and asks a second time.
        proxy.Plan = request => request.Method == "POST" && request.Target.Contains("uploadId", StringComparison.Ordinal)
            && proxy.Requests.Count(earlier => earlier.Target == request.Target) == 1 ? new Fault { CutAnswerAfter = 10 } : Fault.None;
        var content = Content(6 << 20);
        (await ReadDirectlyAsync(await StoreAsync(content))).ShouldBe(content);
    }

    [Fact]
    public async Task Content_that_is_swept_while_it_is_stored_again_is_sent()
    {
        var content = Content(1000);
        var digest = await StoreAsync(content);
        time.Advance(TimeSpan.FromHours(1));
        proxy.Plan = request => request.Head.Contains("x-amz-copy-source", StringComparison.OrdinalIgnoreCase)
            ? Fault.Answer(404, "NoSuchKey") : Fault.None;
        proxy.ForgetRequests();
        await StoreAsync(content);
        proxy.Requests.Select(request => request.Method).ShouldBe(["HEAD", "PUT", "PUT"]);
        (await ReadDirectlyAsync(digest)).ShouldBe(content);
    }

    [Fact]
    public async Task Same_content_from_two_at_once_is_sent_once()
    {
        var content = Content(3_000_000);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => StoreAsync(content)));
        proxy.Requests.Count(request => request.Method == "PUT").ShouldBe(1);
    }

    [Fact]
    public async Task Download_that_breaks_is_resumed_from_where_it_broke()
    {
        var content = Content(1_000_000);
        var digest = await StoreAsync(content);
        proxy.ForgetRequests();
        proxy.Plan = request => request.Number <= 3 ? new Fault { CutAnswerAfter = 200_000 } : Fault.None;
        (await ReadAsync(digest)).ShouldBe(content);
        var ranges = proxy.Requests.Skip(1).Select(request => Header(request, "Range")).ToList();
        ranges.Count.ShouldBe(3);
        ranges.ShouldBeUnique();
    }

    [Fact]
    public async Task Download_that_breaks_without_a_byte_fails_in_the_end()
    {
        var digest = await StoreAsync(Content(1_000_000));
        proxy.ForgetRequests();
        proxy.Plan = _ => new Fault { CutAnswerAfter = 0 };
        await Should.ThrowAsync<BlobStoreUnavailableException>(() => ReadAsync(digest));
        proxy.Requests.Count.ShouldBe(4);
    }

    [Fact]
    public async Task Download_that_breaks_and_finds_the_bucket_away_fails()
    {
        var digest = await StoreAsync(Content(1_000_000));
        proxy.ForgetRequests();
        proxy.Plan = request => request.Number == 1 ? new Fault { CutAnswerAfter = 300_000 } : Fault.Answer(503, "SlowDown");
        await Should.ThrowAsync<BlobStoreUnavailableException>(() => ReadAsync(digest));
    }

    [Fact]
    public async Task Silence_in_the_middle_of_a_download_is_ended_and_resumed()
    {
        var content = Content(500_000);
        var digest = await StoreAsync(content);
        proxy.ForgetRequests();
        proxy.Plan = request => request.Number == 1 ? new Fault { StallAnswerAfter = 100_000 } : Fault.None;
        (await WhileTimePassesAsync(ReadAsync(digest))).ShouldBe(content);
        proxy.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Bucket_that_never_answers_is_given_up()
    {
        var digest = await StoreAsync(Content(500_000));
        proxy.Plan = _ => new Fault { StallBeforeAnswer = true };
        var failure = await Should.ThrowAsync<BlobStoreUnavailableException>(() => WhileTimePassesAsync(ReadAsync(digest)));
        failure.Message.ShouldContain("did not answer in time");
    }

    [Fact]
    public async Task Broken_download_leaves_no_local_copy()
    {
        var content = Content(500_000);
        var digest = await StoreAsync(content);
        await using var other = New(direct with { ServiceUrl = proxy.Url, LocalFolder = folder["other"] });
        proxy.Plan = _ => new Fault { CutAnswerAfter = 0 };
        for (var i = 0; i < 3; i++) await Should.ThrowAsync<BlobStoreUnavailableException>(() => other.ReadAsync(digest));
        proxy.Plan = _ => Fault.None;
        other.CachedBytes.ShouldBe(0);
        (await other.ReadAsync(digest)).ShouldBe(content);
    }

    [Fact]
    public async Task Reader_that_skips_through_a_proxy_without_ranges_gets_no_wrong_bytes()
    {
        var digest = await StoreAsync(Content(500_000));
        await using var blob = (await New(direct with { ServiceUrl = proxy.Url, LocalFolder = folder["ranges"] }).OpenAsync(digest, Token))!;
        proxy.Rewrite = head => string.Join("\r\n", head.Split("\r\n").Where(line => !line.StartsWith("Range:", StringComparison.OrdinalIgnoreCase)));
        await Should.ThrowAsync<IOException>(async () => await blob.ReadAsync(400_000, new byte[10], Token));
    }

    [Fact]
    public async Task Uploads_in_parts_that_were_left_behind_are_ended_when_they_are_old_and_ours()
    {
        using var client = gateway.Client();
        foreach (var key in new[] { "sha256/ab/abcd", "others/thing" })
            await client.InitiateMultipartUploadAsync(new Amazon.S3.Model.InitiateMultipartUploadRequest { BucketName = direct.Bucket, Key = key }, Token);
        await store.AbortUploadsAsync(DateTimeOffset.UtcNow.AddHours(-1), Token);
        (await UploadsAsync()).ShouldBe(["others/thing", "sha256/ab/abcd"]);
        await store.AbortUploadsAsync(DateTimeOffset.UtcNow.AddHours(1), Token);
        (await UploadsAsync()).ShouldBe(["others/thing"]);
    }

    private bool FirstOf(string method, ProxiedRequest request) =>
        request.Method == method && proxy.Requests.First(earlier => earlier.Method == method) == request;

    private async Task NothingIsThereAsync(byte[] content)
    {
        await using var node = New(direct with { LocalFolder = folder[Guid.NewGuid().ToString("N")] });
        (await node.OpenAsync(Digest(content), Token)).ShouldBeNull();
        (await UploadsAsync()).ShouldBeEmpty();
        store.CachedBytes.ShouldBe(0);
        Directory.GetFiles(folder["proxied/spool"]).ShouldBeEmpty();
    }

    private async Task<List<string>> UploadsAsync()
    {
        using var client = gateway.Client();
        var page = await client.ListMultipartUploadsAsync(new Amazon.S3.Model.ListMultipartUploadsRequest { BucketName = direct.Bucket }, Token);
        return [.. (page.MultipartUploads ?? []).Select(upload => upload.Key).Order(StringComparer.Ordinal)];
    }

    private async Task<T> WhileTimePassesAsync<T>(Task<T> work)
    {
        while (!work.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(work, Task.Delay(10, Token));
        }
        return await work;
    }

    private async Task<Sha256> StoreAsync(byte[] content) => (await store.StoreAsync(content)).Digests.Sha256;

    private async Task<byte[]> ReadDirectlyAsync(Sha256 digest)
    {
        await using var node = New(direct with { LocalFolder = folder[Guid.NewGuid().ToString("N")] });
        return (await node.ReadAsync(digest)).ShouldNotBeNull();
    }

    // From the bucket, whatever the store has kept for itself.
    private async Task<byte[]> ReadAsync(Sha256 digest)
    {
        await using var node = New(direct with { ServiceUrl = proxy.Url, LocalFolder = folder[Guid.NewGuid().ToString("N")] });
        return (await node.ReadAsync(digest)).ShouldNotBeNull();
    }

    private S3BlobStore New(S3BlobOptions options) => new(options, time, NullLogger<S3BlobStore>.Instance);

    private static string Header(ProxiedRequest request, string name) =>
        request.Head.Split("\r\n").Single(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));

    private static Sha256 Digest(byte[] content) => Sha256.FromBytes(SHA256.HashData(content));

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}
