using System.Net;
using System.Net.Sockets;

namespace Larder.Testing;

/// <summary>Ports of loopback for programs that cannot choose one themselves.</summary>
public static class Ports
{
    /// <summary>A port that nobody used a moment ago.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
