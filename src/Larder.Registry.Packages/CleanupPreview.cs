using System.Globalization;
using Dapper;
using Larder.Registry.Data;

namespace Larder.Registry.Packages;

/// <summary>What a run of a policy would remove now. The lists hold some of it.</summary>
/// <param name="Files">The files that go from packages that stay.</param>
/// <param name="FirstFiles">At most <see cref="CleanupPreviews.Rows"/> of them.</param>
/// <param name="Packages">The packages that go.</param>
/// <param name="FirstPackages">At most <see cref="CleanupPreviews.Rows"/> of them.</param>
public sealed record CleanupPreview(
    CleanupTotal Files, IReadOnlyList<PackageFile> FirstFiles, CleanupTotal Packages, IReadOnlyList<Package> FirstPackages)
{
    /// <summary>False when there are more packages that go than are counted.</summary>
    public bool CountsAllPackages { get; init; } = true;

    /// <summary>False when the size is that of <see cref="CleanupReach.Weighed"/> of the packages that go.</summary>
    public bool WeighsAllPackages { get; init; } = true;

    /// <summary>False when files were looked for in <see cref="CleanupReach.Weighed"/> of the packages that stay.</summary>
    public bool SeesAllFiles { get; init; } = true;
}

/// <summary>How many, and how many bytes in their files; a content that is stored once counts each time.</summary>
public readonly record struct CleanupTotal(long Count, long Size);

/// <summary>How far a preview looks.</summary>
/// <param name="Counted">So many packages that go are counted.</param>
/// <param name="Weighed">Of so many packages it looks at the files: several rows each, where counting looks at one.</param>
public readonly record struct CleanupReach(int Counted, int Weighed)
{
    /// <summary>That of the API.</summary>
    public static CleanupReach OfApi { get; } = new(100_000, 100_000);

    /// <summary>That of a page, which is there within 100 ms: as many are counted.</summary>
    public static CleanupReach OfPage { get; } = OfApi with { Weighed = 10_000 };
}

/// <summary>
/// Tells what <see cref="Cleanup"/> would remove, by statements that change nothing. What is one of many is taken as it comes: putting
/// a hundred thousand in order would take longer than all the rest.
/// </summary>
public sealed class CleanupPreviews(Database database, ProtectionRuleStore rules, TimeProvider time)
{
    /// <summary>How many files and how many packages a preview lists.</summary>
    public const int Rows = 100;

    /// <summary>What a run of the policy, which need not be saved, would remove now.</summary>
    public async Task<CleanupPreview> OfAsync(long projectId, CleanupPolicy policy, CleanupReach reach, CancellationToken cancellationToken)
    {
        var parameters = new DynamicParameters(new
        {
            ProjectId = projectId, Keep = policy.KeptFiles ?? 0, reach.Weighed, CountLimit = reach.Counted + 1, StayLimit = reach.Weighed + 1, Rows,
        });
        var going = policy.UntouchedSince(time.GetUtcNow()) is { } since
            ? CleanupRows.Going(await rules.OfProjectAsync(projectId, cancellationToken), since, parameters) : null;
        return await database.ReadAsync(async session =>
        {
            var preview = new CleanupPreview(new CleanupTotal(), [], new CleanupTotal(), []);
            if (going is not null) preview = await WithPackagesAsync(session, preview, going, reach, parameters);
            if (policy.KeptFiles is not null) preview = await WithFilesAsync(session, preview, going, reach, parameters);
            return preview;
        }, cancellationToken);
    }

    private static async Task<CleanupPreview> WithPackagesAsync(
        Session session, CleanupPreview preview, string going, CleanupReach reach, DynamicParameters parameters)
    {
        var count = await session.SingleAsync<long>($"select count(*) from (select 1 from packages p where {going} limit @CountLimit) as counted", parameters);
        if (count == 0) return preview;
        var size = await session.SingleAsync<long>($"""
            select cast(coalesce(sum(f.size), 0) as bigint) from (select p.id from packages p where {going} limit @Weighed) w
            join package_files f on f.package_id = w.id and f.status = 'default'
            """, parameters);
        var first = await session.QueryAsync<Package>($"""
            select {PackageStore.PackageColumns} from packages p where p.id in (select p.id from packages p where {going} limit @Rows) order by p.id
            """, parameters);
        return preview with
        {
            Packages = new CleanupTotal(Math.Min(count, reach.Counted), size), FirstPackages = first,
            CountsAllPackages = count <= reach.Counted, WeighsAllPackages = count <= reach.Weighed,
        };
    }

    private static async Task<CleanupPreview> WithFilesAsync(
        Session session, CleanupPreview preview, string? going, CleanupReach reach, DynamicParameters parameters)
    {
        var staying = CleanupRows.Fetchable + (going is null ? "" : $" and not ({going})");
        // In one: passing over what goes takes most of the time. Everything but the newest @Keep files of each name of each package.
        var rows = await session.QueryAsync<Surplus>($"""
            with w as materialized (select p.id from packages p where {staying} limit @StayLimit),
            ranked as (
              select f.id, f.package_id, f.size, row_number() over (partition by f.package_id, f.file_name order by f.id desc) as place
              from (select id from w limit @Weighed) as few join package_files f on f.package_id = few.id and f.status = 'default')
            select p.packages, s.id, s.count, s.size from (select count(*) as packages from w) as p left join (
              select id, count(*) over () as count, cast(sum(size) over () as bigint) as size from ranked where place > @Keep
              order by package_id, id limit @Rows) as s on 1 = 1
            """, parameters);
        var ids = rows.Where(row => row.Id is not null).Select(row => row.Id!.Value.ToString(CultureInfo.InvariantCulture)).ToList();
        // The two databases share no spelling for a list as a parameter; numbers of our own rows are safe as text.
        var first = ids.Count == 0 ? [] : await session.QueryAsync<PackageFile>($"""
            select {PackageStore.FileColumns} from package_files f join blobs b on b.sha256 = f.sha256
            where f.id in ({string.Join(',', ids)}) order by f.package_id, f.id
            """);
        return preview with
        {
            Files = new CleanupTotal(rows[0].Count ?? 0, rows[0].Size ?? 0), FirstFiles = first, SeesAllFiles = rows[0].Packages <= reach.Weighed,
        };
    }

    // Properties, not a constructor: SQLite has no type for a counted column while there is no row.
    private sealed class Surplus
    {
        public long Packages { get; init; }
        public long? Id { get; init; }
        public long? Count { get; init; }
        public long? Size { get; init; }
    }
}
