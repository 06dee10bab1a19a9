using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>The rules of upstreams, compiled and remembered for five seconds: every download that is no remembered hit asks.</summary>
public sealed class RuleBook(UpstreamRuleStore rules, TimeProvider time)
{
    private readonly ShortMemory<long, RuleSet> known = new(capacity: 1_000, time);

    /// <summary>The rules of an upstream.</summary>
    public async ValueTask<RuleSet> OfAsync(long upstreamId, CancellationToken cancellationToken) =>
        await known.GetAsync(upstreamId, rules, LoadAsync, cancellationToken) ?? RuleSet.None;

    /// <summary>A rule was changed on this node.</summary>
    public void Forget() => known.Forget();

    private static async Task<RuleSet?> LoadAsync(UpstreamRuleStore rules, long upstreamId, CancellationToken cancellationToken)
    {
        var rows = await rules.ListAsync(upstreamId, cancellationToken);
        return rows.Count == 0 ? RuleSet.None : new RuleSet(rows);
    }
}
