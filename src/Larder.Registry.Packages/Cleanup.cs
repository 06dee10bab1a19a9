using System.Globalization;
using Dapper;
using Larder.Registry.Data;

namespace Larder.Registry.Packages;

/// <summary>What a run of a policy has removed.</summary>
public sealed record CleanupResult(long Files, long Packages);

/// <summary>
/// Does what a cleanup policy says: marks files and packages as deleted; the sweeper frees the bytes. In batches, each a
/// transaction of its own, so that uploads get in between; whatever the time did not suffice for waits for the next run.
/// </summary>
public sealed class Cleanup(Database database, ProtectionRuleStore rules, TimeProvider time)
{
    /// <summary>The time after which a run takes up nothing more.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromSeconds(250);

    private const int RowsPerBatch = 1000;
    private const int NamesPerWrite = 20;

    /// <summary>Removes what the policy of a project does not keep.</summary>
    public async Task<CleanupResult> RunAsync(long projectId, CleanupPolicy policy, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var packages = policy.UntouchedSince(time.GetUtcNow()) is { } since
            ? await RemovePackagesAsync(projectId, since, started, cancellationToken) : 0;
        var files = policy.KeptFiles is { } keep ? await RemoveFilesAsync(projectId, keep, started, cancellationToken) : 0;
        return new CleanupResult(files, packages);
    }

    private async Task<long> RemovePackagesAsync(long projectId, long since, long started, CancellationToken cancellationToken)
    {
        long removed = 0;
        for (long after = 0; time.GetElapsedTime(started) < Budget;)
        {
            var parameters = new DynamicParameters(new { ProjectId = projectId, After = after, Limit = RowsPerBatch, Now = Now() });
            var going = CleanupRows.Going(await rules.OfProjectAsync(projectId, cancellationToken), since, parameters);
            var ids = await database.ReadAsync(session => session.QueryAsync<long>(
                $"select p.id from packages p where {going} and p.id > @After order by p.id limit @Limit", parameters), cancellationToken);
            if (ids.Count == 0) break;
            after = ids[^1];
            // Once more with the condition: somebody may have downloaded it since it was read. The two databases share no spelling for a
            // list as a parameter; numbers of our own rows are safe as text.
            removed += await database.WriteAsync(session => session.ExecuteAsync($"""
                update packages as p set status = 'pending_destruction', updated_at = @Now
                where p.id in ({string.Join(',', ids.Select(id => id.ToString(CultureInfo.InvariantCulture)))}) and {going}
                """, parameters), cancellationToken);
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
            where {CleanupRows.Fetchable}
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

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record FilesOfName(long PackageId, string FileName);
}
