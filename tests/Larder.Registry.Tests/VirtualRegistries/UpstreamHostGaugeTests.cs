using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

/// <summary>The states of hosts as metrics.</summary>
public sealed class UpstreamHostGaugeTests
{
    [Fact]
    public async Task Hosts_are_counted_by_state()
    {
        await using var server = await LarderServer.StartAsync(TestContext.Current.CancellationToken);
        await using var world = await RegistryWorld.CreateAsync(server);
        var registry = await world.AddRegistryAsync();
        var (failing, _) = await world.AddUpstreamAsync(registry, "failing");
        var (limited, _) = await world.AddUpstreamAsync(registry, "limited");
        var (good, _) = await world.AddUpstreamAsync(registry, "good");
        failing.Otherwise((_, answer) => answer.HeadAsync(500, ("Content-Length", "0")));
        limited.Otherwise((_, answer) => answer.HeadAsync(429, ("Retry-After", "60"), ("Content-Length", "0")));
        for (var i = 0; i < 5; i++) await world.GetAsync(registry, $"a/{i}.jar");
        good.Requests.ShouldNotBeEmpty();

        // Other servers of this process have instruments of the same name.
        var factory = server.Get<IMeterFactory>();
        var seen = new ConcurrentDictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (instrument.Name == "larder.upstream.hosts" && instrument.Meter.Scope == factory) it.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => seen[(string)tags[0].Value!] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        seen.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {pair.Value}").ShouldBe(["answering 1", "rate_limited 1", "resting 1", "slow 0"]);
    }
}
