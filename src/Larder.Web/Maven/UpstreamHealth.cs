using System.Globalization;
using Larder.Registry.VirtualRegistries;
using Larder.Storage.Upstreams;

namespace Larder.Web.Maven;

/// <summary>How an upstream is doing.</summary>
/// <param name="Upstream">The upstream.</param>
/// <param name="Host">What this node knows of its host; null when it has not asked there.</param>
/// <param name="Days">What all nodes have done with it on the last days that had anything.</param>
public sealed record UpstreamReport(Upstream Upstream, UpstreamHostState? Host, IReadOnlyList<UpstreamDay> Days)
{
    /// <summary>The days together.</summary>
    public UpstreamDay Sum { get; } = UpstreamDay.Sum(Days);
}

/// <summary>Gathers how upstreams are doing.</summary>
internal sealed class UpstreamHealth(UpstreamClient client, UpstreamFigures figures)
{
    /// <summary>Days that are reported, today included.</summary>
    public const int Days = 30;

    /// <summary>A report on each.</summary>
    public async Task<IReadOnlyList<UpstreamReport>> OfAsync(IReadOnlyList<Upstream> upstreams, CancellationToken cancellationToken)
    {
        var days = (await figures.OfAsync([.. upstreams.Select(upstream => upstream.Id)], Days, cancellationToken)).ToLookup(day => day.UpstreamId);
        return [.. upstreams.Select(upstream => new UpstreamReport(upstream, client.Describe(new Uri(upstream.Url)), [.. days[upstream.Id]]))];
    }

    /// <summary>Today, as <see cref="UpstreamDay.Day"/>.</summary>
    public long Today => figures.Today;

    /// <summary>The state of a host as a word or two, for people.</summary>
    public static string Word(UpstreamHostState? host) => host switch
    {
        null => "Not asked yet",
        { State: UpstreamHostCondition.RateLimited } => "Rate-limited",
        { State: UpstreamHostCondition.Resting } => "Resting",
        { IsSlow: true } => "Slow",
        { ResponseTime: null, LastFailure: not null } => "Failing",
        _ => "Answering",
    };

    /// <summary>What that comes to.</summary>
    public static string Text(UpstreamHostState? host) => host switch
    {
        null => "This node has not asked it since it started.",
        { State: UpstreamHostCondition.RateLimited } => "It has asked for fewer requests and is left alone for a time.",
        { State: UpstreamHostCondition.Resting } =>
            $"It failed {host.ConsecutiveFailures.ToString(CultureInfo.InvariantCulture)} times in a row. It is left alone, and then one request finds out whether it is back.",
        { ResponseTime: { } time } => $"Its answers begin after {Seconds(time)} on average.",
        _ => "It has given no answer yet.",
    };

    private static string Seconds(TimeSpan time) => time.TotalSeconds >= 1
        ? time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s"
        : time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + " ms";
}
