using Larder.Storage.Upstreams;

namespace Larder.Registry.VirtualRegistries;

/// <summary>What a request for a file would meet at one upstream.</summary>
/// <param name="Upstream">The upstream.</param>
/// <param name="Finding">What is known there.</param>
/// <param name="Decides">Whether the search certainly ends here.</param>
public sealed record ForeseenStep(Upstream Upstream, Finding Finding, bool Decides);

/// <summary>What is known of a file at one upstream without asking it. Instants are Unix milliseconds.</summary>
public abstract record Finding
{
    /// <summary>Its rules refuse the file: it is passed over as if it did not have it.</summary>
    public sealed record Denied(string Reason) : Finding;

    /// <summary>Its copy is fresh until then.</summary>
    public sealed record Fresh(CacheEntry Entry, long Until) : Finding;

    /// <summary>It has said that it does not have the file, which is good until then.</summary>
    public sealed record Absent(long Until) : Finding;

    /// <summary>
    /// It would be asked. <paramref name="Stale"/> is the copy that it would be asked to confirm. Should it fail, then
    /// <paramref name="WhenItFails"/> is served or said, and the next one comes into question only if it <paramref name="PassesOn"/>.
    /// </summary>
    public sealed record Asked(CacheEntry? Stale, WalkEnd WhenItFails, bool PassesOn) : Finding;

    /// <summary>It would be asked, but its host is left alone just now: to this request it has failed.</summary>
    public sealed record LeftAlone(UpstreamFailure Why, WalkEnd End) : Finding;
}

/// <summary>What a request for a file would meet.</summary>
/// <param name="File">The file; of a checksum, the file that it is of.</param>
/// <param name="IsMerged">Whether all upstreams are asked and their documents merged, instead of one after the other.</param>
/// <param name="Remembered">What this node would answer from memory, for at most 5 seconds more, without the walk.</param>
/// <param name="Steps">All upstreams in order, also those behind the one that decides.</param>
public sealed record Foreseen(MavenPath File, bool IsMerged, Hit? Remembered, IReadOnlyList<ForeseenStep> Steps);

/// <summary>
/// Says what the <see cref="Walk"/> would do, by the same code that it decides with, but asks no upstream and changes nothing.
/// </summary>
public sealed class Foresight(Candidates candidates, Inquiry inquiry, Walk walk, UpstreamClient client, HitMemory hits)
{
    // Stands for whatever goes wrong when an upstream is asked.
    private static readonly UpstreamFailure AnyFailure = new(UpstreamFailureKind.Unreachable, "it fails");

    /// <summary>What a request for this path through this registry would meet now, on this node.</summary>
    public async Task<Foreseen> OfAsync(VirtualRegistry registry, MavenPath path, CancellationToken cancellationToken)
    {
        var file = path.Checksum is null ? path : path.Subject;
        var isMerged = file.IsMetadata && registry.MergesMetadata;
        var steps = new List<ForeseenStep>();
        foreach (var (candidate, refusal) in await candidates.JudgedAsync(registry.Id, file, cancellationToken))
        {
            var finding = refusal is not null ? new Finding.Denied(refusal) : await FindAsync(candidate, file, cancellationToken);
            steps.Add(new(candidate.Upstream, finding, !isMerged && await DecidesAsync(finding, candidate, file, cancellationToken)));
        }
        return new(file, isMerged, isMerged ? null : hits.Find(registry.Id, file), steps);
    }

    private async Task<Finding> FindAsync(Candidate candidate, MavenPath file, CancellationToken cancellationToken)
    {
        if (inquiry.Known(candidate, file) is var (end, until))
            return end is WalkEnd.Held held ? new Finding.Fresh(held.Entry, until) : new Finding.Absent(until);
        if (client.Foresee(UpstreamUrl.Of(candidate.Upstream.Url, file)) is { } why)
            return new Finding.LeftAlone(why, inquiry.Stale(candidate, file, why));
        var failing = inquiry.Stale(candidate, file, AnyFailure);
        return new Finding.Asked(candidate.Entry, failing, await walk.PassesOnAsync(failing, candidate.Upstream, file, cancellationToken));
    }

    private async Task<bool> DecidesAsync(Finding finding, Candidate candidate, MavenPath file, CancellationToken cancellationToken) => finding switch
    {
        Finding.Fresh => true,
        Finding.LeftAlone alone => !await walk.PassesOnAsync(alone.End, candidate.Upstream, file, cancellationToken),
        _ => false,
    };
}
