using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Larder.Testing;

namespace Larder.Server.Tests;

/// <summary>An upload over several requests goes on where it was, whatever happened to the process.</summary>
public sealed class ResumeTests
{
    private const int Piece = 16 << 20;
    private const int Length = (3 * Piece) + 12_345;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(CrashTests.Databases), MemberType = typeof(CrashTests))]
    public async Task Kill_in_the_middle_of_an_upload_costs_the_piece_in_hand_and_no_more(string database)
    {
        var settings = database == "SQLite" ? [] : new Dictionary<string, string> { ["Larder__Database"] = await PostgresCluster.CreateDatabaseAsync() };
        await using var server = await ServerProcess.StartAsync(settings);
        using var client = server.Client();
        client.DefaultRequestHeaders.Add("Tus-Resumable", "1.0.0");
        (await client.PostAsync(new Uri("projects?name=p&path=p", UriKind.Relative), null, Token)).EnsureSuccessStatusCode();
        var content = new byte[Length];
        new Random(1).NextBytes(content);
        var upload = await CreateAsync(client);

        // The whole file but its last byte: the server waits for that when it is killed.
        var go = new TaskCompletionSource();
        var sending = SendAsync(client, upload, 0, new HeldContent(content, go));
        await Eventually.UntilAsync(async () => await OffsetAsync(client, upload) >= 3 * Piece);
        await server.KillAsync();
        go.SetResult();
        await Should.ThrowAsync<HttpRequestException>(sending);
        await server.StartAsync();

        var offset = (int)await OffsetAsync(client, upload);
        offset.ShouldBe(3 * Piece);
        using (var missing = await client.GetAsync(File, Token)) missing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await SendAsync(client, upload, offset, new ByteArrayContent(content, offset, Length - offset))).ShouldBe(HttpStatusCode.NoContent);
        (await client.GetByteArrayAsync(File, Token)).AsSpan().SequenceEqual(content).ShouldBeTrue();

        await server.StopAsync();
        var check = await Command.TryRunAsync(
            "dotnet", [ServerProcess.Program, "check", "--Larder:DataDirectory", server.DataDirectory], Token, environment: settings);
        check.ExitCode.ShouldBe(0, check.Output + check.Errors);
    }

    private static Uri File { get; } = new("projects/1/packages/generic/app/1.0/large.bin", UriKind.Relative);

    private static async Task<Uri> CreateAsync(HttpClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, File);
        request.Headers.Add("Upload-Length", Length.ToString(CultureInfo.InvariantCulture));
        using var answer = await client.SendAsync(request, Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        return answer.Headers.Location!;
    }

    private static async Task<long> OffsetAsync(HttpClient client, Uri upload)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, upload);
        using var answer = await client.SendAsync(request, Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return long.Parse(answer.Headers.GetValues("Upload-Offset").Single(), CultureInfo.InvariantCulture);
    }

    private static async Task<HttpStatusCode> SendAsync(HttpClient client, Uri upload, long offset, HttpContent content)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        using var request = new HttpRequestMessage(HttpMethod.Patch, upload) { Content = content };
        request.Headers.Add("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture));
        using var answer = await client.SendAsync(request, Token);
        return answer.StatusCode;
    }

    /// <summary>Holds its last byte back until it is told to go on.</summary>
    private sealed class HeldContent(byte[] bytes, TaskCompletionSource go) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(..^1));
            await stream.FlushAsync();
            await go.Task.WaitAsync(Token);
            await stream.WriteAsync(bytes.AsMemory(^1..));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
