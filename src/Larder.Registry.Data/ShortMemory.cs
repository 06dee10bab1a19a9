using BitFaster.Caching.Lru;

namespace Larder.Registry.Data;

/// <summary>
/// What this node remembers of rows so that hot requests need no statement: bounded, never older than five seconds (for
/// a change on another node of which no notice came), and dropped as a whole when such rows change, see <see cref="ChangeNotices"/>. An absence is
/// remembered like anything else, as null.
/// </summary>
/// <param name="capacity">Most entries; the least used leave first.</param>
/// <param name="time">The clock that ages them.</param>
public sealed class ShortMemory<TKey, TValue>(int capacity, TimeProvider time) where TKey : notnull
{
    private static readonly TimeSpan Oldest = TimeSpan.FromSeconds(5);
    private readonly ConcurrentLru<TKey, Entry> entries = new(capacity);
    private int generation;

    /// <summary>The value, if it is remembered and young.</summary>
    public bool TryGet(TKey key, out TValue? value)
    {
        if (entries.TryGet(key, out var entry) && entry.Moment.Generation == Volatile.Read(ref generation)
            && time.GetElapsedTime(entry.Moment.Timestamp) < Oldest)
        {
            value = entry.Value;
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>The remembered value, or else what <paramref name="load"/> finds.</summary>
    public ValueTask<TValue?> GetAsync<TState>(
        TKey key, TState state, Func<TState, TKey, CancellationToken, Task<TValue?>> load, CancellationToken cancellationToken) =>
        TryGet(key, out var value) ? ValueTask.FromResult(value) : LoadAsync(key, state, load, cancellationToken);

    /// <summary>The moment to take before rows are read, for <see cref="Remember"/>.</summary>
    public Moment Now() => new(Volatile.Read(ref generation), time.GetTimestamp());

    /// <summary>
    /// Remembers what was read after <paramref name="moment"/>. Had the rows changed meanwhile, the entry is void from the start:
    /// a lookup beside a change cannot bring the old row back.
    /// </summary>
    public void Remember(TKey key, TValue? value, Moment moment) => entries.AddOrUpdate(key, new Entry(value, moment));

    /// <summary>Rows of this kind have changed: nothing remembered counts any more. Call it after the commit.</summary>
    public void Forget() => Interlocked.Increment(ref generation);

    private async ValueTask<TValue?> LoadAsync<TState>(
        TKey key, TState state, Func<TState, TKey, CancellationToken, Task<TValue?>> load, CancellationToken cancellationToken)
    {
        var moment = Now();
        var value = await load(state, key, cancellationToken);
        Remember(key, value, moment);
        return value;
    }

    private sealed record Entry(TValue? Value, Moment Moment);
}

/// <summary>When a row was read, as <see cref="ShortMemory{TKey,TValue}"/> counts.</summary>
public readonly record struct Moment(int Generation, long Timestamp);
