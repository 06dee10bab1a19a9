using Larder.Registry.Data;

namespace Larder.Registry.Packages;

/// <summary>The cleanup policies of projects.</summary>
public sealed class CleanupPolicyStore(Database database, TimeProvider time)
{
    private const string Columns =
        "keep_n_duplicated_package_files as keep, delete_generic_packages_not_downloaded_in_days as not_downloaded_days, next_run_at";

    /// <summary>The policy of a project; the default when it has none.</summary>
    public async Task<CleanupPolicy> FindAsync(long projectId, CancellationToken cancellationToken) =>
        await database.ReadAsync(session => session.FirstOrDefaultAsync<CleanupPolicy>(
            $"select {Columns} from package_cleanup_policies where project_id = @ProjectId", new { ProjectId = projectId }),
            cancellationToken) ?? CleanupPolicy.Default;

    /// <summary>Saves what the policy asks for; its first run is <see cref="CleanupPolicy.Interval"/> from now.</summary>
    public Task<CleanupPolicy> SaveAsync(long projectId, CleanupPolicy policy, CancellationToken cancellationToken) =>
        database.WriteAsync(session => session.SingleAsync<CleanupPolicy>($"""
            insert into package_cleanup_policies (project_id, keep_n_duplicated_package_files,
              delete_generic_packages_not_downloaded_in_days, next_run_at, updated_at)
            values (@ProjectId, @Keep, @NotDownloadedDays, @Next, @Now)
            on conflict (project_id) do update set
              keep_n_duplicated_package_files = excluded.keep_n_duplicated_package_files,
              delete_generic_packages_not_downloaded_in_days = excluded.delete_generic_packages_not_downloaded_in_days,
              next_run_at = excluded.next_run_at, updated_at = excluded.updated_at
            returning {Columns}
            """, new { ProjectId = projectId, policy.Keep, policy.NotDownloadedDays, Next = NextRun(), Now = Now() }), cancellationToken);

    /// <summary>
    /// Takes the policy that has been due for the longest and puts its next run off, so that no other node takes it too; null
    /// when none is due, or another node is just taking it. A policy that removes nothing, or whose project has no packages, is never due.
    /// </summary>
    public Task<DuePolicy?> TakeDueAsync(CancellationToken cancellationToken) =>
        database.WriteAsync(session => session.FirstOrDefaultAsync<DuePolicy>($"""
            update package_cleanup_policies set next_run_at = @Next
            where next_run_at <= @Now and project_id = (
              select c.project_id from package_cleanup_policies c
              where c.next_run_at <= @Now
                and (c.keep_n_duplicated_package_files <> 'all' or c.delete_generic_packages_not_downloaded_in_days is not null)
                and exists (select 1 from packages p where p.project_id = c.project_id and p.status in ('default', 'hidden', 'deprecated', 'error'))
              order by c.next_run_at, c.project_id
              limit 1)
            returning project_id, {Columns}
            """, new { Next = NextRun(), Now = Now() }), cancellationToken);

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private long NextRun() => (time.GetUtcNow() + CleanupPolicy.Interval).ToUnixTimeMilliseconds();
}

/// <summary>A policy that is to be done now.</summary>
public sealed record DuePolicy(long ProjectId, string Keep, long? NotDownloadedDays, long NextRunAt)
{
    /// <summary>What it asks for.</summary>
    public CleanupPolicy Policy => new(Keep, NotDownloadedDays, NextRunAt);
}
