using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Larder.Testing;

namespace Larder.Server.Tests;

/// <summary>What a 201 is worth: the file is there, whatever happens to the process afterwards.</summary>
public sealed class CrashTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Databases => ["SQLite", "PostgreSQL"];

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Kill_during_uploads_loses_no_file_that_was_answered_201(string database)
    {
        var settings = database == "SQLite" ? [] : new Dictionary<string, string> { ["Larder__Database"] = await PostgresCluster.CreateDatabaseAsync() };
        await using var server = await ServerProcess.StartAsync(settings);
        using (var client = server.Client())
            (await client.PostAsync(new Uri("projects?name=p&path=p", UriKind.Relative), null, Token)).EnsureSuccessStatusCode();
        var published = new ConcurrentDictionary<string, byte[]>();

        for (var round = 0; round < 3; round++)
        {
            var before = published.Count;
            using var killed = new CancellationTokenSource();
            var uploaders = Enumerable.Range(0, 8).Select(i => Task.Run(() => UploadAsync(server, $"{round}-{i}", published, killed.Token), Token)).ToList();
            await Eventually.UntilAsync(() => published.Count >= before + 40);
            await server.KillAsync(); // in the middle of up to eight uploads
            await killed.CancelAsync();
            await Task.WhenAll(uploaders);
            await server.StartAsync();
        }

        using var reader = server.Client();
        foreach (var (path, content) in published)
            (await reader.GetByteArrayAsync(new Uri(path, UriKind.Relative), Token)).ShouldBe(content, path);
        published.Count.ShouldBeGreaterThanOrEqualTo(120);
        Directory.GetFiles(Path.Combine(server.DataDirectory, "blobs", "temp")).ShouldBeEmpty();
        await server.StopAsync();
        var check = await Command.TryRunAsync(
            "dotnet", [ServerProcess.Program, "check", "--Larder:DataDirectory", server.DataDirectory], Token, environment: settings);
        check.ExitCode.ShouldBe(0, check.Output + check.Errors);
    }

    [Fact]
    public async Task Stop_waits_for_a_running_upload_and_ends_with_zero()
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = server.Client();
        (await client.PostAsync(new Uri("projects?name=p&path=p", UriKind.Relative), null, Token)).EnsureSuccessStatusCode();
        var go = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        var upload = client.PutAsync(new Uri("projects/1/packages/generic/a/1/a.bin", UriKind.Relative), new HeldContent(started, go), Token);
        await started.Task.WaitAsync(Token);
        // Sent is not received: the server must have begun to store it.
        var temp = Path.Combine(server.DataDirectory, "blobs", "temp");
        await Eventually.UntilAsync(() => Directory.EnumerateFiles(temp).Any());
        var stopping = server.StopAsync();
        // The listening socket closes first: from then on the server is stopping.
        await Eventually.UntilAsync(async () => !await CanConnectAsync(server));
        go.SetResult();
        (await upload).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await stopping).ShouldBe(0);
    }

    private static async Task UploadAsync(
        ServerProcess server, string uploader, ConcurrentDictionary<string, byte[]> published, CancellationToken killed)
    {
        using var client = server.Client();
        var random = new Random(uploader.GetHashCode(StringComparison.Ordinal));
        for (var i = 0; !killed.IsCancellationRequested; i++)
        {
            var content = new byte[random.Next(1, 300_000)];
            random.NextBytes(content);
            var path = string.Create(CultureInfo.InvariantCulture, $"projects/1/packages/generic/app/{uploader}/{i}.bin");
            try
            {
                using var body = new ByteArrayContent(content);
                using var answer = await client.PutAsync(new Uri(path, UriKind.Relative), body, Token);
                if (answer.StatusCode == HttpStatusCode.Created) published[path] = content;
            }
            catch (HttpRequestException)
            {
                return; // killed in the middle
            }
        }
    }

    private static async Task<bool> CanConnectAsync(ServerProcess server)
    {
        try
        {
            using var probe = new System.Net.Sockets.TcpClient();
            await probe.ConnectAsync(IPAddress.Loopback, server.Port, Token);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    private sealed class HeldContent(TaskCompletionSource started, TaskCompletionSource go) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[1000]);
            await stream.FlushAsync();
            started.SetResult();
            await go.Task;
            await stream.WriteAsync(new byte[1000]);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 2000;
            return true;
        }
    }
}
