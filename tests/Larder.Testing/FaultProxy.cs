using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Larder.Testing;

/// <summary>What a <see cref="FaultProxy"/> does to one request. Without any of it the request passes.</summary>
public sealed record Fault
{
    /// <summary>The request passes.</summary>
    public static readonly Fault None = new();

    /// <summary>Answers this status instead of the server; 0 lets the server answer.</summary>
    public int Status { get; init; }

    /// <summary>The code in the body of that answer, as S3 writes it.</summary>
    public string Code { get; init; } = "";

    /// <summary>What happens elsewhere before the request goes on; null for nothing.</summary>
    public Func<Task>? Meanwhile { get; init; }

    /// <summary>Resets the connection after so many bytes of the request's body; null for never.</summary>
    public long? CutRequestAfter { get; init; }

    /// <summary>Resets the connection after so many bytes of the answer's body; null for never.</summary>
    public long? CutAnswerAfter { get; init; }

    /// <summary>Takes the request and says nothing, until the proxy is disposed.</summary>
    public bool StallBeforeAnswer { get; init; }

    /// <summary>So many bytes of the answer's body, then nothing more and no end of it, until the proxy is disposed; null for never.</summary>
    public long? StallAnswerAfter { get; init; }

    /// <summary>An answer of the server's that never was.</summary>
    public static Fault Answer(int status, string code) => new() { Status = status, Code = code };
}

/// <summary>A request as it passed. The number counts from 1.</summary>
public sealed record ProxiedRequest(int Number, string Method, string Target, string Head);

/// <summary>
/// Stands between a client and an HTTP server on loopback and plays what goes wrong between the two: one decision per request.
/// Bytes pass as they are, so that signatures over the Host header hold. With a certificate it speaks TLS to the client.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly int target;
    private readonly X509Certificate2? certificate;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentQueue<ProxiedRequest> seen = new();
    private readonly Task accepting;
    private int requests;

    /// <summary>Leads to a port of loopback, from a free one.</summary>
    public FaultProxy(int target, X509Certificate2? certificate = null)
    {
        (this.target, this.certificate) = (target, certificate);
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Its address, without a trailing slash.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture,
        $"{(certificate is null ? "http" : "https")}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>Decides on each request.</summary>
    public Func<ProxiedRequest, Fault> Plan { get; set; } = _ => Fault.None;

    /// <summary>Changes the head of each request on its way.</summary>
    public Func<string, string> Rewrite { get; set; } = head => head;

    /// <summary>All requests so far.</summary>
    public IReadOnlyList<ProxiedRequest> Requests => [.. seen];

    /// <summary>Forgets what was seen, and begins to count again.</summary>
    public void ForgetRequests()
    {
        seen.Clear();
        requests = 0;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptSocketAsync(stopping.Token), stopping.Token);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The end of the test.
        }
    }

    // One request a connection: nothing of one can spill into the next.
    private async Task ServeAsync(Socket near, CancellationToken cancellationToken)
    {
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await using var client = await StreamOfAsync(near, cancellationToken);
            if (await ReadHeadAsync(client, cancellationToken) is not { } head) return;
            var line = head.Split(' ', 3);
            var request = new ProxiedRequest(Interlocked.Increment(ref requests), line[0], line[1], head);
            seen.Enqueue(request);
            var fault = Plan(request);
            if (fault.Status != 0)
            {
                await AnswerAsync(fault, head, client, cancellationToken);
                return;
            }
            if (fault.Meanwhile is { } meanwhile) await meanwhile();
            if (fault.StallBeforeAnswer) await Task.Delay(Timeout.Infinite, cancellationToken);
            head = Rewrite(head);
            await far.ConnectAsync(IPAddress.Loopback, target, cancellationToken);
            await using var server = new NetworkStream(far);
            await server.WriteAsync(Encoding.Latin1.GetBytes(head.Insert(head.IndexOf("\r\n", StringComparison.Ordinal), "\r\nConnection: close")), cancellationToken);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var up = CopyAsync(client, server, fault.CutRequestAfter, ending.Token);
            var down = SendBackAsync(server, client, fault, cancellationToken);
            // The client may wait for its answer and say no more; the answer's end is the end.
            var isCut = await Task.WhenAny(up, down) == up && await up;
            if (isCut || await down)
            {
                Reset(near);
                return;
            }
            // A socket that is disposed under a pending read is reset, and the end of the answer may be lost with it.
            await ending.CancelAsync();
            await ((Task)up).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            near.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException
            or System.Security.Authentication.AuthenticationException)
        {
            // One side left, or the end of the test.
        }
        finally
        {
            near.Dispose();
        }
    }

    private async Task<Stream> StreamOfAsync(Socket near, CancellationToken cancellationToken)
    {
        var plain = new NetworkStream(near);
        if (certificate is null) return plain;
        var secure = new SslStream(plain);
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, cancellationToken);
        return secure;
    }

    private static async Task AnswerAsync(Fault fault, string head, Stream client, CancellationToken cancellationToken)
    {
        // Who says "Expect" has not sent a body yet; anybody else's must be taken, or the answer is lost with the connection.
        if (!head.Contains("\r\nExpect:", StringComparison.OrdinalIgnoreCase)) await DrainAsync(client, LengthIn(head), cancellationToken);
        var body = head.StartsWith("HEAD ", StringComparison.Ordinal) ? "" : $"<?xml version=\"1.0\"?><Error><Code>{fault.Code}</Code><Message>played</Message></Error>";
        await client.WriteAsync(Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"HTTP/1.1 {fault.Status} Played\r\nContent-Type: application/xml\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}")), cancellationToken);
    }

    // Whether it was cut.
    private static async Task<bool> SendBackAsync(Stream server, Stream client, Fault fault, CancellationToken cancellationToken)
    {
        string? head;
        do
        {
            head = await ReadHeadAsync(server, cancellationToken);
            if (head is null) return false;
            var isInterim = head.StartsWith("HTTP/1.1 1", StringComparison.Ordinal);
            if (!isInterim) head = head.Insert(head.IndexOf("\r\n", StringComparison.Ordinal), "\r\nConnection: close");
            await client.WriteAsync(Encoding.Latin1.GetBytes(head), cancellationToken);
        }
        while (head.StartsWith("HTTP/1.1 1", StringComparison.Ordinal));
        var isCut = await CopyAsync(server, client, fault.CutAnswerAfter ?? fault.StallAnswerAfter, cancellationToken);
        if (isCut && fault.StallAnswerAfter is not null) await Task.Delay(Timeout.Infinite, cancellationToken);
        return isCut;
    }

    // Whether it ended at the bound, and not at the end.
    private static async Task<bool> CopyAsync(Stream from, Stream to, long? atMost, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        var left = atMost ?? long.MaxValue;
        while (left > 0)
        {
            var count = await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancellationToken);
            if (count == 0) return false;
            await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            left -= count;
        }
        return true;
    }

    private static async Task DrainAsync(Stream from, long count, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (count > 0 && await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, count)), cancellationToken) is > 0 and var read) count -= read;
    }

    private static long LengthIn(string head)
    {
        var line = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return line is null ? 0 : long.Parse(line["Content-Length:".Length..], CultureInfo.InvariantCulture);
    }

    // Byte by byte: what follows belongs to the body.
    private static async Task<string?> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (head.Length < 4 || head.ToString(head.Length - 4, 4) != "\r\n\r\n")
        {
            if (await stream.ReadAsync(one, cancellationToken) == 0) return null;
            head.Append((char)one[0]);
        }
        return head.ToString();
    }

    private static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }
}
