using Larder.Storage.Upstreams;
using Larder.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Larder.Storage.Tests.Upstreams;

/// <summary>Manners towards a host: what is sent, and what is not.</summary>
public sealed class UpstreamHostTests : IAsyncLifetime
{
    private readonly ScriptedUpstream upstream = new();
    private readonly LoopbackConnector connector = new();
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private UpstreamClient client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        client = ClientWith(new UpstreamClientOptions { BreakerFailures = 3 });
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await upstream.DisposeAsync();
    }

    [Theory]
    [InlineData(429, "60", 60)]
    [InlineData(503, "60", 60)]
    [InlineData(429, null, 10)]
    [InlineData(429, "86400", 900)]
    public async Task Host_that_asks_for_a_pause_gets_it(int status, string? retryAfter, int seconds)
    {
        if (retryAfter is null) upstream.Status("/a", status);
        else upstream.Status("/a", status, ("Retry-After", retryAfter));
        await FailureAsync("/a");
        upstream.File("/b", [1]);
        time.Advance(TimeSpan.FromSeconds(seconds - 1));
        var refused = await FailureAsync("/b");
        (refused.Kind, refused.RetryAfter).ShouldBe((UpstreamFailureKind.RateLimited, TimeSpan.FromSeconds(1)));
        upstream.Count("/b").ShouldBe(0);
        client.Describe(At("/"))!.State.ShouldBe(UpstreamHostCondition.RateLimited);
        time.Advance(TimeSpan.FromSeconds(1));
        await FoundAsync("/b");
    }

    [Fact]
    public async Task Host_that_fails_in_a_row_rests_and_one_request_finds_out_whether_it_is_back()
    {
        upstream.Status("/a", 500);
        for (var i = 0; i < 3; i++) (await FailureAsync("/a")).Kind.ShouldBe(UpstreamFailureKind.ServerError);
        var refused = await FailureAsync("/a");
        refused.Detail.ShouldContain("rests");
        upstream.Count("/a").ShouldBe(3);
        client.Describe(At("/")).ShouldBe(new UpstreamHostState(
            "http://repo.example", UpstreamHostCondition.Resting, time.GetUtcNow().AddSeconds(10), 3,
            UpstreamFailure.OfStatus(500), Sent: 3, Avoided: 1) { LastFailureAt = time.GetUtcNow() });

        time.Advance(TimeSpan.FromSeconds(10));
        await FailureAsync("/a"); // the probe
        await FailureAsync("/a");
        upstream.Count("/a").ShouldBe(4);
        time.Advance(TimeSpan.FromSeconds(19)); // twice as long
        await FailureAsync("/a");
        upstream.Count("/a").ShouldBe(4);

        upstream.File("/a", [1]);
        time.Advance(TimeSpan.FromSeconds(1));
        await FoundAsync("/a");
        client.Describe(At("/"))!.State.ShouldBe(UpstreamHostCondition.Answering);
    }

    [Fact]
    public async Task Only_one_request_at_a_time_tries_a_resting_host()
    {
        upstream.Status("/a", 500);
        for (var i = 0; i < 3; i++) await FailureAsync("/a");
        time.Advance(TimeSpan.FromSeconds(10));
        var (asked, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        upstream.On("/slow", async (_, answer) =>
        {
            asked.TrySetResult();
            await release.Task;
            await answer.HeadAsync(404, ("Content-Length", "0"));
        });
        var probe = client.GetAsync(new UpstreamRequest(At("/slow")), Token);
        await asked.Task.WaitAsync(Token);
        (await FailureAsync("/a")).Detail.ShouldContain("tried again");
        release.SetResult();
        (await probe).ShouldBe(new UpstreamOutcome.Absent(404)); // an answer, so the host is back
        upstream.File("/a", [1]);
        await FoundAsync("/a");
    }

    [Fact]
    public async Task Probe_that_is_given_up_leaves_the_place_to_the_next()
    {
        upstream.Status("/a", 500);
        for (var i = 0; i < 3; i++) await FailureAsync("/a");
        time.Advance(TimeSpan.FromSeconds(10));
        var asked = new TaskCompletionSource();
        upstream.On("/slow", async (_, answer) =>
        {
            asked.TrySetResult();
            await answer.IsConnectedAsync();
            answer.Close();
        });
        using var cancelled = new CancellationTokenSource();
        var probe = client.GetAsync(new UpstreamRequest(At("/slow")), cancelled.Token);
        await asked.Task.WaitAsync(Token);
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(probe);
        upstream.File("/a", [1]);
        await FoundAsync("/a");
    }

    [Theory]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(403)]
    public async Task Answer_that_says_nothing_about_the_host_never_rests_it(int status)
    {
        upstream.Status("/a", status);
        for (var i = 0; i < 10; i++) await client.GetAsync(new UpstreamRequest(At("/a")), Token);
        upstream.Count("/a").ShouldBe(10);
    }

    [Fact]
    public async Task Rate_is_kept_after_the_burst()
    {
        client.Dispose();
        client = ClientWith(new UpstreamClientOptions { RequestsPerSecond = 2, RequestBurst = 3 });
        upstream.File("/a", [1]);
        for (var i = 0; i < 3; i++) await FoundAsync("/a");
        var waiting = FoundAsync("/a");
        waiting.IsCompleted.ShouldBeFalse();
        upstream.Count("/a").ShouldBe(3);
        time.Advance(TimeSpan.FromSeconds(0.5));
        await waiting;
    }

    private UpstreamClient ClientWith(UpstreamClientOptions options)
    {
        connector.Map("repo.example", "203.0.113.7", upstream.Port);
        return new UpstreamClient(new AddressGuard([], connector), connector, options, time);
    }

    private static Uri At(string path) => new("http://repo.example" + path);

    private async Task FoundAsync(string path) =>
        await (await client.GetAsync(new UpstreamRequest(At(path)), Token)).ShouldBeOfType<UpstreamOutcome.Found>().Body.DisposeAsync();

    private async Task<UpstreamFailure> FailureAsync(string path) =>
        (await client.GetAsync(new UpstreamRequest(At(path)), Token)).ShouldBeOfType<UpstreamOutcome.Failed>().Failure;
}
