using System.Net;
using System.Net.Sockets;

namespace Larder.Storage.Upstreams;

/// <summary>The edge of the process: names become addresses, addresses become connections. Tests put their own in its place.</summary>
public class UpstreamConnector
{
    /// <summary>The addresses of a host.</summary>
    /// <exception cref="SocketException">There is no such host, or nobody to ask.</exception>
    public virtual async ValueTask<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken) =>
        await Dns.GetHostAddressesAsync(host, cancellationToken);

    /// <summary>A connection to one address.</summary>
    /// <exception cref="SocketException">It could not be made.</exception>
    public virtual async ValueTask<Stream> DialAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
