using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Larder.Testing;

/// <summary>
/// Ports of loopback for servers that must keep theirs over a restart, or cannot choose one themselves. They lie below those that
/// the system gives to connections, so that nobody gets one by chance while its server is down.
/// </summary>
public static class Ports
{
    private const int First = 12_000;
    private const int Last = 32_000;
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <summary>A port that nobody used a moment ago, and that this process has not given to anybody else.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last);
            if (Given.TryAdd(port, true) && IsFree(port)) return port;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
