namespace Larder.Storage.Upstreams;

/// <summary>How a host of upstreams is doing, for display.</summary>
/// <param name="Origin">Scheme, host and port.</param>
/// <param name="State">What happens to the next request.</param>
/// <param name="Until">When that may change: the end of a rest, or of the time it asked for.</param>
/// <param name="ConsecutiveFailures">Failures since the last success.</param>
/// <param name="LastFailure">The latest of them.</param>
/// <param name="Sent">Requests since the start.</param>
/// <param name="Avoided">Requests that were not sent, for this state's sake.</param>
public sealed record UpstreamHostState(
    string Origin, UpstreamHostCondition State, DateTimeOffset? Until, int ConsecutiveFailures, UpstreamFailure? LastFailure, long Sent, long Avoided)
{
    /// <summary>From here on a host is slow.</summary>
    public static readonly TimeSpan SlowFrom = TimeSpan.FromSeconds(2);

    /// <summary>When the latest failure came.</summary>
    public DateTimeOffset? LastFailureAt { get; init; }

    /// <summary>How long it takes to begin an answer, of late; null when it has given none.</summary>
    public TimeSpan? ResponseTime { get; init; }

    /// <summary>Whether it answers, but slowly.</summary>
    public bool IsSlow => State == UpstreamHostCondition.Answering && ResponseTime >= SlowFrom;
}

/// <summary>What happens to the next request to a host.</summary>
public enum UpstreamHostCondition
{
    /// <summary>It is sent.</summary>
    Answering,

    /// <summary>The host has asked to be left alone for a time (429 or 503 with <c>Retry-After</c>).</summary>
    RateLimited,

    /// <summary>It failed several times in a row: nothing is sent for a while, then one request to see whether it is back.</summary>
    Resting,
}

/// <summary>
/// Manners towards one host, shared by all upstreams and registries that use it: a token bucket, obedience to
/// <c>Retry-After</c>, and a breaker, so that a host in trouble is not asked by every build at once and a build does not wait
/// for each time-out anew.
/// </summary>
internal sealed class UpstreamHost(string origin, UpstreamClientOptions options, TimeProvider time)
{
    private const double WeightOfLast = 0.2; // in the average of response times

    private readonly Lock gate = new();
    private DateTimeOffset notBefore;
    private DateTimeOffset restUntil;
    private TimeSpan rest = options.BreakerRest;
    private bool probing;
    private int failures;
    private UpstreamFailure? lastFailure;
    private DateTimeOffset? lastFailureAt;
    private TimeSpan? responseTime;
    private long sent;
    private long avoided;
    private double tokens = options.RequestBurst;
    private DateTimeOffset filledAt = time.GetUtcNow();

    /// <summary>Waits for its turn; a failure when the host is not to be asked now.</summary>
    /// <param name="evenResting">Ask it although it rests; what it has asked for itself is obeyed in any case.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async ValueTask<UpstreamFailure?> EnterAsync(bool evenResting, CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan wait;
            lock (gate)
            {
                if (Refusal(evenResting) is { } refusal)
                {
                    avoided++;
                    return refusal;
                }
                wait = TakeToken();
                if (wait == TimeSpan.Zero)
                {
                    sent++;
                    probing = failures >= options.BreakerFailures;
                    return null;
                }
            }
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    /// <summary>What has come of a request, and after how long; null when the host answered, whatever it said of the file.</summary>
    public void Report(UpstreamFailure? failure, TimeSpan elapsed)
    {
        lock (gate)
        {
            if (failure is null) responseTime = responseTime is { } before ? before + ((elapsed - before) * WeightOfLast) : elapsed;
            var now = time.GetUtcNow();
            if (failure is not null) (lastFailure, lastFailureAt) = (failure, now);
            probing = false;
            if (failure?.RetryAfter is { } wait || failure?.Kind == UpstreamFailureKind.RateLimited)
                notBefore = now + Shorter(failure.RetryAfter ?? options.DefaultRetryAfter, options.LongestRetryAfter);
            if (failure is null || !SpeaksOfTheHost(failure.Kind))
            {
                (failures, rest) = (0, options.BreakerRest);
                return;
            }
            if (++failures < options.BreakerFailures) return;
            restUntil = now + rest;
            rest = Shorter(rest * 2, options.LongestBreakerRest);
        }
    }

    /// <summary>The caller left before there was an answer: a probe is free again.</summary>
    public void Abandon()
    {
        lock (gate) probing = false;
    }

    /// <summary>Why a request would not be sent now; null when it would.</summary>
    public UpstreamFailure? Foresee()
    {
        lock (gate) return Refusal(evenResting: false);
    }

    public UpstreamHostState Describe()
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            var (state, until) = now < notBefore ? (UpstreamHostCondition.RateLimited, notBefore)
                : failures >= options.BreakerFailures ? (UpstreamHostCondition.Resting, restUntil)
                : (UpstreamHostCondition.Answering, (DateTimeOffset?)null);
            return new(origin, state, until, failures, lastFailure, sent, avoided) { ResponseTime = responseTime, LastFailureAt = lastFailureAt };
        }
    }

    private UpstreamFailure? Refusal(bool evenResting)
    {
        var now = time.GetUtcNow();
        if (now < notBefore)
            return new(UpstreamFailureKind.RateLimited, "it has asked for fewer requests and is left alone for a time", notBefore - now) { IsUnsent = true };
        if (failures < options.BreakerFailures || evenResting) return null;
        if (now < restUntil)
            return new(lastFailure!.Kind, $"it failed {failures} times in a row and rests; last: {lastFailure.Detail}", restUntil - now) { IsUnsent = true };
        return probing ? new(lastFailure!.Kind, $"it is being tried again; last: {lastFailure.Detail}", TimeSpan.FromSeconds(1)) { IsUnsent = true } : null;
    }

    // Zero: a token was taken. Otherwise how long until there is one.
    private TimeSpan TakeToken()
    {
        if (options.RequestsPerSecond <= 0) return TimeSpan.Zero;
        var now = time.GetUtcNow();
        tokens = Math.Min(options.RequestBurst, tokens + ((now - filledAt).TotalSeconds * options.RequestsPerSecond));
        filledAt = now;
        if (tokens < 1) return TimeSpan.FromSeconds((1 - tokens) / options.RequestsPerSecond);
        tokens--;
        return TimeSpan.Zero;
    }

    // A wrong password or a lying answer says nothing about whether the host is up.
    private static bool SpeaksOfTheHost(UpstreamFailureKind kind) => kind
        is UpstreamFailureKind.TimedOut or UpstreamFailureKind.Unreachable or UpstreamFailureKind.ServerError;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
