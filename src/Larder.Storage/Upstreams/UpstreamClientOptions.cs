namespace Larder.Storage.Upstreams;

/// <summary>How upstreams are spoken to. Times measure waiting, not the whole of a transfer.</summary>
public sealed record UpstreamClientOptions
{
    /// <summary>Time for one connection to stand, TLS included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time from a request to the head of its answer.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time without a single byte of a body after which it has failed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Connections to one host at a time.</summary>
    public int MaxConnectionsPerHost { get; init; } = 32;

    /// <summary>Redirects that are followed for one request.</summary>
    public int MaxRedirects { get; init; } = 5;

    /// <summary>What upstreams see as <c>User-Agent</c>.</summary>
    public string UserAgent { get; init; } = "Larder";

    /// <summary>Requests a second to one host, in the long run; 0 for no limit.</summary>
    public double RequestsPerSecond { get; init; }

    /// <summary>Requests to one host that may go at once before <see cref="RequestsPerSecond"/> holds.</summary>
    public double RequestBurst { get; init; } = 100;

    /// <summary>How long a host is left alone that answers 429 without saying for how long.</summary>
    public TimeSpan DefaultRetryAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest <c>Retry-After</c> that is obeyed.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Failures in a row after which a host rests.</summary>
    public int BreakerFailures { get; init; } = 5;

    /// <summary>The first rest; each further one is twice as long.</summary>
    public TimeSpan BreakerRest { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest rest.</summary>
    public TimeSpan LongestBreakerRest { get; init; } = TimeSpan.FromMinutes(2);
}
