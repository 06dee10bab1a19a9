using System.Net;
using System.Net.Sockets;
using Larder.Storage.Upstreams;
using Larder.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Larder.Storage.Tests.Upstreams;

public sealed class UpstreamClientTests : IAsyncLifetime
{
    private readonly ScriptedUpstream upstream = new();
    private readonly ScriptedUpstream other = new();
    private readonly LoopbackConnector connector = new();
    private readonly FakeTimeProvider time = new();
    private UpstreamClient client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        connector.Map("repo.example", "203.0.113.7", upstream.Port);
        connector.Map("other.example", "203.0.113.8", other.Port);
        connector.Map("internal.example", "10.1.2.3", other.Port);
        client = new UpstreamClient(new AddressGuard([], connector), connector, new UpstreamClientOptions(), time);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await upstream.DisposeAsync();
        await other.DisposeAsync();
        connector.Escapes.ShouldBeEmpty();
    }

    [Fact]
    public async Task File_comes_with_what_its_head_says()
    {
        upstream.File("/a.jar", "content"u8.ToArray(), ("Content-Type", "application/java-archive"), ("ETag", "\"e 1\""),
            ("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"), ("X-Checksum-Sha1", new string('A', 40)), ("X-Checksum-Md5", "nonsense"));

        var found = (await GetAsync("/a.jar")).ShouldBeOfType<UpstreamOutcome.Found>();

        await using (found.Body)
        {
            found.Headers.ShouldBe(new UpstreamHeaders(7, "application/java-archive", "\"e 1\"", "Mon, 01 Jan 2024 00:00:00 GMT",
                new(Length: 7, Sha1: new string('a', 40))));
            var buffer = new byte[100];
            (await found.Body.ReadAsync(buffer, Token)).ShouldBe((7, null));
            (await found.Body.ReadAsync(buffer, Token)).ShouldBe((0, null));
        }
        var request = upstream.Requests.ShouldHaveSingleItem();
        request.Headers["user-agent"].ShouldBe("Larder");
        request.Headers["accept-encoding"].ShouldBe("identity");
        request.Headers.Keys.ShouldNotContain("authorization");
        request.Headers.Keys.ShouldNotContain("traceparent");
    }

    [Fact]
    public async Task Validators_make_the_request_conditional()
    {
        upstream.On("/a.jar", (_, answer) => answer.HeadAsync(304));
        var outcome = await client.GetAsync(new UpstreamRequest(At("/a.jar"), IfNoneMatch: "\"x\"", IfModifiedSince: "Mon, 01 Jan 2024 00:00:00 GMT"), Token);
        outcome.ShouldBeOfType<UpstreamOutcome.NotModified>();
        var headers = upstream.Requests.ShouldHaveSingleItem().Headers;
        (headers["if-none-match"], headers["if-modified-since"]).ShouldBe(("\"x\"", "Mon, 01 Jan 2024 00:00:00 GMT"));
    }

    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(410)]
    public async Task Status_of_absence_is_absence(int status)
    {
        upstream.Status("/a.jar", status);
        (await GetAsync("/a.jar")).ShouldBe(new UpstreamOutcome.Absent(status));
    }

    [Theory]
    [InlineData(401, UpstreamFailureKind.Refused)]
    [InlineData(407, UpstreamFailureKind.Refused)]
    [InlineData(429, UpstreamFailureKind.RateLimited)]
    [InlineData(500, UpstreamFailureKind.ServerError)]
    [InlineData(502, UpstreamFailureKind.ServerError)]
    [InlineData(503, UpstreamFailureKind.ServerError)]
    [InlineData(304, UpstreamFailureKind.UnexpectedStatus)]
    [InlineData(206, UpstreamFailureKind.UnexpectedStatus)]
    [InlineData(204, UpstreamFailureKind.UnexpectedStatus)]
    [InlineData(400, UpstreamFailureKind.UnexpectedStatus)]
    [InlineData(418, UpstreamFailureKind.UnexpectedStatus)]
    public async Task Status_of_failure_is_a_failure_and_not_an_absence(int status, UpstreamFailureKind kind)
    {
        upstream.Status("/a.jar", status);
        (await FailureAsync("/a.jar")).Kind.ShouldBe(kind);
    }

    [Theory]
    [InlineData("120", 120)]
    [InlineData("Sat, 01 Jan 2000 00:02:00 GMT", 120)]
    [InlineData("Fri, 31 Dec 1999 00:00:00 GMT", null)]
    [InlineData("soon", null)]
    public async Task Retry_after_is_read_in_both_forms(string value, int? seconds)
    {
        time.SetUtcNow(new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero));
        upstream.Status("/a.jar", 429, ("Retry-After", value));
        (await FailureAsync("/a.jar")).RetryAfter.ShouldBe(seconds is { } s ? TimeSpan.FromSeconds(s) : null);
    }

    [Fact]
    public async Task Compressed_answer_is_refused()
    {
        upstream.File("/a.jar", [1, 2, 3], ("Content-Encoding", "gzip"));
        (await FailureAsync("/a.jar")).Kind.ShouldBe(UpstreamFailureKind.Malformed);
    }

    [Fact]
    public async Task Head_of_a_megabyte_is_refused()
    {
        upstream.File("/a.jar", [1], ("X-Long", new string('x', 1 << 20)));
        (await FailureAsync("/a.jar")).Kind.ShouldBe(UpstreamFailureKind.Malformed);
    }

    [Fact]
    public async Task Answer_that_is_not_HTTP_is_malformed()
    {
        upstream.On("/a.jar", async (_, answer) =>
        {
            await answer.BodyAsync("SSH-2.0-OpenSSH_9.2\r\n\r\n"u8.ToArray());
            answer.Close();
        });
        (await FailureAsync("/a.jar")).Kind.ShouldBe(UpstreamFailureKind.Malformed);
    }

    [Fact]
    public async Task Nobody_listening_is_unreachable()
    {
        upstream.Stop();
        (await FailureAsync("/a.jar")).Kind.ShouldBe(UpstreamFailureKind.Unreachable);
    }

    [Fact]
    public async Task Name_without_an_address_is_unreachable() =>
        (await FailureAsync(new UpstreamRequest(new Uri("http://nowhere.example/a.jar")))).Kind.ShouldBe(UpstreamFailureKind.Unreachable);

    [Fact]
    public async Task Head_that_does_not_come_times_out()
    {
        var asked = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        upstream.On("/a.jar", async (_, answer) =>
        {
            asked.SetResult();
            await release.Task;
            answer.Close();
        });
        var failure = FailureAsync("/a.jar");
        await asked.Task.WaitAsync(Token);
        time.Advance(TimeSpan.FromSeconds(41));
        (await failure).Kind.ShouldBe(UpstreamFailureKind.TimedOut);
        release.SetResult();
    }

    [Fact]
    public async Task Body_that_stalls_times_out_but_a_slow_one_does_not()
    {
        var next = new SemaphoreSlim(0);
        upstream.On("/a.jar", async (_, answer) =>
        {
            await answer.HeadAsync(200, ("Content-Length", "10"));
            for (var i = 0; i < 3; i++)
            {
                await answer.BodyAsync(new byte[1]);
                await next.WaitAsync();
            }
        });
        var found = (await GetAsync("/a.jar")).ShouldBeOfType<UpstreamOutcome.Found>();
        await using var body = found.Body;
        var buffer = new byte[10];
        for (var i = 0; i < 3; i++)
        {
            (await body.ReadAsync(buffer, Token)).ShouldBe((1, null));
            time.Advance(TimeSpan.FromSeconds(29)); // together far more than the time-out: it measures idleness
            if (i < 2) next.Release();
        }
        var stalled = body.ReadAsync(buffer, Token);
        stalled.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(31));
        (await stalled).Failure!.Kind.ShouldBe(UpstreamFailureKind.TimedOut);
        next.Release(10);
    }

    [Fact]
    public async Task Connection_that_cannot_be_secured_is_unreachable()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        connector.Map("secure.example", "203.0.113.9", ((IPEndPoint)listener.LocalEndpoint).Port);
        var serving = Task.Run(async () =>
        {
            using var connection = await listener.AcceptTcpClientAsync(Token);
            await connection.GetStream().WriteAsync("no TLS here"u8.ToArray(), Token);
        }, Token);
        (await FailureAsync(new UpstreamRequest(new Uri("https://secure.example/")))).Kind.ShouldBe(UpstreamFailureKind.Unreachable);
        await serving;
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirect_is_followed_also_to_a_relative_address(int status)
    {
        upstream.Status("/a.jar", status, ("Location", "../b.jar"));
        upstream.File("/b.jar", [1, 2, 3]);
        var found = (await GetAsync("/a.jar")).ShouldBeOfType<UpstreamOutcome.Found>();
        await found.Body.DisposeAsync();
        found.Headers.ContentLength.ShouldBe(3);
    }

    [Fact]
    public async Task Redirect_in_a_circle_ends()
    {
        upstream.Status("/a.jar", 302, ("Location", "/a.jar"));
        (await FailureAsync("/a.jar")).Kind.ShouldBe(UpstreamFailureKind.BadRedirect);
        upstream.Count("/a.jar").ShouldBe(6);
    }

    [Theory]
    [InlineData("ftp://other.example/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://user:word@other.example/")]
    [InlineData("http://")]
    [InlineData("")]
    public async Task Redirect_that_may_not_be_followed_is_refused(string location)
    {
        upstream.Status("/a.jar", 302, ("Location", location));
        (await FailureAsync("/a.jar")).Kind.ShouldBe(UpstreamFailureKind.BadRedirect);
        other.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("http://internal.example/")]
    [InlineData("http://10.1.2.3/")]
    [InlineData("http://127.0.0.1:22/")]
    [InlineData("http://localhost/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://[::1]/")]
    [InlineData("http://[::ffff:10.1.2.3]/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://0x7f.1/")]
    public async Task Redirect_to_a_private_address_is_refused(string location)
    {
        connector.Resolve("localhost", () => [IPAddress.Loopback]);
        upstream.Status("/a.jar", 302, ("Location", location));
        (await FailureAsync("/a.jar")).Kind.ShouldBe(UpstreamFailureKind.AddressBlocked);
        other.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Name_that_turns_private_after_it_was_checked_is_refused_when_it_is_dialled()
    {
        var answers = new Queue<string>(["203.0.113.7", "10.1.2.3"]);
        connector.Resolve("rebind.example", () => [IPAddress.Parse(answers.Dequeue())]);
        var guard = new AddressGuard([], connector);
        (await guard.CheckAsync("rebind.example", 80, Token)).ShouldBe(AddressVerdict.Allowed);
        (await FailureAsync(new UpstreamRequest(new Uri("http://rebind.example/a.jar")))).Kind.ShouldBe(UpstreamFailureKind.AddressBlocked);
        connector.Dialled.ShouldBeEmpty();
    }

    [Fact]
    public async Task Credentials_go_to_their_origin()
    {
        upstream.File("/a.jar", [1]);
        await GetAsync("/a.jar", new UpstreamCredentials("me", "secret"));
        upstream.Requests.ShouldHaveSingleItem().Headers["authorization"].ShouldBe("Basic bWU6c2VjcmV0");
    }

    [Theory]
    [InlineData("http://other.example/a.jar")]
    [InlineData("http://repo.example:81/a.jar")]
    public async Task Credentials_do_not_go_to_another_origin(string location)
    {
        connector.Map("repo.example", "203.0.113.7", upstream.Port);
        upstream.On("/a.jar", (request, answer) => request.Headers["host"] == "repo.example"
            ? answer.HeadAsync(302, ("Location", location), ("Content-Length", "0"))
            : answer.HeadAsync(404, ("Content-Length", "0")));
        await GetAsync("/a.jar", new UpstreamCredentials("me", "secret"));
        var hop = upstream.Requests.Concat(other.Requests).Single(request => request.Headers["host"] != "repo.example");
        hop.Headers.Keys.ShouldNotContain("authorization");
    }

    [Fact]
    public async Task Credentials_stay_away_when_a_redirect_comes_back()
    {
        upstream.Status("/a.jar", 302, ("Location", "http://other.example/b.jar"));
        other.Status("/b.jar", 302, ("Location", "http://repo.example/c.jar"));
        upstream.File("/c.jar", [1]);
        await GetAsync("/a.jar", new UpstreamCredentials("me", "secret"));
        upstream.Requests.Single(request => request.Path == "/c.jar").Headers.Keys.ShouldNotContain("authorization");
    }

    [Fact]
    public async Task Failure_names_no_secret()
    {
        upstream.Status("/a.jar", 401);
        var failure = (await GetAsync("/a.jar", new UpstreamCredentials("me", "secret"))).ShouldBeOfType<UpstreamOutcome.Failed>();
        failure.ToString().ShouldNotContain("secret");
        new UpstreamCredentials("me", "secret").ToString().ShouldNotContain("secret");
    }

    [Fact]
    public async Task Head_tells_status_and_reason()
    {
        upstream.Status("/a.jar", 503);
        var (status, reason, failure) = await client.HeadAsync(new UpstreamRequest(At("/a.jar")), Token);
        (status, reason, failure).ShouldBe((503, "ServiceUnavailable", null));
        upstream.Requests.ShouldHaveSingleItem().Method.ShouldBe("HEAD");
    }

    [Fact]
    public async Task Caller_that_leaves_ends_the_request()
    {
        var asked = new TaskCompletionSource();
        var gone = new TaskCompletionSource<bool>();
        upstream.On("/a.jar", async (_, answer) =>
        {
            asked.SetResult();
            gone.SetResult(await answer.IsConnectedAsync());
        });
        using var cancelled = new CancellationTokenSource();
        var pending = client.GetAsync(new UpstreamRequest(At("/a.jar")), cancelled.Token);
        await asked.Task.WaitAsync(Token);
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(pending);
        (await gone.Task.WaitAsync(Token)).ShouldBeFalse();
    }

    private static Uri At(string path) => new("http://repo.example" + path);

    private async Task<UpstreamOutcome> GetAsync(string path, UpstreamCredentials? credentials = null)
    {
        var outcome = await client.GetAsync(new UpstreamRequest(At(path), credentials), Token);
        return outcome;
    }

    private Task<UpstreamFailure> FailureAsync(string path) => FailureAsync(new UpstreamRequest(At(path)));

    private async Task<UpstreamFailure> FailureAsync(UpstreamRequest request) =>
        (await client.GetAsync(request, Token)).ShouldBeOfType<UpstreamOutcome.Failed>().Failure;
}
