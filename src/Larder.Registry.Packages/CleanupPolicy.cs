using System.Globalization;

namespace Larder.Registry.Packages;

/// <summary>What upkeep removes from a project by itself, every twelve hours (generic-packages contract section 6).</summary>
/// <param name="Keep">
/// How many of the files that share package and name stay, the newest ones: <see cref="Everything"/> or a number of
/// <see cref="Keeps"/>.
/// </param>
/// <param name="NotDownloadedDays">
/// A generic package goes when for so many days nobody has downloaded it, or published to it; null keeps them all.
/// </param>
/// <param name="NextRunAt">When it is done next, in Unix milliseconds; null for a policy that was never saved.</param>
public sealed record CleanupPolicy(string Keep, long? NotDownloadedDays, long? NextRunAt)
{
    /// <summary>Keeps all files.</summary>
    public const string Everything = "all";

    /// <summary>The longest time without a download, in days.</summary>
    public const int MostDays = 36_500;

    /// <summary>The time between two runs, also from a change of the policy to its first run.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(12);

    /// <summary>What <see cref="Keep"/> may be.</summary>
    public static IReadOnlyList<string> Keeps { get; } = [Everything, "1", "10", "20", "30", "40", "50"];

    /// <summary>That of a project that has none of its own: it removes nothing.</summary>
    public static CleanupPolicy Default { get; } = new(Everything, null, null);

    /// <summary>How many files of one name stay; null for all.</summary>
    public int? KeptFiles => Keep == Everything ? null : int.Parse(Keep, CultureInfo.InvariantCulture);

    /// <summary>Packages that nobody has touched since then go (Unix milliseconds); null when none do.</summary>
    public long? UntouchedSince(DateTimeOffset now) =>
        NotDownloadedDays is { } days ? now.AddDays(-days).ToUnixTimeMilliseconds() : null;

    /// <summary>What is wrong with a number of days, in GitLab's words, or null.</summary>
    public static string? ProblemOfDays(long? days) => days switch
    {
        < 1 => "must be greater than or equal to 1",
        > MostDays => $"must be less than or equal to {MostDays}",
        _ => null,
    };
}
