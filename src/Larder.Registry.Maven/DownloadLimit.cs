using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Larder.Registry.Http;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// How many requests one address may make to the download endpoint (Maven contract section 1.8): so many in each window, counted
/// by this node. Without a bound in the options it costs nothing.
/// </summary>
public sealed class DownloadLimit(LarderOptions options) : IDisposable
{
    private readonly PartitionedRateLimiter<IPAddress>? limiter = options.VirtualRegistries.RequestLimit == 0 ? null
        : PartitionedRateLimiter.Create<IPAddress, IPAddress>(address => RateLimitPartition.GetFixedWindowLimiter(Owner(address), _ => new()
        {
            PermitLimit = options.VirtualRegistries.RequestLimit,
            Window = TimeSpan.FromSeconds(options.VirtualRegistries.RequestLimitSeconds),
        }));

    /// <summary>Counts a request; 429 when it is one too many.</summary>
    public ApiError? Refuses(IPAddress? client)
    {
        if (limiter is null || client is null) return null;
        using var lease = limiter.AttemptAcquire(client);
        if (lease.IsAcquired) return null;
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var span) ? span : TimeSpan.FromSeconds(options.VirtualRegistries.RequestLimitSeconds);
        return ApiError.TooManyRequests(Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)));
    }

    /// <inheritdoc/>
    public void Dispose() => limiter?.Dispose();

    // Whoever has an IPv6 address has 2^64 of them.
    private static IPAddress Owner(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
