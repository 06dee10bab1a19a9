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
}
