using System.Diagnostics.Metrics;

namespace Larder.Registry.VirtualRegistries;

/// <summary>What downloads through virtual registries came to, for <c>/-/metrics</c>.</summary>
internal static class MavenMetrics
{
    private static readonly Meter Meter = new("Larder");

    private static readonly Counter<long> Answers = Meter.CreateCounter<long>(
        "larder.maven.answers", description: "Downloads through virtual registries, by where the answer came from.");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "larder.maven.upstream_failures", description: "Answers of upstreams that were no answer, by kind.");

    private static readonly Counter<long> Denials = Meter.CreateCounter<long>(
        "larder.maven.denials", description: "Upstreams that were passed over because their rules deny the file.");

    // Made once: counting on the hot path allocates nothing.
    private static readonly KeyValuePair<string, object?> Cache = new("source", "cache");

    public static void CountHit() => Answers.Add(1, Cache);

    /// <summary>Sources: upstream, stale, metadata, absent, undecided, none.</summary>
    public static void CountAnswer(string source) => Answers.Add(1, new KeyValuePair<string, object?>("source", source));

    public static void CountDenial() => Denials.Add(1);

    public static void CountFailure(string kind) => Failures.Add(1, new KeyValuePair<string, object?>("kind", kind));
}
