using System.Collections.Concurrent;
using System.Security.Cryptography;
using Larder.Storage.Blobs;
using Larder.Storage.Upstreams;
using Larder.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Storage.Tests.Upstreams;

public sealed class DownloadsTests : IAsyncLifetime
{
    private const string Path = "/file.jar";
    private readonly TemporaryDirectory folder = new();
    private readonly ScriptedUpstream upstream = new();
    private FileSystemBlobStore blobs = null!;
    private UpstreamClient client = null!;
    private Downloads downloads = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        blobs = new FileSystemBlobStore(new FileSystemBlobOptions { Root = folder.Path }, TimeProvider.System, NullLogger<FileSystemBlobStore>.Instance);
        var connector = new LoopbackConnector();
        client = new UpstreamClient(new AddressGuard(["127.0.0.1"], connector), connector, new UpstreamClientOptions(), TimeProvider.System);
        downloads = new Downloads(client, blobs, new DownloadOptions { SmallRestBytes = 1000 }, TimeProvider.System, NullLogger<Downloads>.Instance);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await downloads.DisposeAsync();
        Directory.GetFiles(folder["temp"]).ShouldBeEmpty();
        client.Dispose();
        await blobs.DisposeAsync();
        await upstream.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Twenty_readers_of_one_file_make_one_request_and_all_get_its_bytes()
    {
        var content = Content(50 << 20);
        var joined = 0;
        var allJoined = new TaskCompletionSource();
        upstream.On(Path, async (_, answer) =>
        {
            await allJoined.Task; // who comes after the end is another story
            await answer.HeadAsync(200, ("Content-Length", $"{content.Length}"));
            await answer.BodyAsync(content);
        });
        var plan = new Plan(upstream);

        var digests = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () =>
        {
            await using var reader = Join(plan);
            if (Interlocked.Increment(ref joined) == 20) allJoined.SetResult();
            (await reader.OpenedAsync(Token)).ShouldBeOfType<DownloadOpening.Streaming>();
            return await DigestAsync(reader);
        }, Token)));

        digests.Distinct().ShouldBe([Convert.ToHexStringLower(SHA256.HashData(content))]);
        upstream.Count(Path).ShouldBe(1);
        (await plan.Published.Task.WaitAsync(Token)).Blob.Digests.Sha256.Hex.ShouldBe(digests[0]);
    }

    [Fact]
    public async Task Reader_sees_bytes_as_soon_as_they_come()
    {
        var release = new TaskCompletionSource();
        upstream.On(Path, async (_, answer) =>
        {
            await answer.HeadAsync(200, ("Content-Length", "2000"));
            await answer.BodyAsync(new byte[1000]);
            await release.Task;
            await answer.BodyAsync(new byte[1000]);
        });
        await using var reader = Join(new Plan(upstream));
        var buffer = new byte[2000];
        var read = 0;
        while (read < 999) read += await reader.ReadAsync(buffer, Token);
        release.SetResult();
        while (read < 2000) read += await reader.ReadAsync(buffer, Token);
        (await reader.ReadAsync(buffer, Token)).ShouldBe(0);
    }

    [Fact]
    public async Task Reader_that_stops_reading_holds_nobody_up()
    {
        upstream.File(Path, Content(20 << 20));
        var plan = new Plan(upstream);
        await using var idle = Join(plan);
        await using var busy = Join(plan);
        await idle.ReadAsync(new byte[10], Token);
        (await DigestAsync(busy)).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Content(20 << 20))));
        (await DigestAsync(idle)).ShouldNotBeEmpty();
        upstream.Count(Path).ShouldBe(1);
    }

    [Fact]
    public async Task Reader_that_gives_up_waiting_harms_nobody()
    {
        var release = Halting(total: 10_000, before: 100);
        var plan = new Plan(upstream);
        await using var other = Join(plan);
        var impatient = Join(plan);
        using var cancelled = new CancellationTokenSource();
        await impatient.OpenedAsync(Token);
        var waiting = Task.Run(async () => await DigestAsync(impatient, cancelled.Token), Token);
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiting);
        await impatient.DisposeAsync();
        release.SetResult();
        (await DigestAsync(other)).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(new byte[10_000])));
    }

    [Fact]
    public async Task Download_is_given_up_when_the_last_reader_leaves_early_and_a_later_one_starts_anew()
    {
        var isConnected = new TaskCompletionSource<bool>();
        upstream.On(Path, async (_, answer) =>
        {
            await answer.HeadAsync(200, ("Content-Length", "10000"));
            await answer.BodyAsync(new byte[100]);
            isConnected.SetResult(await answer.IsConnectedAsync());
        });
        var first = Join(new Plan(upstream));
        await first.ReadAsync(new byte[10], Token);
        await first.DisposeAsync();
        (await isConnected.Task.WaitAsync(Token)).ShouldBeFalse(); // the connection is cut: the rest is not waited for

        upstream.File(Path, Content(10_000));
        await using var second = Join(new Plan(upstream));
        (await DigestAsync(second)).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Content(10_000))));
    }

    [Theory]
    [InlineData(10_000, 6_000)] // past half
    [InlineData(2_000, 1_100)] // the rest is small
    public async Task Download_is_finished_when_the_last_reader_leaves_late(int total, int before)
    {
        var release = Halting(total, before);
        var plan = new Plan(upstream);
        var reader = Join(plan);
        for (var read = 0; read < before - 1;) read += await reader.ReadAsync(new byte[before], Token);
        await reader.DisposeAsync();
        release.SetResult();
        (await plan.Published.Task.WaitAsync(Token)).Blob.Length.ShouldBe(total);
    }

    [Fact]
    public async Task Download_that_must_be_kept_is_finished_whoever_leaves()
    {
        var release = Halting(total: 10_000, before: 1);
        var plan = new Plan(upstream);
        await using (var reader = Join(plan))
        {
            await reader.OpenedAsync(Token);
            reader.KeepFilling();
        }
        release.SetResult();
        (await plan.Published.Task.WaitAsync(Token)).Blob.Length.ShouldBe(10_000);
    }

    [Theory]
    [InlineData("short", UpstreamFailureKind.Truncated)]
    [InlineData("reset", UpstreamFailureKind.Unreachable)]
    [InlineData("checksum", UpstreamFailureKind.ChecksumMismatch)]
    [InlineData("broken chunk", UpstreamFailureKind.Malformed)]
    public async Task Failure_in_the_middle_breaks_every_reader_and_stores_nothing(string lie, UpstreamFailureKind kind)
    {
        var go = new TaskCompletionSource();
        upstream.On(Path, async (_, answer) =>
        {
            await answer.HeadAsync(200, lie switch
            {
                "broken chunk" => [("Transfer-Encoding", "chunked")],
                "checksum" => [("Content-Length", "1000"), ("X-Checksum-Sha1", new string('a', 40))],
                _ => [("Content-Length", "2000")],
            });
            if (lie == "broken chunk") await answer.BodyAsync("3e8\r\n"u8.ToArray());
            await answer.BodyAsync(new byte[999]);
            await go.Task;
            await answer.BodyAsync(new byte[1]);
            if (lie == "broken chunk") await answer.BodyAsync("nonsense\r\n"u8.ToArray());
            if (lie == "reset") answer.Reset();
            else answer.Close();
        });
        var plan = new Plan(upstream);
        var readers = Enumerable.Range(0, 5).Select(_ => Join(plan)).ToList();
        foreach (var reader in readers) (await reader.OpenedAsync(Token)).ShouldBeOfType<DownloadOpening.Streaming>();
        go.SetResult();
        foreach (var reader in readers)
        {
            var broken = await Should.ThrowAsync<DownloadBrokenException>(async () => await DigestAsync(reader));
            broken.Failure.Kind.ShouldBe(kind);
            (await reader.CompletedAsync(Token)).Failure!.Kind.ShouldBe(kind);
            await reader.DisposeAsync();
        }
        await foreach (var blob in blobs.ListAsync(Token)) blob.ShouldBeNull();
        plan.Published.Task.IsCompleted.ShouldBeFalse();
        plan.Failures.Select(failure => failure.Kind).ShouldBe([kind]); // noted once, not by each reader
    }

    [Theory]
    [InlineData("refused")]
    [InlineData("broken")]
    public async Task Who_comes_after_a_failure_that_was_told_asks_anew_even_while_it_is_being_cleaned_up(string how)
    {
        for (var round = 0; round < 50; round++)
        {
            if (how == "refused") upstream.Status(Path, 418);
            else upstream.File(Path, new byte[1000], ("X-Checksum-Md5", new string('b', 32)));
            await using (var reader = Join(new Plan(upstream)))
            {
                if (how == "refused") (await reader.OpenedAsync(Token)).ShouldBeOfType<DownloadOpening.Failed>();
                else await Should.ThrowAsync<DownloadBrokenException>(async () => await DigestAsync(reader));
                upstream.File(Path, Content(10));
                await using var next = Join(new Plan(upstream)); // at once
                (await DigestAsync(next)).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Content(10))));
            }
            await Eventually.UntilAsync(() => downloads.Snapshot().Count == 0); // one that is good may be joined to its end
        }
    }

    [Fact]
    public async Task Complete_looking_body_is_never_shown_before_its_checksum_is_right()
    {
        upstream.File(Path, new byte[1000], ("X-Checksum-Md5", new string('b', 32)));
        await using var reader = Join(new Plan(upstream));
        var read = 0;
        await Should.ThrowAsync<DownloadBrokenException>(async () =>
        {
            while (await reader.ReadAsync(new byte[1000], Token) is > 0 and var count) read += count;
        });
        read.ShouldBeLessThan(1000);
    }

    [Fact]
    public async Task Body_without_a_length_ends_where_it_ends()
    {
        upstream.On(Path, async (_, answer) =>
        {
            await answer.HeadAsync(200, ("Transfer-Encoding", "chunked"));
            await answer.BodyAsync("5\r\nhello\r\n0\r\n\r\n"u8.ToArray());
        });
        await using var reader = Join(new Plan(upstream));
        (await reader.OpenedAsync(Token)).ShouldBeOfType<DownloadOpening.Streaming>().Headers.ContentLength.ShouldBeNull();
        (await DigestAsync(reader)).ShouldBe(Convert.ToHexStringLower(SHA256.HashData("hello"u8)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Body_larger_than_allowed_is_cut_off(bool announced)
    {
        upstream.On(Path, async (_, answer) =>
        {
            await answer.HeadAsync(200, announced ? [("Content-Length", "5000")] : [("Transfer-Encoding", "chunked")]);
            for (var i = 0; i < 5; i++)
            {
                if (!announced) await answer.BodyAsync("3e8\r\n"u8.ToArray());
                await answer.BodyAsync(new byte[1000]);
                if (!announced) await answer.BodyAsync("\r\n"u8.ToArray());
            }
        });
        await using var reader = Join(new Plan(upstream) { MaxBytes = 3000 });
        var failure = await reader.OpenedAsync(Token) is DownloadOpening.Failed failed
            ? failed.Failure
            : (await Should.ThrowAsync<DownloadBrokenException>(async () => await DigestAsync(reader))).Failure;
        failure.Kind.ShouldBe(UpstreamFailureKind.TooLarge);
    }

    [Fact]
    public async Task Who_joins_while_the_row_is_written_gets_the_file_without_a_second_request()
    {
        upstream.File(Path, Content(1000));
        var plan = new Plan(upstream) { HoldPublish = new TaskCompletionSource() };
        await using (var first = Join(plan)) await DigestAsync(first);
        await using var second = Join(new Plan(upstream));
        (await DigestAsync(second)).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Content(1000))));
        plan.HoldPublish.SetResult();
        upstream.Count(Path).ShouldBe(1);
    }

    [Fact]
    public async Task Row_that_cannot_be_written_harms_no_reader()
    {
        upstream.File(Path, Content(1000));
        await using var reader = Join(new Plan(upstream) { PublishFails = true });
        (await DigestAsync(reader)).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Content(1000))));
    }

    [Fact]
    public async Task Absence_is_noted_before_it_is_told()
    {
        upstream.Status(Path, 404);
        var plan = new Plan(upstream);
        await using var reader = Join(plan);
        (await reader.OpenedAsync(Token)).ShouldBe(new DownloadOpening.Absent(404));
        plan.NotedAbsence.ShouldBe(404);
    }

    [Fact]
    public async Task Confirmation_is_written_even_when_everybody_has_left()
    {
        upstream.File(Path, Content(10), ("ETag", "\"one\""));
        var plan = new Plan(upstream) { IfNoneMatch = "\"one\"", HoldPublish = new TaskCompletionSource() };
        await using (var reader = Join(plan)) (await reader.OpenedAsync(Token)).ShouldBeOfType<DownloadOpening.NotModified>();
        plan.HoldPublish.SetResult();
        await plan.Confirmed.Task.WaitAsync(Token);
    }

    [Fact]
    public async Task Overtaken_download_asks_nobody()
    {
        await using var reader = Join(new Plan(upstream) { Overtaken = true });
        (await reader.OpenedAsync(Token)).ShouldBeOfType<DownloadOpening.Overtaken>();
        upstream.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Reader_that_asks_again_after_a_broken_answer_is_not_given_the_broken_one()
    {
        var plan = new Plan(upstream);
        for (var round = 0; round < 100; round++)
        {
            upstream.On(Path, async (_, answer) =>
            {
                await answer.HeadAsync(200, ("Content-Length", "2000"));
                await answer.BodyAsync(new byte[1000]);
                answer.Close();
            });
            var key = new DownloadKey(round, Path);
            await using var broken = downloads.Join(key, () => plan);
            await Should.ThrowAsync<DownloadBrokenException>(async () => await DigestAsync(broken));
            upstream.File(Path, Content(1000));
            await using var again = downloads.Join(key, () => plan);
            (await DigestAsync(again)).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Content(1000))));
        }
    }

    [Fact]
    public async Task Running_downloads_can_be_looked_at()
    {
        var release = Halting(total: 10_000, before: 6_000);
        await using var reader = Join(new Plan(upstream));
        for (var read = 0; read < 5_999;) read += await reader.ReadAsync(new byte[6_000], Token);
        var running = downloads.Snapshot().ShouldHaveSingleItem();
        (running.Key, running.Bytes, running.Length, running.Readers).ShouldBe((new DownloadKey(1, Path), 5_999L, (long?)10_000L, 1));
        release.SetResult();
        await DigestAsync(reader);
    }

    private DownloadReader Join(Plan plan) => downloads.Join(new DownloadKey(1, Path), () => plan);

    // Sends a part, and the rest when it is released.
    private TaskCompletionSource Halting(int total, int before)
    {
        var release = new TaskCompletionSource();
        upstream.On(Path, async (_, answer) =>
        {
            await answer.HeadAsync(200, ("Content-Length", $"{total}"));
            await answer.BodyAsync(new byte[before]);
            await release.Task;
            await answer.BodyAsync(new byte[total - before]);
        });
        return release;
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private static async Task<string> DigestAsync(DownloadReader reader, CancellationToken? token = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[64 * 1024];
        while (await reader.ReadAsync(buffer, token ?? Token) is > 0 and var read) hash.AppendData(buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private sealed class Plan : DownloadPlan
    {
        private readonly ScriptedUpstream upstream;

        public Plan(ScriptedUpstream upstream) => this.upstream = upstream;

        public override UpstreamRequest Request
        {
            get => new(new Uri(upstream.Url + Path), IfNoneMatch: IfNoneMatch);
            init => throw new NotSupportedException();
        }

        public override long MaxBytes { get; init; } = 1 << 30;
        public string? IfNoneMatch { get; init; }
        public bool Overtaken { get; init; }
        public bool PublishFails { get; init; }
        public TaskCompletionSource? HoldPublish { get; init; }
        public TaskCompletionSource<CompletedDownload> Published { get; } = new();
        public TaskCompletionSource Confirmed { get; } = new();
        public int? NotedAbsence { get; private set; }

        public override ValueTask<bool> IsOvertakenAsync(CancellationToken cancellationToken) => new(Overtaken);

        public override UpstreamFailure? Refuse(UpstreamHeaders headers) => null;

        public ConcurrentQueue<UpstreamFailure> Failures { get; } = [];

        public override void NoteFailure(UpstreamFailure failure) => Failures.Enqueue(failure);

        public override void NoteAbsence(int status) => NotedAbsence = status;

        public override async Task ConfirmAsync(CancellationToken cancellationToken)
        {
            if (HoldPublish is not null) await HoldPublish.Task;
            cancellationToken.ThrowIfCancellationRequested();
            Confirmed.SetResult();
        }

        public override async Task PublishAsync(CompletedDownload completed, CancellationToken cancellationToken)
        {
            if (PublishFails) throw new InvalidOperationException("the database is gone");
            if (HoldPublish is not null) await HoldPublish.Task;
            Published.SetResult(completed);
        }
    }
}
