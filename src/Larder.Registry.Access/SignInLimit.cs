using System.Net;
using System.Net.Sockets;
using BitFaster.Caching.Lru;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Access;

/// <summary>What somebody has tried to sign in with.</summary>
public enum SignInWay
{
    /// <summary>An access token, in the form.</summary>
    Token,

    /// <summary>A name and a password, in the form.</summary>
    Password,

    /// <summary>The OpenID provider.</summary>
    OpenIdConnect,

    /// <summary>The password that one is about to change.</summary>
    ChangeOfPassword,
}

/// <summary>
/// How often one may fail to sign in on this node: per address, and per name. Memory is bounded; whoever has not tried for longest
/// is forgotten first. Failures are logged by their address and never by a name: people type passwords into the wrong field.
/// </summary>
public sealed partial class SignInLimit(TimeProvider time, ILogger<SignInLimit> logger)
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
        if (!OfAddressOf(address).TryTake(now, OfAddress, out var isFirst))
        {
            if (isFirst) AddressLockedOut(logger, Plain(address), OfAddress, Span);
            return false;
        }
        if (name is null || OfNameOf(name).TryTake(now, OfName, out isFirst)) return true;
        if (isFirst) NameLockedOut(logger, Plain(address), OfName, Span);
        return false;
    }

    /// <summary>The attempt failed, and stays counted.</summary>
    public void Failed(IPAddress? address, SignInWay way) => Refused(logger, Plain(address), way);

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
        var plain = Plain(address);
        return plain?.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(plain.GetAddressBytes().AsSpan(0, BytesOfNetwork))
            : plain?.ToString() ?? "";
    }

    private static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;

    [LoggerMessage(2010, LogLevel.Warning, "A sign-in from {Address} was refused: {Way}")]
    private static partial void Refused(ILogger logger, IPAddress? address, SignInWay way);

    [LoggerMessage(2011, LogLevel.Warning, "Sign-ins from {Address} are refused unseen: {Failures} have failed within {Span}")]
    private static partial void AddressLockedOut(ILogger logger, IPAddress? address, int failures, TimeSpan span);

    [LoggerMessage(2012, LogLevel.Warning, "Sign-ins with one name are refused unseen, the last from {Address}: {Failures} have failed within {Span}")]
    private static partial void NameLockedOut(ILogger logger, IPAddress? address, int failures, TimeSpan span);

    private sealed class Window
    {
        private readonly Lock gate = new();
        private DateTimeOffset began;
        private int count;
        private bool hasRefused;

        public bool TryTake(DateTimeOffset now, int most, out bool isFirstRefusal)
        {
            lock (gate)
            {
                if (now - began >= Span) (began, count, hasRefused) = (now, 0, false);
                var taken = count < most;
                if (taken) count++;
                isFirstRefusal = !taken && !hasRefused;
                hasRefused |= !taken;
                return taken;
            }
        }

        public void GiveBack()
        {
            lock (gate) count = Math.Max(0, count - 1);
        }
    }
}
