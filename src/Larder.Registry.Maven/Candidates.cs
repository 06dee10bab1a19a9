using Microsoft.Extensions.Logging;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Who may be asked for a file: the upstreams of the registry whose rules admit it, by position. One that is denied is passed
/// over as if it did not have the file, also where it has supplied it before, and nothing is remembered of it.
/// </summary>
public sealed partial class Candidates(CacheEntryStore entries, RuleBook rules, ILogger<Candidates> logger)
{
    /// <summary>The candidates; null when the registry has no upstreams at all.</summary>
    public async Task<IReadOnlyList<Candidate>?> OfAsync(long registryId, MavenPath path, CancellationToken cancellationToken)
    {
        var all = await JudgedAsync(registryId, path, cancellationToken);
        if (all.Count == 0) return null;
        var admitted = new List<Candidate>(all.Count);
        foreach (var (candidate, refusal) in all)
        {
            if (refusal is null)
            {
                admitted.Add(candidate);
                continue;
            }
            MavenMetrics.CountDenial();
            Denied(logger, candidate.Upstream.Id, candidate.Upstream.Name, path.Value, refusal);
        }
        return admitted;
    }

    /// <summary>All upstreams of the registry by position, each with why its rules refuse the file; null where they admit it.</summary>
    public async Task<IReadOnlyList<(Candidate Candidate, string? Refusal)>> JudgedAsync(
        long registryId, MavenPath path, CancellationToken cancellationToken)
    {
        var all = await entries.CandidatesAsync(registryId, path, cancellationToken);
        var judged = new List<(Candidate, string?)>(all.Count);
        foreach (var candidate in all)
        {
            var ruleSet = await rules.OfAsync(candidate.Upstream, cancellationToken);
            judged.Add((candidate with { Rules = ruleSet }, ruleSet.Refusal(path)));
        }
        return judged;
    }

    [LoggerMessage(4004, LogLevel.Information, "Upstream {UpstreamId} ({UpstreamName}) may not supply {Path}: {Reason}")]
    private static partial void Denied(ILogger logger, long upstreamId, string upstreamName, string path, string reason);
}
