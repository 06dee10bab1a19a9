using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Larder.Storage.Upstreams;

namespace Larder.Testing;

/// <summary>
/// The edge of the process for tests: made-up names have made-up addresses, and those lead to ports of loopback. Whatever
/// else is asked for is recorded and fails, so traffic cannot leave the machine even when the code under test is wrong.
/// </summary>
public sealed class LoopbackConnector : UpstreamConnector
{
    private readonly ConcurrentDictionary<string, Func<IReadOnlyList<IPAddress>>> names = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<IPAddress, int> ports = new();
    private readonly ConcurrentQueue<string> escapes = new();

    /// <summary>What was asked for and not allowed for.</summary>
    public IReadOnlyList<string> Escapes => [.. escapes];

    /// <summary>Endpoints that were dialled.</summary>
    public ConcurrentQueue<IPEndPoint> Dialled { get; } = new();

    /// <summary>Gives a name an address, whose every port is <paramref name="port"/> of loopback.</summary>
    public void Map(string host, string address, int port)
    {
        names[host] = () => [IPAddress.Parse(address)];
        ports[IPAddress.Parse(address)] = port;
    }

    /// <summary>Gives a name addresses that may differ each time; they lead nowhere unless mapped.</summary>
    public void Resolve(string host, Func<IReadOnlyList<IPAddress>> addresses) => names[host] = addresses;

    /// <inheritdoc/>
    public override ValueTask<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        if (names.TryGetValue(host, out var addresses)) return new(addresses());
        throw new SocketException((int)SocketError.HostNotFound);
    }

    /// <inheritdoc/>
    public override ValueTask<Stream> DialAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        Dialled.Enqueue(endPoint);
        if (ports.TryGetValue(endPoint.Address, out var port))
            return base.DialAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
        if (IPAddress.IsLoopback(endPoint.Address)) return base.DialAsync(endPoint, cancellationToken);
        escapes.Enqueue($"dial {endPoint}");
        throw new SocketException((int)SocketError.NetworkUnreachable);
    }
}
