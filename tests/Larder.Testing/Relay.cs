using System.Net;
using System.Net.Sockets;

namespace Larder.Testing;

/// <summary>
/// A line to a server on loopback that a test can cut and mend: what a network, or the end of the server, looks like to its
/// clients. Its port stays its own all the time, so that nobody else can get it while the line is cut.
/// </summary>
public sealed class Relay : IAsyncDisposable
{
    private readonly int target;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Task accepting;
    private readonly Lock gate = new();
    private readonly HashSet<TcpClient> connections = [];
    private bool cut;

    /// <summary>Leads to a port of loopback, from a free one.</summary>
    public Relay(int target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>The port to connect to.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Resets every connection, also those that are made from now on.</summary>
    public void Cut()
    {
        lock (gate) cut = true;
        CutConnections();
    }

    /// <summary>Resets every connection, as a server does that restarts.</summary>
    public void CutConnections()
    {
        lock (gate)
        {
            foreach (var connection in connections) connection.Client.Close(0);
        }
    }

    /// <summary>Lets connections through again.</summary>
    public void Mend()
    {
        lock (gate) cut = false;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Cut();
        listener.Stop();
        await accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = CarryAsync(await listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The end of the test.
        }
    }

    private async Task CarryAsync(TcpClient near)
    {
        using var far = new TcpClient();
        try
        {
            lock (gate)
            {
                if (cut)
                {
                    near.Client.Close(0);
                    return;
                }
                connections.UnionWith([near, far]);
            }
            await far.ConnectAsync(IPAddress.Loopback, target);
            var (one, other) = (near.GetStream(), far.GetStream());
            await Task.WhenAny(one.CopyToAsync(other), other.CopyToAsync(one));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut, or one side left.
        }
        finally
        {
            lock (gate) connections.ExceptWith([near, far]);
            near.Dispose();
        }
    }
}
