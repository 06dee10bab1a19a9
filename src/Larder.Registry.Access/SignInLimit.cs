using System.Net;
using System.Net.Sockets;
using BitFaster.Caching.Lru;

namespace Larder.Registry.Access;

/// <summary>
/// How often one may fail to sign in on this node: per address, and per name. Memory is bounded; whoever has not tried for longest
/// is forgotten first.
/// </summary>
public sealed class SignInLimit(TimeProvider time)
{
    /// <summary>Failures of one address in a <see cref="Span"/>.</summary>
    public const int OfAddress = 30;

    /// <summary>Failures of one name in a <see cref="Span"/>.</summary>
    public const int OfName = 10;

    private const int Capacity = 20_000;
    private const int BytesOfNetwork = 8; // an IPv6 subscriber has at least a /64

    private readonly ConcurrentLru<string, Window> windows = new(Capacity);

    /// <summary>How long failures count.</summary>
    public static TimeSpan Span { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Counts an attempt before it is made, so that many at once get no further; false when there were too many.</summary>
    public bool TryBegin(IPAddress? address, string? name)
    {
        var now = time.GetUtcNow();
        return OfAddressOf(address).TryTake(now, OfAddress) && (name is null || OfNameOf(name).TryTake(now, OfName));
    }

    /// <summary>Takes a count back: the attempt was good.</summary>
    public void Succeeded(IPAddress? address, string? name)
    {
        OfAddressOf(address).GiveBack();
        if (name is not null) OfNameOf(name).GiveBack();
    }

    private Window OfAddressOf(IPAddress? address) => windows.GetOrAdd("a" + Network(address), static _ => new Window());

    private Window OfNameOf(string name) => windows.GetOrAdd("n" + name.ToLowerInvariant()[..Math.Min(name.Length, 255)], static _ => new Window());

    private static string Network(IPAddress? address)
    {
        if (address is null) return "";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, BytesOfNetwork))
            : address.ToString();
    }

    private sealed class Window
    {
        private readonly Lock gate = new();
        private DateTimeOffset began;
        private int count;

        public bool TryTake(DateTimeOffset now, int most)
        {
            lock (gate)
            {
                if (now - began >= Span) (began, count) = (now, 0);
                if (count >= most) return false;
                count++;
                return true;
            }
        }

        public void GiveBack()
        {
            lock (gate) count = Math.Max(0, count - 1);
        }
    }
}
