using System.Globalization;
using Larder.Registry.Data;

namespace Larder.Registry.Packages;

/// <summary>What a run of a policy has removed.</summary>
public sealed record CleanupResult(long Files, long Packages);

/// <summary>What a run of a policy would remove now. The lists hold the first ones only.</summary>
/// <param name="Files">All files that were found.</param>
/// <param name="FirstFiles">Some of them.</param>
/// <param name="Packages">All packages that were found.</param>
/// <param name="FirstPackages">Some of them.</param>
/// <param name="IsWhole">False when there were more packages than the preview looks at.</param>
public sealed record CleanupPreview(
    CleanupTotal Files, IReadOnlyList<PackageFile> FirstFiles, CleanupTotal Packages, IReadOnlyList<Package> FirstPackages, bool IsWhole);

/// <summary>How many, and how many bytes in their files; a content that is stored once counts each time.</summary>
public readonly record struct CleanupTotal(long Count, long Size);

/// <summary>
/// Does what a cleanup policy says: marks files and packages as deleted; the sweeper frees the bytes. In batches, each a
/// transaction of its own, so that uploads get in between; whatever the time did not suffice for waits for the next run.
/// </summary>
public sealed class Cleanup(Database database, ProtectionRuleStore rules, TimeProvider time)
{
    /// <summary>The time after which a run takes up nothing more.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromSeconds(250);

    /// <summary>How many files and how many packages a preview lists.</summary>
    public const int PreviewRows = 100;

    /// <summary>At how many packages the preview of the API looks.</summary>
    public const int MostPreviewed = 100_000;

    private const int RowsPerBatch = 1000;
    private const int NamesPerWrite = 20;
    private const string Fetchable = "p.status in ('default', 'hidden', 'deprecated')";

    // Also one that somebody published to lately stays, though nobody has downloaded it yet.
    private const string Untouched = """
        p.project_id = @ProjectId and p.type = 'generic' and p.status in ('default', 'hidden', 'deprecated', 'error')
          and coalesce(p.last_downloaded_at, p.created_at) < @Since and p.updated_at < @Since
        """;

    private const string FirstFetchable = $"(select p.id from packages p where p.project_id = @ProjectId and {Fetchable} order by p.id limit @Most) p";

    // Everything but the newest @Keep files of each name of each package.
    private const string Surplus = $"""
        (select f.id, f.package_id, f.size, row_number() over (partition by f.package_id, f.file_name order by f.id desc) as place
          from {FirstFetchable} join package_files f on f.package_id = p.id and f.status = 'default') ranked
        """;

    /// <summary>Removes what the policy of a project does not keep.</summary>
    public async Task<CleanupResult> RunAsync(long projectId, CleanupPolicy policy, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var packages = policy.UntouchedSince(time.GetUtcNow()) is { } since
            ? await RemovePackagesAsync(projectId, since, started, cancellationToken) : 0;
        var files = policy.KeptFiles is { } keep ? await RemoveFilesAsync(projectId, keep, started, cancellationToken) : 0;
        return new CleanupResult(files, packages);
    }

    /// <summary>
    /// What <see cref="RunAsync"/> would remove now. Files of packages that go are not counted among the files.
    /// </summary>
    /// <param name="projectId">The project.</param>
    /// <param name="policy">What is tried; it need not be saved.</param>
    /// <param name="most">At how many packages it looks, the oldest first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<CleanupPreview> PreviewAsync(long projectId, CleanupPolicy policy, int most, CancellationToken cancellationToken)
    {
        var gone = new HashSet<long>();
        var (packages, firstPackages, allPackages) = policy.UntouchedSince(time.GetUtcNow()) is { } since
            ? await PreviewPackagesAsync(projectId, since, most, gone, cancellationToken) : (new CleanupTotal(), [], true);
        var (files, firstFiles, allFiles) = policy.KeptFiles is { } keep
            ? await PreviewFilesAsync(projectId, keep, most, gone, cancellationToken) : (new CleanupTotal(), [], true);
        return new CleanupPreview(files, firstFiles, packages, firstPackages, allPackages && allFiles);
    }

    private async Task<(CleanupTotal Total, IReadOnlyList<Package> First, bool IsWhole)> PreviewPackagesAsync(
        long projectId, long since, int most, HashSet<long> gone, CancellationToken cancellationToken)
    {
        var (first, size, after, looked) = (new List<Package>(), 0L, 0L, 0);
        while (true)
        {
            var candidates = await CandidatesAsync(projectId, since, after, cancellationToken);
            if (candidates.Count == 0 || looked == most) return (new CleanupTotal(gone.Count, size), first, candidates.Count == 0);
            candidates = [.. candidates.Take(most - looked)];
            (after, looked) = (candidates[^1].Id, looked + candidates.Count);
            var unprotected = await UnprotectedOfAsync(projectId, candidates, cancellationToken);
            if (unprotected.Count == 0) continue;
            gone.UnionWith(unprotected.Select(package => package.Id));
            first.AddRange(unprotected.Take(PreviewRows - first.Count));
            size += await database.ReadAsync(session => session.SingleAsync<long>($"""
                select cast(coalesce(sum(size), 0) as bigint) from package_files where package_id in ({Ids(unprotected)}) and status = 'default'
                """), cancellationToken);
        }
    }

