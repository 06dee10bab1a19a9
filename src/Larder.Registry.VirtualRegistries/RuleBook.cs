using BitFaster.Caching.Lru;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// The rules of upstreams, compiled. They are remembered under the number that the upstream's row has for them, so what is
/// remembered is never older than the row that the caller has just read.
/// </summary>
public sealed class RuleBook(UpstreamRuleStore rules)
{
    private const int MostRemembered = 1_000;
    private readonly ConcurrentLru<(long UpstreamId, long Generation), RuleSet> known = new(MostRemembered);

    /// <summary>The rules of an upstream.</summary>
    public ValueTask<RuleSet> OfAsync(Upstream upstream, CancellationToken cancellationToken) =>
        upstream.RulesGeneration == 0 ? ValueTask.FromResult(RuleSet.None)
        : known.TryGet((upstream.Id, upstream.RulesGeneration), out var ruleSet) ? ValueTask.FromResult(ruleSet)
        : LoadAsync(upstream, cancellationToken);

    private async ValueTask<RuleSet> LoadAsync(Upstream upstream, CancellationToken cancellationToken)
    {
        var ruleSet = new RuleSet(await rules.ListAsync(upstream.Id, cancellationToken));
        known.AddOrUpdate((upstream.Id, upstream.RulesGeneration), ruleSet);
        return ruleSet;
    }
}
