using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Larder.Testing;
using Npgsql;

namespace Larder.Server.Tests;

public sealed class ObservationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Health_answers_and_metrics_are_Prometheus()
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        foreach (var path in new[] { "/-/health", "/-/readiness", "/-/liveness" })
            (await client.GetStringAsync(new Uri(path, UriKind.Relative), Token)).ShouldBe("ok");
        (await client.GetStringAsync(new Uri("/-/metrics", UriKind.Relative), Token)).ShouldContain("# TYPE kestrel_active_connections gauge");
    }

    [Fact]
    public async Task Downloads_through_registries_show_in_the_metrics()
    {
        await using var upstream = new ScriptedUpstream();
        upstream.File("/org/a/1/a-1.jar", [1]);
        upstream.Status("/org/b/1/b-1.jar", 500);
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Client();
        var group = (await client.AskAsync("POST", "/groups", Token, new { name = "g", path = "g" }))["id"];
        await client.AskAsync("POST", $"/groups/{group}/-/virtual_registries/packages/maven/registries", Token, new { name = "m" });
        await client.AskAsync("POST", "/virtual_registries/packages/maven/registries/1/upstreams", Token, new { url = upstream.Url, name = "u" });
        client.DefaultRequestHeaders.Authorization = null; // the download endpoint takes its own header
        client.DefaultRequestHeaders.Add("Private-Token", server.RootToken);
        foreach (var path in new[] { "org/a/1/a-1.jar", "org/b/1/b-1.jar", "org/c/1/c-1.jar" })
            await client.AskAsync("GET", $"/virtual_registries/packages/maven/1/{path}", Token);

        // The exporter answers from a scrape of at most a moment ago.
        string metrics;
        do metrics = await client.GetStringAsync(new Uri(server.Url + "/-/metrics"), Token);
        while (!metrics.Contains("absent", StringComparison.Ordinal));
        metrics.ShouldMatch("""larder_maven_answers_total\{[^}]*source="upstream"[^}]*\} 1""");
        metrics.ShouldMatch("""larder_maven_answers_total\{[^}]*source="undecided"[^}]*\} 1""");
        metrics.ShouldMatch("""larder_maven_answers_total\{[^}]*source="absent"[^}]*\} 1""");
        metrics.ShouldMatch("""larder_maven_upstream_failures_total\{[^}]*kind="ServerError"[^}]*\} 1""");
    }

    [Fact]
    public async Task Metrics_can_be_kept_to_a_port_of_their_own()
    {
        var port = Ports.Free();
        await using var server = await ServerProcess.StartAsync(new Dictionary<string, string> { ["Larder__MetricsPort"] = $"{port}" }, furtherPort: port);
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Host = $"127.0.0.1:{port}"; // what a client says of the port counts for nothing
        (await client.GetAsync(new Uri(server.Url + "/-/metrics"), Token)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/-/metrics"), Token)).ShouldContain("# TYPE ");
    }

    [Fact]
    public async Task Upload_that_trickles_is_cut_off_with_408()
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Client();
        await client.AskAsync("POST", "/projects", Token, new { name = "p", path = "p" });
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, server.Port, Token);
        await using var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("PUT /api/v4/projects/1/packages/generic/a/1/a.bin HTTP/1.1\r\nHost: x\r\n"
            + $"PRIVATE-TOKEN: {server.RootToken}\r\nContent-Length: 1000000\r\n\r\n"), Token);
        var answer = new StreamReader(stream).ReadLineAsync(Token).AsTask();
        try
        {
            while (!answer.IsCompleted)
            {
                await stream.WriteAsync("x"u8.ToArray(), Token); // some bytes a second: the server wants 240
                await Task.WhenAny(answer, Task.Delay(200, Token));
            }
            (await answer).ShouldStartWith("HTTP/1.1 408 ");
        }
        catch (IOException)
        {
            // Cut before we have read why.
        }
        (await client.AskAsync("GET", "/projects/1/packages", Token)).Text.ShouldBe("[]");
    }

    [Fact]
    public async Task Readiness_is_503_while_the_database_is_away_and_liveness_is_not()
    {
        var database = new NpgsqlConnectionStringBuilder(await PostgresCluster.CreateDatabaseAsync());
        await using var relay = new Relay(database.Port);
        database.Port = relay.Port;
        await using var server = await ServerProcess.StartAsync(
            new Dictionary<string, string> { ["Larder__Database"] = database.ConnectionString + ";Password=a-secret" });
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        relay.Cut();
        foreach (var path in new[] { "/-/readiness", "/-/health" })
        {
            using var away = await client.GetAsync(new Uri(path, UriKind.Relative), Token);
            (away.StatusCode, await away.Content.ReadAsStringAsync(Token)).ShouldBe((HttpStatusCode.ServiceUnavailable, "the database does not answer"));
        }
        (await client.GetAsync(new Uri("/-/liveness", UriKind.Relative), Token)).StatusCode.ShouldBe(HttpStatusCode.OK);
        relay.Mend();
        (await client.GetAsync(new Uri("/-/readiness", UriKind.Relative), Token)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await server.StopAsync();
        server.Log.ShouldContain("\"EventId\":6001");
        server.Log.ShouldNotContain("a-secret");
    }

    [Theory]
    [InlineData]
    [InlineData("migrate")]
    [InlineData("token", "root")]
    public async Task Without_its_database_every_verb_says_so_and_fails(params string[] verb)
    {
        using var folder = new TemporaryDirectory();
        var run = await Command.TryRunAsync("dotnet", [ServerProcess.Program, .. verb, "--Larder:DataDirectory", folder.Path,
            "--Larder:Database", "Host=127.0.0.1;Port=1;Username=x;Password=a-secret", "--urls", "http://127.0.0.1:0"], Token);
        run.ExitCode.ShouldBe(1);
        run.Errors.ShouldStartWith("The database does not answer: ");
        (run.Output + run.Errors).ShouldNotContain("   at ");
        (run.Output + run.Errors).ShouldNotContain("a-secret");
    }

    [Fact]
    public async Task Log_is_JSON_and_holds_no_token()
    {
        await using var server = await ServerProcess.StartAsync();
        using (var client = server.Client())
        {
            await client.GetAsync(new Uri("user", UriKind.Relative), Token);
            await client.GetAsync(new Uri($"user?private_token={server.RootToken}", UriKind.Relative), Token);
            // A name that would be a line of its own in a log that did not escape it, and fails.
            await using var upstream = new ScriptedUpstream();
            upstream.Status("/org/a/1/a-1.jar", 500);
            var group = (await client.AskAsync("POST", "/groups", Token, new { name = "g", path = "g" }))["id"];
            await client.AskAsync("POST", $"/groups/{group}/-/virtual_registries/packages/maven/registries", Token, new { name = "m" });
            await client.AskAsync("POST", "/virtual_registries/packages/maven/registries/1/upstreams", Token,
                new { url = upstream.Url, name = "evil\r\n{\"EventId\":1}\n\u001b[31mnot JSON", username = "me", password = "an-upstreams-password" });
            client.DefaultRequestHeaders.Authorization = null; // the download endpoint takes its own header
            client.DefaultRequestHeaders.Add("Private-Token", server.RootToken);
            (await client.AskAsync("GET", "/virtual_registries/packages/maven/1/org/a/1/a-1.jar", Token)).Status.ShouldBe(503);
        }
        await server.StopAsync();
        foreach (var line in server.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries)) JsonDocument.Parse(line).Dispose();
        server.Log.ShouldContain("\"EventId\":4001");
        server.Log.ShouldNotContain(server.RootToken);
        server.Log.ShouldNotContain("an-upstreams-password");
    }

    [Theory]
    [InlineData("/api/v4/nothing", """{"error":"404 Not Found"}""")]
    [InlineData("/api/v3/projects", """{"error":"404 Not Found"}""")]
    [InlineData("/api/v4/projects/a/b/packages", """{"error":"404 Not Found"}""")]
    public async Task Unknown_route_is_GitLabs_404(string path, string body)
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(server.Url + path), Token);
        (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token)).ShouldBe((HttpStatusCode.NotFound, body));
    }
}
