using System.Net;
using System.Security.Cryptography;
using Larder.Testing;

namespace Larder.Endurance;

/// <summary>How one request ended: a status, or 0 for a connection that failed or was cut.</summary>
/// <param name="Status">The status of the answer, 0 without a whole one.</param>
/// <param name="Sha256">Of the body of a 200, in lower-case hexadecimal digits; null otherwise.</param>
internal sealed record Outcome(int Status, string? Sha256);

/// <summary>Equal nodes on one database and one bucket, and the part of a load balancer: who cannot be reached is passed over.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private const int Starts = 5;
    private readonly SocketsHttpHandler handler = new() { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(2) };
    private readonly HttpClient client;
    private readonly string token;
    private int next;

    private Fleet(IReadOnlyList<ServerProcess> nodes)
    {
        // The first node made the account of root; the tokens that the others were given count for nothing.
        (Nodes, token) = (nodes, nodes[0].RootToken);
        client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(90) };
        client.DefaultRequestHeaders.Add("Private-Token", token);
    }

    public IReadOnlyList<ServerProcess> Nodes { get; }

    public static async Task<Fleet> StartAsync(int count, IReadOnlyDictionary<string, string> settings)
    {
        var nodes = new List<ServerProcess>();
        for (var i = 0; i < count; i++) nodes.Add(await ServerProcess.StartAsync(settings));
        return new Fleet(nodes);
    }

    /// <summary>Starts a killed node as a supervisor does: a start that finds no database ends with 1, and is tried again.</summary>
    public static async Task StartAgainAsync(ServerProcess node, Timeline timeline)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await node.StartAsync();
                return;
            }
            catch (InvalidOperationException e) when (attempt < Starts)
            {
                timeline.Note($"start {attempt} of the killed node failed: {e.Message.Split('\n')[^1]}");
            }
        }
    }

    /// <summary>A client of one node's API, as root.</summary>
    public HttpClient ClientOf(ServerProcess node)
    {
        var one = new HttpClient(handler, disposeHandler: false) { BaseAddress = new Uri(node.Url) };
        one.DefaultRequestHeaders.Add("Private-Token", token);
        return one;
    }

    /// <summary>Sends a request to the next node, and to the one after it where no connection can be made.</summary>
    public async Task<Outcome> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var node = Nodes[(int)((uint)Interlocked.Increment(ref next) % (uint)Nodes.Count)];
            try
            {
                return await SendAsync(node, method, path, body, cancellationToken);
            }
            catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError && attempt < Nodes.Count)
            {
                // The next one.
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
            {
                return new Outcome(0, null);
            }
        }
    }

    /// <summary>Sends a request to this node and digests its answer.</summary>
    public async Task<Outcome> SendAsync(ServerProcess node, HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, node.Url + "/api/v4" + path);
        if (body is not null) request.Content = new ByteArrayContent(body);
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using var content = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var digest = await SHA256.HashDataAsync(content, cancellationToken);
        return new Outcome((int)answer.StatusCode, answer.StatusCode == HttpStatusCode.OK ? Convert.ToHexStringLower(digest) : null);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        handler.Dispose();
        foreach (var node in Nodes) await node.DisposeAsync();
    }
}
