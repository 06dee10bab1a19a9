using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Larder.Storage.Upstreams;

/// <summary>What the guard says of an address.</summary>
public enum AddressVerdict
{
    /// <summary>It may be contacted.</summary>
    Allowed,

    /// <summary>This machine itself.</summary>
    Loopback,

    /// <summary>A private or otherwise special network.</summary>
    Private,

    /// <summary>Link-local, where cloud machines find their metadata and credentials.</summary>
    LinkLocal,

    /// <summary>The name has no address.</summary>
    Unresolvable,
}

/// <summary>
/// Keeps upstream requests out of the operator's own networks: whoever may set an upstream's URL could otherwise read what
/// only this machine can reach. Asked when an upstream is saved, and again for every address that is dialled, after DNS.
/// </summary>
public sealed class AddressGuard
{
    private static readonly (IPNetwork Network, AddressVerdict Verdict)[] Special =
    [
        .. Networks(AddressVerdict.Loopback, "127.0.0.0/8", "::1/128"),
        .. Networks(AddressVerdict.LinkLocal, "169.254.0.0/16", "fe80::/10"),
        .. Networks(AddressVerdict.Private,
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15",
            "224.0.0.0/4", "240.0.0.0/4", "::/128", "fc00::/7", "fec0::/10", "ff00::/8", "100::/64"),
    ];

    // IPv6 addresses that carry an IPv4 address: the byte at which it begins.
    private static readonly (IPNetwork Network, int Offset)[] Carriers =
        [(IPNetwork.Parse("::/96"), 12), (IPNetwork.Parse("64:ff9b::/96"), 12), (IPNetwork.Parse("64:ff9b:1::/48"), 12), (IPNetwork.Parse("2002::/16"), 2)];

    private readonly HashSet<string> allowedHosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<IPNetwork> allowedNetworks = [];
    private readonly UpstreamConnector connector;

    /// <summary>A guard with exemptions, which <see cref="Problems"/> has found in order.</summary>
    /// <param name="allowed">Host, host:port, address or CIDR range each.</param>
    /// <param name="connector">Resolves names.</param>
    public AddressGuard(IEnumerable<string> allowed, UpstreamConnector connector)
    {
        this.connector = connector;
        foreach (var entry in allowed)
        {
            if (ParseNetwork(entry) is { } network) allowedNetworks.Add(network);
            else allowedHosts.Add(entry.TrimEnd('.'));
        }
    }

    /// <summary>What is wrong with the entries of an allow list, a sentence each.</summary>
    public static IEnumerable<string> Problems(IEnumerable<string> allowed) =>
        from entry in allowed where !IsEntry(entry) select $"'{entry}' is not a host, host:port, address or CIDR range.";

    /// <summary>Resolves a host and judges all its addresses; the worst verdict counts.</summary>
    public async ValueTask<AddressVerdict> CheckAsync(string host, int port, CancellationToken cancellationToken)
    {
        var (addresses, verdict) = await AllowedAddressesAsync(host, port, cancellationToken);
        return addresses.Count > 0 && verdict == AddressVerdict.Allowed ? AddressVerdict.Allowed : verdict;
    }

    /// <summary>
    /// The addresses of a host that may be dialled. Whoever connects dials exactly these: resolving again could give others.
    /// The verdict is that of the first address that may not, or <see cref="AddressVerdict.Allowed"/>.
    /// </summary>
    public async ValueTask<(IReadOnlyList<IPAddress> Addresses, AddressVerdict Verdict)> AllowedAddressesAsync(
        string host, int port, CancellationToken cancellationToken)
    {
        host = host.Trim('[', ']').TrimEnd('.');
        IReadOnlyList<IPAddress> addresses;
        try
        {
            addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await connector.ResolveAsync(host, cancellationToken);
        }
        catch (SocketException)
        {
            return ([], AddressVerdict.Unresolvable);
        }
        if (addresses.Count == 0) return ([], AddressVerdict.Unresolvable);
        if (allowedHosts.Contains(host) || allowedHosts.Contains(string.Create(CultureInfo.InvariantCulture, $"{host}:{port}")))
            return (addresses, AddressVerdict.Allowed);
        var refused = addresses.Select(Judge).FirstOrDefault(verdict => verdict != AddressVerdict.Allowed);
        return ([.. addresses.Where(address => Judge(address) == AddressVerdict.Allowed)], refused);
    }

    /// <summary>Whether the operator vouches for a host or address by name, at any port or at this one.</summary>
    public bool IsExempt(string host, int port)
    {
        host = host.Trim('[', ']').TrimEnd('.');
        return allowedHosts.Contains(host) || allowedHosts.Contains(string.Create(CultureInfo.InvariantCulture, $"{host}:{port}"))
            || (IPAddress.TryParse(host, out var address) && allowedNetworks.Exists(network => network.Contains(address)));
    }

    /// <summary>Judges one address.</summary>
    public AddressVerdict Judge(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (allowedNetworks.Exists(network => network.Contains(address))) return AddressVerdict.Allowed;
        foreach (var (network, verdict) in Special)
            if (network.Contains(address)) return verdict;
        foreach (var (network, offset) in Carriers)
            if (network.Contains(address)) return Judge(new IPAddress(address.GetAddressBytes().AsSpan(offset, 4)));
        return AddressVerdict.Allowed;
    }

    private static IEnumerable<(IPNetwork, AddressVerdict)> Networks(AddressVerdict verdict, params string[] texts) =>
        texts.Select(text => (IPNetwork.Parse(text), verdict));

    private static bool IsEntry(string entry)
    {
        if (ParseNetwork(entry) is not null) return true;
        var host = entry;
        var colon = entry.LastIndexOf(':');
        if (colon > 0)
        {
            if (!ushort.TryParse(entry.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _)) return false;
            host = entry[..colon];
        }
        return Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
    }

    private static IPNetwork? ParseNetwork(string entry) =>
        IPNetwork.TryParse(entry, out var network) ? network
        : IPAddress.TryParse(entry, out var address)
            ? new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
            : null;
}
