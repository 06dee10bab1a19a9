using System.Diagnostics.Metrics;
using Larder.Storage.Upstreams;
using Microsoft.Extensions.Hosting;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// How many hosts of upstreams are in which state, for <c>/-/metrics</c>. Not by name: redirects lead wherever strangers like, and every
/// name would be a series of its own.
/// </summary>
internal sealed class UpstreamHostGauge(UpstreamClient client, IMeterFactory meters) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        meters.Create("Larder").CreateObservableGauge("larder.upstream.hosts", Observe, description: "Hosts of upstreams that were asked lately, by state.");
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // All states each time: a series that ends is no zero.
    private IEnumerable<Measurement<long>> Observe()
    {
        var hosts = client.DescribeHosts();
        return
        [
            Measure("answering", hosts.Count(host => host.State == UpstreamHostCondition.Answering && !host.IsSlow)),
            Measure("slow", hosts.Count(host => host.IsSlow)),
            Measure("rate_limited", hosts.Count(host => host.State == UpstreamHostCondition.RateLimited)),
            Measure("resting", hosts.Count(host => host.State == UpstreamHostCondition.Resting)),
        ];
    }

    private static Measurement<long> Measure(string state, int count) => new(count, new KeyValuePair<string, object?>("state", state));
}
