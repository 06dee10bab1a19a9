using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// What the owners of a group want to be removed from the caches of its virtual registries (Maven contract section 2.7), and how
/// the last run went. Instants are Unix milliseconds, yes/no 1 and 0; cadence and keeping are days.
/// </summary>
public sealed record CacheCleanupPolicy(
    long GroupId, long Enabled, long KeepNDaysAfterDownload, long Cadence, long NotifyOnSuccess, long NotifyOnFailure,
    string Status, string? FailureMessage, long? NextRunAt, long? LastRunAt, long LastRunDeletedSize, long LastRunDeletedEntriesCount,
    long CreatedAt, long UpdatedAt, long? CacheSizeLimit);

/// <summary>
/// What an owner may set of a policy; null leaves it as it is, or takes the default. The limit is bytes that the caches may hold,
/// whether or not the policy is enabled; 0 for none, negative for the operator's.
/// </summary>
public sealed record CacheCleanupSettings(
    bool? Enabled, long? KeepNDaysAfterDownload, long? Cadence, bool? NotifyOnSuccess, bool? NotifyOnFailure, long? CacheSizeLimit);

/// <summary>The rows of these policies, at most one for each group.</summary>
public sealed class CacheCleanupPolicyStore(Database database, TimeProvider time)
{
    private const int LongestFailure = 255;
    private const long Day = 86_400_000;
    private const long LongestRun = 3_600_000;

    private const string Columns = """
        group_id, enabled, keep_n_days_after_download, cadence, notify_on_success, notify_on_failure, status, failure_message,
        next_run_at, last_run_at, last_run_deleted_size, last_run_deleted_entries_count, created_at, updated_at, cache_size_limit
        """;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The policy of a group, or null.</summary>
    public Task<CacheCleanupPolicy?> FindAsync(long groupId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => FindAsync(session, groupId), cancellationToken);

    /// <summary>Makes the policy of a group.</summary>
    /// <exception cref="DuplicateRowException">It has one.</exception>
    public Task<CacheCleanupPolicy> CreateAsync(long groupId, CacheCleanupSettings settings, CancellationToken cancellationToken) =>
        database.WriteAsync(session =>
        {
            var (now, cadence, enabled) = (Now, settings.Cadence ?? 7, settings.Enabled ?? false);
            return session.SingleAsync<CacheCleanupPolicy>($"""
                insert into virtual_registry_cleanup_policies ({Columns})
                values (@GroupId, @Enabled, @Keep, @Cadence, @Success, @Failure, 'scheduled', null, @Next, null, 0, 0, @Now, @Now, @SizeLimit)
                returning {Columns}
                """, new
            {
                GroupId = groupId, Enabled = Number(enabled), Keep = settings.KeepNDaysAfterDownload ?? 30, Cadence = cadence,
                Success = Number(settings.NotifyOnSuccess ?? false), Failure = Number(settings.NotifyOnFailure ?? false),
                Next = enabled ? now + (cadence * Day) : (long?)null, Now = now, SizeLimit = Limit(settings.CacheSizeLimit),
            });
        }, cancellationToken);

    /// <summary>Changes the policy of a group; null when it has none.</summary>
    public Task<CacheCleanupPolicy?> UpdateAsync(long groupId, CacheCleanupSettings settings, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            if (await FindAsync(session, groupId) is not { } before) return null;
            var (now, cadence, enabled) = (Now, settings.Cadence ?? before.Cadence, settings.Enabled ?? before.Enabled == 1);
            // Counted anew only when the rhythm has changed: saving a form must not put a run off for ever.
            var keepsRhythm = before.NextRunAt is not null && cadence == before.Cadence;
            return await session.FirstOrDefaultAsync<CacheCleanupPolicy>($"""
                update virtual_registry_cleanup_policies set enabled = @Enabled, keep_n_days_after_download = @Keep, cadence = @Cadence,
                  notify_on_success = @Success, notify_on_failure = @Failure, next_run_at = @Next, updated_at = @Now,
                  cache_size_limit = @SizeLimit
                where group_id = @GroupId returning {Columns}
                """, new
            {
                GroupId = groupId, Enabled = Number(enabled), Keep = settings.KeepNDaysAfterDownload ?? before.KeepNDaysAfterDownload, Cadence = cadence,
                Success = settings.NotifyOnSuccess is { } success ? Number(success) : before.NotifyOnSuccess,
                Failure = settings.NotifyOnFailure is { } failure ? Number(failure) : before.NotifyOnFailure,
                Next = !enabled ? null : keepsRhythm ? before.NextRunAt : now + (cadence * Day), Now = now,
                SizeLimit = settings.CacheSizeLimit is null ? before.CacheSizeLimit : Limit(settings.CacheSizeLimit),
            });
        }, cancellationToken);

    /// <summary>Deletes the policy of a group; false when it has none.</summary>
    public Task<bool> DeleteAsync(long groupId, CancellationToken cancellationToken) => database.WriteAsync(async session =>
        await session.ExecuteAsync("delete from virtual_registry_cleanup_policies where group_id = @Id", new { Id = groupId }) == 1, cancellationToken);

    /// <summary>The policies whose run is due.</summary>
    public Task<IReadOnlyList<CacheCleanupPolicy>> DueAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<CacheCleanupPolicy>(
            $"select {Columns} from virtual_registry_cleanup_policies where next_run_at <= @Now order by next_run_at", new { Now }), cancellationToken);

    /// <summary>
    /// Takes a due run; false when somebody else was faster. It is due again in an hour, in case that it is never heard of any more.
    /// </summary>
    public Task<bool> BeginAsync(CacheCleanupPolicy policy, CancellationToken cancellationToken) => database.WriteAsync(async session =>
        await session.ExecuteAsync("""
            update virtual_registry_cleanup_policies set status = 'running', next_run_at = @Next
            where group_id = @GroupId and next_run_at = @NextRunAt
            """, new { policy.GroupId, policy.NextRunAt, Next = Now + LongestRun }) == 1, cancellationToken);

    /// <summary>Says how a run went, and when the next is due. A <paramref name="failure"/> is tried again like everything else.</summary>
    public Task EndAsync(CacheCleanupPolicy policy, long entries, long bytes, string? failure, CancellationToken cancellationToken) =>
        database.WriteAsync(session => session.ExecuteAsync("""
            update virtual_registry_cleanup_policies set status = @Status, failure_message = @Failure, last_run_at = @Now,
              next_run_at = case when enabled = 1 then @Next else null end,
              last_run_deleted_entries_count = @Entries, last_run_deleted_size = @Bytes
            where group_id = @GroupId
            """, new
        {
            policy.GroupId, Status = failure is null ? "scheduled" : "failed", Failure = failure?[..Math.Min(failure.Length, LongestFailure)], Now,
            Next = Now + (policy.Cadence * Day), Entries = entries, Bytes = bytes,
        }), cancellationToken);

    private static Task<CacheCleanupPolicy?> FindAsync(Session session, long groupId) => session.FirstOrDefaultAsync<CacheCleanupPolicy>(
        $"select {Columns} from virtual_registry_cleanup_policies where group_id = @Id", new { Id = groupId });

    private static long? Limit(long? bytes) => bytes < 0 ? null : bytes;

    private static long Number(bool value) => value ? 1 : 0;
}
