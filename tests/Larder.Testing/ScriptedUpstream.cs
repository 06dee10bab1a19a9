using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Larder.Testing;

/// <summary>A request that a <see cref="ScriptedUpstream"/> has seen. Header names are lower case.</summary>
public sealed record SeenRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The body as text, where its length was announced.</summary>
    public string Body { get; init; } = "";
}

/// <summary>
/// A server on a real socket that does what a test says, also what no honest server would do: one script per path, which
/// writes the raw answer. Unknown paths are 404, unless <see cref="Otherwise"/> says something else.
/// </summary>
public sealed class ScriptedUpstream : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Func<SeenRequest, ScriptedAnswer, Task>> scripts = new();
    private readonly ConcurrentQueue<SeenRequest> seen = new();
    private readonly ConcurrentDictionary<Socket, bool> connections = new();
    private Func<SeenRequest, ScriptedAnswer, Task> otherwise = (_, answer) => answer.HeadAsync(404, ("Content-Length", "0"));
    private volatile Socket? listener;
    private Task accepting = Task.CompletedTask;

    /// <summary>Listens on a free port of loopback.</summary>
    public ScriptedUpstream() => Start();

    /// <summary>The port, which stays the same when the server is stopped and started again.</summary>
    public int Port { get; } = Ports.Free();

    /// <summary>Its address, without a trailing slash.</summary>
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>All requests so far.</summary>
    public IReadOnlyList<SeenRequest> Requests => [.. seen];

    /// <summary>How often a path was asked for.</summary>
    public int Count(string path) => seen.Count(request => request.Path == path);

    /// <summary>Forgets what was seen.</summary>
    public void ForgetRequests() => seen.Clear();

    /// <summary>Runs <paramref name="script"/> for each request of <paramref name="path"/> from now on.</summary>
    public void On(string path, Func<SeenRequest, ScriptedAnswer, Task> script) => scripts[path] = script;

    /// <summary>Runs <paramref name="script"/> for each request of a path that has no script of its own, from now on.</summary>
    public void Otherwise(Func<SeenRequest, ScriptedAnswer, Task> script) => otherwise = script;

    /// <summary>Serves the files of a folder where a path has no script of its own.</summary>
    public void Folder(string root) => Otherwise(async (request, answer) =>
    {
        var file = root + request.Path;
        if (!System.IO.File.Exists(file))
        {
            await answer.HeadAsync(404, ("Content-Length", "0"));
            return;
        }
        var content = await System.IO.File.ReadAllBytesAsync(file);
        await answer.HeadAsync(200, ("Content-Length", content.Length.ToString(CultureInfo.InvariantCulture)));
        if (request.Method != "HEAD") await answer.BodyAsync(content);
    });

    /// <summary>Answers 200 with a file, or 304 where the request has its validator.</summary>
    public void File(string path, byte[] content, params (string Name, string Value)[] headers) => On(path, async (request, answer) =>
    {
        var etag = headers.FirstOrDefault(header => header.Name.Equals("ETag", StringComparison.OrdinalIgnoreCase)).Value;
        if (etag is not null && request.Headers.TryGetValue("if-none-match", out var sent) && sent == etag)
        {
            await answer.HeadAsync(304);
            return;
        }
        await answer.HeadAsync(200, [("Content-Length", content.Length.ToString(CultureInfo.InvariantCulture)), .. headers]);
        if (request.Method != "HEAD") await answer.BodyAsync(content);
    });

    /// <summary>Answers a status without a body.</summary>
    public void Status(string path, int status, params (string Name, string Value)[] headers) =>
        On(path, (_, answer) => answer.HeadAsync(status, [("Content-Length", "0"), .. headers]));

    /// <summary>Stops listening and cuts every connection, as a machine that goes away.</summary>
    public void Stop()
    {
        (var stopped, listener) = (listener, null);
        stopped?.Dispose();
        foreach (var connection in connections.Keys) connection.Dispose();
    }

    /// <summary>Listens again on the same port.</summary>
    public void Start()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        socket.Listen(512);
        listener = socket;
        accepting = AcceptAsync(socket);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Stop();
        await accepting;
    }

    private async Task AcceptAsync(Socket from)
    {
        try
        {
            while (true)
            {
                var connection = await from.AcceptAsync();
                connections[connection] = true;
                // Accepted just as the server was stopped: Stop has not seen it.
                if (listener != from) connection.Dispose();
                _ = ServeAsync(connection);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            while (await ReadRequestAsync(stream) is { } request)
            {
                seen.Enqueue(request);
                var answer = new ScriptedAnswer(connection, stream);
                await (scripts.TryGetValue(request.Path, out var script) ? script : otherwise)(request, answer);
                if (answer.IsOver) return;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The other side left, or the test stopped the server.
        }
        finally
        {
            connections.TryRemove(connection, out _);
        }
    }

    private static async Task<SeenRequest?> ReadRequestAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0) return null;
            head.Append((char)one[0]);
        }
        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var start = lines[0].Split(' ');
        var headers = lines.Skip(1).Select(line => line.Split(':', 2))
            .ToDictionary(pair => pair[0].ToLowerInvariant(), pair => pair[1].Trim());
        var body = new byte[headers.TryGetValue("content-length", out var length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0];
        await stream.ReadExactlyAsync(body);
        return new SeenRequest(start[0], start[1], headers) { Body = Encoding.UTF8.GetString(body) };
    }
}

/// <summary>Writes one answer, byte for byte as the script wants it.</summary>
public sealed class ScriptedAnswer(Socket connection, Stream stream)
{
    /// <summary>Whether the connection ends with this answer.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Writes the status line and headers.</summary>
    public Task HeadAsync(int status, params (string Name, string Value)[] headers)
    {
        var head = new StringBuilder($"HTTP/1.1 {status} {(HttpStatusCode)status}\r\n");
        foreach (var (name, value) in headers) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        return BodyAsync(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()));
    }

    /// <summary>Writes bytes.</summary>
    public async Task BodyAsync(ReadOnlyMemory<byte> bytes)
    {
        await stream.WriteAsync(bytes);
        await stream.FlushAsync();
    }

    /// <summary>Waits until the other side has something to say: true for a further request, false when it hung up.</summary>
    public async Task<bool> IsConnectedAsync()
    {
        try
        {
            return await connection.ReceiveAsync(new byte[1], SocketFlags.Peek) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Ends the connection properly, wherever the answer stands.</summary>
    public void Close()
    {
        IsOver = true;
        connection.Shutdown(SocketShutdown.Both);
    }

    /// <summary>Resets the connection.</summary>
    public void Reset()
    {
        IsOver = true;
        connection.LingerState = new LingerOption(enable: true, seconds: 0);
        connection.Close();
    }
}
