using System.Net;
using Larder.Testing;

namespace Larder.Server.Tests;

/// <summary>The server on a bucket, with a proxy between that plays what goes wrong.</summary>
public sealed class BucketTests : IAsyncLifetime
{
    private const string Files = "/projects/1/packages/generic/app/1.0";
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1_000_000).Select(i => (byte)(i * 7 / 3))];

    private FaultProxy proxy = null!;
    private Dictionary<string, string> settings = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        proxy = new FaultProxy((await CephGateway.SharedAsync()).Port);
        settings = new Dictionary<string, string>
        {
            ["Larder__Blobs__Kind"] = "S3", ["Larder__Blobs__S3__ServiceUrl"] = proxy.Url, ["Larder__Blobs__S3__Bucket"] = await CephGateway.CreateBucketAsync(),
            ["Larder__Blobs__S3__AccessKey"] = CephGateway.AccessKey, ["Larder__Blobs__S3__SecretKey"] = CephGateway.SecretKey,
            ["Larder__Blobs__S3__ForcePathStyle"] = "true", ["Larder__Blobs__S3__CacheBytes"] = "0",
        };
    }

    public ValueTask DisposeAsync() => proxy.DisposeAsync();

    [Theory]
    [InlineData("Bucket", "there-is-none", "The blob store is not available: the bucket does not exist.")]
    [InlineData("SecretKey", "a-wrong-secret", "The blob store is not available: the bucket refuses this server (SignatureDoesNotMatch).")]
    public async Task Start_ends_with_a_line_when_the_bucket_is_set_up_wrongly(string key, string value, string line)
    {
        using var folder = new TemporaryDirectory();
        var environment = new Dictionary<string, string>(settings) { [$"Larder__Blobs__S3__{key}"] = value };
        var run = await Command.TryRunAsync("dotnet",
            [ServerProcess.Program, "--Larder:DataDirectory", folder.Path, "--urls", "http://127.0.0.1:0"], Token, environment: environment);
        (run.ExitCode, run.Errors.Trim()).ShouldBe((1, line));
        run.Output.ShouldNotContain("a-wrong-secret");
    }

    [Fact]
    public async Task Start_without_an_answer_of_the_bucket_waits_to_be_ready()
    {
        proxy.Plan = _ => Fault.Answer(503, "SlowDown");
        var starting = ServerProcess.StartAsync(settings);
        // Four for the start itself, the next for somebody who asks whether it is ready.
        while (proxy.Requests.Count < 5 && !starting.IsCompleted) await Task.Delay(20, Token);
        starting.IsCompleted.ShouldBeFalse();
        proxy.Plan = _ => Fault.None;
        await using var server = await starting;
        server.Log.ShouldContain("\"EventId\":7011");
    }

    [Fact]
    public async Task Readiness_follows_the_bucket_and_asks_it_seldom()
    {
        await using var server = await ServerProcess.StartAsync(settings);
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        proxy.ForgetRequests();
        for (var i = 0; i < 50; i++) await client.GetAsync(new Uri("/-/readiness", UriKind.Relative), Token);
        proxy.Requests.Count.ShouldBeLessThan(25);
        proxy.Plan = _ => Fault.Answer(403, "AccessDenied");
        (await ReadinessAsync(client, HttpStatusCode.ServiceUnavailable)).ShouldBe("the blob store does not answer");
        (await client.GetStringAsync(new Uri("/-/liveness", UriKind.Relative), Token)).ShouldBe("ok");
        proxy.Plan = _ => Fault.None;
        (await ReadinessAsync(client, HttpStatusCode.OK)).ShouldBe("ok");
    }

    [Fact]
    public async Task Clients_are_told_what_is_wrong_and_never_get_a_short_file()
    {
        await using var server = await ServerProcess.StartAsync(settings);
        using var client = await PublishAsync(server);

        proxy.Plan = _ => Fault.Answer(503, "SlowDown");
        var away = await client.AskAsync("GET", $"{Files}/a.bin", Token);
        (away.Status, away.Header("Retry-After")).ShouldBe((503, "10"));
        away.Text.ShouldBe("""{"message":"503 Service Unavailable - the blob store does not answer"}""");

        proxy.Plan = request => request.Method == "PUT" ? Fault.Answer(403, "QuotaExceeded") : Fault.None;
        using (var other = new ByteArrayContent([1, 2, 3]))
            (await client.PutAsync(new Uri(server.Url + $"/api/v4{Files}/b.bin"), other, Token)).StatusCode.ShouldBe(HttpStatusCode.InsufficientStorage);
        (await client.AskAsync("GET", $"{Files}/b.bin", Token)).Status.ShouldBe(404);

        proxy.Plan = request => request.Head.Contains("\r\nRange:", StringComparison.OrdinalIgnoreCase)
            ? Fault.Answer(403, "AccessDenied") : new Fault { CutAnswerAfter = 300_000 };
        await Should.ThrowAsync<HttpRequestException>(client.AskAsync("GET", $"{Files}/a.bin", Token));
        proxy.Plan = _ => Fault.None;
        (await client.GetByteArrayAsync(new Uri(server.Url + $"/api/v4{Files}/a.bin"), Token)).ShouldBe(Content);
        await server.StopAsync();
        server.Log.ShouldContain("\"EventId\":7005");
        server.Log.ShouldNotContain("\"EventId\":7001");
        server.Log.ShouldNotContain(CephGateway.SecretKey);
    }

    [Fact]
    public async Task Download_may_be_sent_to_the_bucket_and_looks_the_same_from_there()
    {
        settings["Larder__Blobs__S3__RedirectDownloads"] = "true";
        await using var server = await ServerProcess.StartAsync(settings);
        using var client = await PublishAsync(server);
        var sent = await Bare(server).AskAsync("GET", $"{Files}/a.bin", Token);
        (sent.Status, sent.Header("Cache-Control"), sent.Text).ShouldBe((302, "no-store", ""));
        sent.Message.Headers.Location!.Host.ShouldBe("127.0.0.1");
        var followed = await CurlAsync(server, "-L");
        followed.Body.ShouldBe(Content);
        var streamed = await CurlAsync(server, "-L", "-H", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT");
        streamed.Body.ShouldBe(Content);
        foreach (var name in new[] { "Content-Type", "Content-Disposition", "Content-Length" })
            followed.Header(name).ShouldBe(streamed.Header(name));
        (await client.AskAsync("HEAD", $"{Files}/a.bin", Token)).Header("Content-Length").ShouldBe($"{Content.Length}");
        (await CurlAsync(server, "-L", "-r", "500000-")).Body.ShouldBe(Content[500_000..]);
    }

    [Fact]
    public async Task Signed_URL_expires_and_is_for_one_object()
    {
        (settings["Larder__Blobs__S3__RedirectDownloads"], settings["Larder__Blobs__S3__RedirectSeconds"]) = ("true", "2");
        await using var server = await ServerProcess.StartAsync(settings);
        using var client = await PublishAsync(server);
        var link = (await Bare(server).AskAsync("GET", $"{Files}/a.bin", Token)).Message.Headers.Location!;
        using var nobody = new HttpClient();
        (await nobody.GetAsync(new Uri(link.AbsoluteUri.Replace("a.bin", "b.exe", StringComparison.Ordinal)), Token)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        while ((await nobody.GetAsync(link, Token)).StatusCode != HttpStatusCode.Forbidden) await Task.Delay(50, Token);
    }

    [Fact]
    public async Task Without_the_option_every_byte_goes_through_the_server()
    {
        await using var server = await ServerProcess.StartAsync(settings);
        using var client = await PublishAsync(server);
        (await Bare(server).AskAsync("GET", $"{Files}/a.bin", Token)).Status.ShouldBe(200);
    }

    private static async Task<HttpClient> PublishAsync(ServerProcess server)
    {
        var client = server.Client();
        (await client.PostAsync(new Uri("projects?name=p&path=p", UriKind.Relative), null, Token)).EnsureSuccessStatusCode();
        using var content = new ByteArrayContent(Content);
        (await client.PutAsync(new Uri($"{server.Url}/api/v4{Files}/a.bin"), content, Token)).StatusCode.ShouldBe(HttpStatusCode.Created);
        return client;
    }

    // Follows nothing.
    private static HttpClient Bare(ServerProcess server)
    {
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(server.Url) };
        client.DefaultRequestHeaders.Add("PRIVATE-TOKEN", server.RootToken);
        return client;
    }

    private static async Task<(byte[] Body, Func<string, string> Header)> CurlAsync(ServerProcess server, params string[] further)
    {
        using var folder = new TemporaryDirectory();
        await Command.RunAsync("curl", ["-sSf", "-D", folder["head"], "-o", folder["body"], "-H", $"PRIVATE-TOKEN: {server.RootToken}", .. further,
            $"{server.Url}/api/v4{Files}/a.bin"], Token);
        var head = await File.ReadAllLinesAsync(folder["head"], Token);
        return (await File.ReadAllBytesAsync(folder["body"], Token),
            name => head.Last(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))[(name.Length + 1)..].Trim());
    }

    private static async Task<string> ReadinessAsync(HttpClient client, HttpStatusCode wanted)
    {
        while (true)
        {
            using var answer = await client.GetAsync(new Uri("/-/readiness", UriKind.Relative), Token);
            if (answer.StatusCode == wanted) return await answer.Content.ReadAsStringAsync(Token);
            await Task.Delay(50, Token);
        }
    }
}
