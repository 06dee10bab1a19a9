using Larder.Registry.Data;

namespace Larder.Registry.Packages;

/// <summary>
/// The plan limits of the server, as GitLab names them. Larder heeds <see cref="GenericPackageBytes"/>; the others are kept
/// and answered for clients that set them. Remembered: what another node has set takes effect here a moment later.
/// </summary>
public sealed class PlanLimits
{
    /// <summary>The largest generic package file in bytes; 0 for no limit.</summary>
    public const string GenericPackageBytes = "generic_packages_max_file_size";

    // The values of a fresh GitLab.
    private static readonly (string Name, long Default)[] Known =
    [
        ("ci_instance_level_variables", 25), ("ci_pipeline_size", 0), ("ci_active_jobs", 0), ("ci_project_subscriptions", 2),
        ("ci_pipeline_schedules", 10), ("ci_needs_size_limit", 50), ("ci_registered_group_runners", 1000),
        ("ci_registered_project_runners", 1000), ("dotenv_size", 5120), ("dotenv_variables", 20), ("conan_max_file_size", 3L << 30),
        ("enforcement_limit", 10_000), (GenericPackageBytes, 5L << 30), ("helm_max_file_size", 5 << 20), ("notification_limit", 10_000),
        ("maven_max_file_size", 3L << 30), ("npm_max_file_size", 500 << 20), ("nuget_max_file_size", 500 << 20),
        ("pipeline_hierarchy_size", 1000), ("pypi_max_file_size", 3L << 30), ("terraform_module_max_file_size", 1 << 30),
        ("storage_size_limit", 15_000),
    ];

    private readonly Database database;
    private readonly LarderOptions options;
    private readonly ChangeNotices changes;
    private readonly ShortMemory<int, IReadOnlyDictionary<string, long>> memory;

    /// <summary>Remembers nothing yet.</summary>
    public PlanLimits(Database database, LarderOptions options, ChangeNotices changes, TimeProvider time)
    {
        (this.database, this.options, this.changes) = (database, options, changes);
        memory = new(3, time);
        changes.On(ChangeTopic.PlanLimits, _ => memory.Forget());
    }

    /// <summary>The names of all limits.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(known => known.Name)];

    /// <summary>All limits by name.</summary>
    public async ValueTask<IReadOnlyDictionary<string, long>> GetAsync(CancellationToken cancellationToken) =>
        (await memory.GetAsync(0, this, static (self, _, token) => self.LoadAsync(token), cancellationToken))!;

    /// <summary>The largest generic package file in bytes that is accepted now; 0 for no limit.</summary>
    public async ValueTask<long> GenericPackageMaxBytesAsync(CancellationToken cancellationToken) =>
        (await GetAsync(cancellationToken))[GenericPackageBytes];

    /// <summary>Sets some limits, named as in <see cref="Names"/>; the others stay.</summary>
    public async Task SetAsync(IReadOnlyDictionary<string, long> limits, CancellationToken cancellationToken)
    {
        await database.WriteAsync(async session =>
        {
            // In one order everywhere, so that two calls cannot lock each other's rows.
            foreach (var (name, value) in limits.OrderBy(limit => limit.Key, StringComparer.Ordinal))
            {
                await session.ExecuteAsync("""
                    insert into plan_limits (name, value) values (@Name, @Value) on conflict (name) do update set value = excluded.value
                    """, new { Name = name, Value = value });
            }
        }, cancellationToken);
        changes.Publish(ChangeTopic.PlanLimits);
    }

    private async Task<IReadOnlyDictionary<string, long>?> LoadAsync(CancellationToken cancellationToken)
    {
        var limits = Known.ToDictionary(known => known.Name, known => known.Default);
        // The configuration says what holds until somebody sets it through the API.
        limits[GenericPackageBytes] = options.GenericPackageMaxBytes;
        foreach (var row in await database.ReadAsync(session => session.QueryAsync<LimitRow>("select name, value from plan_limits"), cancellationToken))
            if (limits.ContainsKey(row.Name)) limits[row.Name] = row.Value;
        return limits;
    }

    private sealed record LimitRow(string Name, long Value);
}