    private Task<(CleanupTotal Total, IReadOnlyList<PackageFile> First, bool IsWhole)> PreviewFilesAsync(
        long projectId, int keep, int most, HashSet<long> gone, CancellationToken cancellationToken) =>
        database.ReadAsync<(CleanupTotal, IReadOnlyList<PackageFile>, bool)>(async session =>
        {
            var parameters = new { ProjectId = projectId, Keep = keep, Most = most, Limit = PreviewRows };
            var surplus = (await session.QueryAsync<SurplusOfPackage>($"""
                select package_id, count(*) as count, cast(sum(size) as bigint) as size from {Surplus} where place > @Keep
                group by package_id order by package_id
                """, parameters)).Where(package => !gone.Contains(package.PackageId)).ToList();
            var total = new CleanupTotal(surplus.Sum(package => package.Count), surplus.Sum(package => package.Size));
            var isWhole = await session.SingleAsync<long>(
                $"select count(*) from {FirstFetchable}", new { ProjectId = projectId, Most = most + 1 }) <= most;
            if (surplus.Count == 0) return (total, [], isWhole);
            var first = await session.QueryAsync<PackageFile>($"""
                select {PackageStore.FileColumns}
                from {Surplus} join package_files f on f.id = ranked.id join blobs b on b.sha256 = f.sha256
                where place > @Keep and f.package_id in ({Ids(surplus.Take(PreviewRows).Select(package => package.PackageId))})
                order by f.package_id, f.id limit @Limit
                """, parameters);
            return (total, first, isWhole);
        }, cancellationToken);

    private async Task<long> RemovePackagesAsync(long projectId, long since, long started, CancellationToken cancellationToken)
    {
        long removed = 0;
        for (long after = 0; time.GetElapsedTime(started) < Budget;)
        {
            var candidates = await CandidatesAsync(projectId, since, after, cancellationToken);
            if (candidates.Count == 0) break;
            after = candidates[^1].Id;
            var unprotected = await UnprotectedOfAsync(projectId, candidates, cancellationToken);
            if (unprotected.Count == 0) continue;
            // Once more with the condition: somebody may have downloaded it since it was read.
            removed += await database.WriteAsync(session => session.ExecuteAsync($"""
                update packages as p set status = 'pending_destruction', updated_at = @Now where p.id in ({Ids(unprotected)}) and {Untouched}
                """, new { ProjectId = projectId, Since = since, Now = Now() }), cancellationToken);
        }
        return removed;
    }

    private async Task<long> RemoveFilesAsync(long projectId, int keep, long started, CancellationToken cancellationToken)
    {
        long removed = 0;
        while (time.GetElapsedTime(started) < Budget)
        {
            var names = await CrowdedNamesAsync(projectId, keep, cancellationToken);
            if (names.Count == 0) break;
            foreach (var some in names.Chunk(NamesPerWrite))
            {
                removed += await database.WriteAsync(async session =>
                {
                    long marked = 0;
                    foreach (var name in some) marked += await MarkSurplusAsync(session, name, keep);
                    return marked;
                }, cancellationToken);
                if (time.GetElapsedTime(started) >= Budget) break;
            }
        }
        return removed;
    }

    private Task<IReadOnlyList<FilesOfName>> CrowdedNamesAsync(long projectId, int keep, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<FilesOfName>($"""
            select f.package_id, f.file_name from packages p join package_files f on f.package_id = p.id and f.status = 'default'
            where p.project_id = @ProjectId and {Fetchable}
            group by f.package_id, f.file_name having count(*) > @Keep
            order by f.package_id, f.file_name
            limit @Limit
            """, new { ProjectId = projectId, Keep = keep, Limit = RowsPerBatch }), cancellationToken);

    // The newest are skipped, of the rest a batch goes; a name with more is found again.
    private Task<int> MarkSurplusAsync(Session session, FilesOfName name, int keep) => session.ExecuteAsync("""
        update package_files set status = 'pending_destruction', updated_at = @Now where id in (
          select id from package_files where package_id = @PackageId and file_name = @FileName and status = 'default'
          order by id desc limit @Limit offset @Keep)
        """, new { name.PackageId, name.FileName, Keep = keep, Limit = RowsPerBatch, Now = Now() });

    private Task<IReadOnlyList<Package>> CandidatesAsync(
        long projectId, long since, long after, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<Package>($"""
            select {PackageStore.PackageColumns} from packages p where {Untouched} and p.id > @After order by p.id limit @Limit
            """, new { ProjectId = projectId, Since = since, After = after, Limit = RowsPerBatch }), cancellationToken);

    // Upkeep is nobody: whatever level a rule asks for, it does not have it.
    private async Task<IReadOnlyList<Package>> UnprotectedOfAsync(
        long projectId, IReadOnlyList<Package> packages, CancellationToken cancellationToken)
    {
        var protecting = (await rules.OfProjectAsync(projectId, cancellationToken)).Where(rule => rule.MinimumAccessLevelForDelete is not null).ToList();
        return [.. packages.Where(package => !protecting.Exists(rule => rule.Matches(package.Type, package.Name)))];
    }

    // The two databases share no spelling for a list as a parameter; numbers of our own rows are safe as text.
    private static string Ids(IEnumerable<Package> packages) => Ids(packages.Select(package => package.Id));

    private static string Ids(IEnumerable<long> ids) => string.Join(',', ids.Select(id => id.ToString(CultureInfo.InvariantCulture)));

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record FilesOfName(long PackageId, string FileName);

    // Properties, not a constructor: SQLite has no type for a counted column while there is no row.
    private sealed class SurplusOfPackage
    {
        public long PackageId { get; init; }
        public long Count { get; init; }
        public long Size { get; init; }
    }
}
