using Larder.Registry;

namespace Larder.Server;

/// <summary>Standard .NET configuration (appsettings.json, environment <c>Larder__…</c>, command line), bound and checked as a whole.</summary>
internal static class Configuration
{
    /// <summary>
    /// The options, or null after every problem was written to <paramref name="errors"/>: an operator who fixes a
    /// configuration wants to see all of it at once.
    /// </summary>
    public static LarderOptions? Read(IConfiguration configuration, TextWriter errors)
    {
        var problems = new List<string>();
        var section = configuration.GetSection("Larder");
        LarderOptions? options = null;
        try
        {
            options = section.Get<LarderOptions>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new LarderOptions();
        }
        catch (InvalidOperationException e)
        {
            // A name that does not exist, or a value of the wrong kind.
            problems.Add(e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message);
            options = Lenient(section);
        }
        if (options is not null) problems.AddRange(options.Problems());
        if (problems.Count == 0) return options;
        errors.WriteLine("Larder cannot start; its configuration has these problems:");
        foreach (var problem in problems) errors.WriteLine($"  - {problem}");
        return null;
    }

    // Only to find the other problems: what this reads is never used to start.
    private static LarderOptions? Lenient(IConfigurationSection section)
    {
        try
        {
            return section.Get<LarderOptions>();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
