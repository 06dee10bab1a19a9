using Larder.Storage.Upstreams;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Where a walk over the upstreams of a registry has ended.</summary>
public abstract record WalkEnd
{
    /// <summary>A copy is here. <paramref name="Failure"/> is set when it is stale and its upstream could not be asked.</summary>
    public sealed record Held(CacheEntry Entry, long FreshUntil, UpstreamFailure? Failure) : WalkEnd;

    /// <summary>It is coming; the reader follows it and must be disposed.</summary>
    public sealed record Arriving(Upstream Upstream, DownloadReader Reader, UpstreamHeaders Headers) : WalkEnd;

    /// <summary>Every upstream that may supply it definitely said that it does not have it.</summary>
    public sealed record Nowhere : WalkEnd;

    /// <summary>Nobody has it as far as is known, but at least one could not be asked: not an absence.</summary>
    public sealed record Undecided(Upstream Upstream, UpstreamFailure Failure) : WalkEnd;

    /// <summary>The registry has no upstreams.</summary>
    public sealed record NoUpstreams : WalkEnd;

    /// <summary>Another download of the file ended in the middle of this walk: walk again.</summary>
    public sealed record Overtaken : WalkEnd;
}

/// <summary>
/// Finds a file by asking the upstreams of a registry in the order of their positions, one at a time:
/// <list type="number">
/// <item>a fresh entry is served;</item>
/// <item>an unexpired absence is skipped;</item>
/// <item>a stale entry is revalidated, and served stale when its upstream fails;</item>
/// <item>an unknown is asked; the first that has the file wins;</item>
/// <item>a failed upstream is passed over, unless it is known to supply the artifact: then nobody below may take its place.</item>
/// </list>
/// </summary>
public sealed class Walk(Candidates candidates, CacheEntryStore entries, Inquiry inquiry)
{
    /// <summary>Walks. What an upstream must be asked for is shared with everybody who walks to the same file.</summary>
    public async Task<WalkEnd> FindAsync(long registryId, MavenPath path, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await WalkOnceAsync(registryId, path, cancellationToken) is var end and not WalkEnd.Overtaken) return end;
        }
    }

    private async Task<WalkEnd> WalkOnceAsync(long registryId, MavenPath path, CancellationToken cancellationToken)
    {
        if (await candidates.OfAsync(registryId, path, cancellationToken) is not { } admitted) return new WalkEnd.NoUpstreams();
        var absent = new List<Upstream>();
        WalkEnd.Undecided? undecided = null;
        foreach (var candidate in admitted)
        {
            var end = await inquiry.AskAsync(candidate, path, absent, cancellationToken);
            if (!await PassesOnAsync(end, candidate.Upstream, path, cancellationToken)) return end;
            if (end is WalkEnd.Undecided failed) undecided ??= failed;
            else absent.Add(candidate.Upstream);
        }
        return undecided ?? (WalkEnd)new WalkEnd.Nowhere();
    }

    /// <summary>Whether the next upstream comes into question after this one has said so.</summary>
    internal async Task<bool> PassesOnAsync(WalkEnd end, Upstream upstream, MavenPath path, CancellationToken cancellationToken) => end switch
    {
        WalkEnd.Nowhere => true,
        WalkEnd.Undecided => !await entries.HasSuppliedAsync(upstream.Id, path.Artifact, cancellationToken),
        _ => false,
    };
}
