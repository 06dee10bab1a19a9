using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Larder.Endurance;

/// <summary>What happened when: requests, disturbances, and what was wrong.</summary>
internal sealed class Timeline
{
    private readonly TimeProvider time = TimeProvider.System;
    private readonly long began = TimeProvider.System.GetTimestamp();
    private readonly ConcurrentQueue<Entry> entries = new();
    private readonly ConcurrentQueue<string> wrong = new();
    private readonly ConcurrentQueue<string> notes = new();
    private readonly List<(string Name, TimeSpan Begin, TimeSpan End)> phases = [];

    /// <summary>What must not have happened; empty when all is well.</summary>
    public IReadOnlyCollection<string> Faults => wrong;

    private TimeSpan Now => time.GetElapsedTime(began);

    public void Wrong(string what) => wrong.Enqueue(what);

    /// <summary>Keeps what a reader of the figures should know, and what is no fault.</summary>
    public void Note(string what) => notes.Enqueue(what);

    /// <summary>Runs a part of the proof whose requests are counted on their own.</summary>
    public async Task PhaseAsync(string name, Func<Task> part)
    {
        var begin = Now;
        await part();
        phases.Add((name, begin, Now));
    }

    public async Task<Outcome> TimeAsync(string kind, Func<Task<Outcome>> request)
    {
        var begin = Now;
        var outcome = await request();
        entries.Enqueue(new Entry(kind, begin, Now, outcome.Status));
        // What a server says that has lost its database or its bucket; anything else is a bug.
        if (outcome.Status is not (0 or 200 or 201 or 503 or 404)) Wrong($"{kind} answered {outcome.Status}");
        return outcome;
    }

    /// <summary>Tables of Markdown: failures by phase and kind, and how long each disturbance was felt.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("| Phase | Seconds | Kind | Requests | 503 | Cut | Failed | p50 ms | p99 ms | Longest without a success, s |\n|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (var (name, begin, end) in phases)
        foreach (var kind in entries.GroupBy(entry => entry.Kind).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var inside = kind.Where(entry => entry.End >= begin && entry.End < end).ToList();
            if (inside.Count == 0)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {(end - begin).TotalSeconds:F1} | {kind.Key} | 0 | | | | | | {(end - begin).TotalSeconds:F1} |");
                continue;
            }
            var (away, cut) = (inside.Count(entry => entry.Status == 503), inside.Count(entry => entry.Status == 0));
            var took = inside.Select(entry => (entry.End - entry.Begin).TotalMilliseconds).Order().ToList();
            var gap = Gap(inside, begin, end);
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {name} | {(end - begin).TotalSeconds:F1} | {kind.Key} | {inside.Count} | {away} | {cut} | {100.0 * inside.Count(entry => !entry.IsSuccess) / inside.Count:F2}% | {took[took.Count / 2]:F0} | {took[took.Count * 99 / 100]:F0} | {gap.TotalSeconds:F2} |");
        }
        text.AppendLine().AppendLine("| Disturbance | Lasted, s | Last failure after its end, s | First success after its end, s |").AppendLine("|---|---|---|---|");
        for (var i = 0; i < phases.Count; i++)
        {
            if (phases[i].Name.StartsWith("calm", StringComparison.Ordinal)) continue;
            var end = phases[i].End;
            var horizon = i + 1 < phases.Count ? phases[i + 1].End : TimeSpan.MaxValue;
            var after = entries.Where(entry => entry.End >= end && entry.End < horizon).ToList();
            var last = after.Where(entry => !entry.IsSuccess).Select(entry => (entry.End - end).TotalSeconds).DefaultIfEmpty(0).Max();
            var first = after.Where(entry => entry.IsSuccess).Select(entry => (entry.End - end).TotalSeconds).DefaultIfEmpty(double.NaN).Min();
            text.AppendLine(CultureInfo.InvariantCulture, $"| {phases[i].Name} | {(end - phases[i].Begin).TotalSeconds:F1} | {last:F2} | {first:F2} |");
        }
        foreach (var note in notes) text.AppendLine().Append("Note: ").Append(note);
        foreach (var fault in wrong) text.AppendLine().Append("WRONG: ").Append(fault);
        return text.AppendLine().ToString();
    }

    private static TimeSpan Gap(IEnumerable<Entry> inside, TimeSpan begin, TimeSpan end)
    {
        var (longest, last) = (TimeSpan.Zero, begin);
        foreach (var success in inside.Where(entry => entry.IsSuccess).Select(entry => entry.End).Order().Append(end))
        {
            if (success - last > longest) longest = success - last;
            last = success;
        }
        return longest;
    }

    private sealed record Entry(string Kind, TimeSpan Begin, TimeSpan End, int Status)
    {
        public bool IsSuccess => Status is 200 or 201;
    }
}
