using System.Net.Sockets;
using System.Text;

namespace Larder.Testing;

/// <summary>Requests as bytes, for what an HTTP client would tidy up or refuse to send.</summary>
public static class RawConnection
{
    /// <summary>Sends Latin-1 text as it is, and reads what comes until the server closes.</summary>
    public static async Task<string> AskAsync(Uri server, string request, CancellationToken cancellationToken)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(server.Host, server.Port, cancellationToken);
        await using var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), cancellationToken);
        var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer, cancellationToken);
        }
        catch (IOException)
        {
            // The server has closed with a part of the request unread; the answer came before that.
        }
        return Encoding.Latin1.GetString(answer.ToArray());
    }

    /// <summary>
    /// One request of the administrator on a connection of its own, with a body if there is one: the whole answer.
    /// </summary>
    public static Task<string> AskAsync(
        this LarderServer server, string method, string target, CancellationToken cancellationToken, string headers = "", string? body = null) =>
        AskAsync(server.BaseAddress, $"{method} {target} HTTP/1.1\r\nHost: larder.example\r\nPRIVATE-TOKEN: {LarderServer.RootToken}\r\n"
            + $"Connection: close\r\n{headers}{(body is null ? "" : $"Content-Length: {body.Length}\r\n")}\r\n{body}", cancellationToken);
}
