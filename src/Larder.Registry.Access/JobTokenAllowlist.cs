using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>
/// Which other projects' jobs may use a project as far as their users may. Without a row a job of another project is a visitor:
/// it reads what is public or internal, and nothing else.
/// </summary>
public sealed class JobTokenAllowlist(Database database, AccessCache cache, TimeProvider time)
{
    /// <summary>Whether a job of the source may use the project. Its own may.</summary>
    public async ValueTask<bool> AllowsAsync(long projectId, long sourceId, CancellationToken cancellationToken) =>
        projectId == sourceId || await cache.JobSources.GetAsync((projectId, sourceId), database, static (database, key, token) =>
            database.ReadAsync(async session => await session.SingleAsync<long>(
                "select count(*) from job_token_allowlist where project_id = @Project and source_id = @Source",
                new { key.Project, key.Source }) > 0, token), cancellationToken);

    /// <summary>A page of the projects on the list of a project, itself first, and how many there are.</summary>
    public Task<(IReadOnlyList<Project> Projects, long Total)> ListAsync(long projectId, Page page, CancellationToken cancellationToken)
    {
        const string from = """
            from projects p join namespaces n on n.id = p.namespace_id
            where p.id in (select cast(@ProjectId as bigint) union all select source_id from job_token_allowlist where project_id = @ProjectId)
            """;
        var parameters = new { ProjectId = projectId, Limit = page.Size, page.Offset };
        return database.ReadAsync(async session => (
            await session.QueryAsync<Project>(
                $"select {ProjectStore.Columns} {from} order by case when p.id = @ProjectId then 0 else 1 end, p.id limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>($"select count(*) {from}", parameters)), cancellationToken);
    }

    /// <summary>Puts a project on the list; false when it is there already.</summary>
    public async Task<bool> TryAddAsync(long projectId, long sourceId, CancellationToken cancellationToken)
    {
        var added = await database.WriteAsync(session => session.ExecuteAsync("""
            insert into job_token_allowlist (project_id, source_id, created_at) values (@ProjectId, @SourceId, @Now)
            on conflict (project_id, source_id) do nothing
            """, new { ProjectId = projectId, SourceId = sourceId, Now = time.GetUtcNow().ToUnixTimeMilliseconds() }), cancellationToken);
        cache.JobSourcesChanged();
        return added > 0;
    }

    /// <summary>Takes a project off the list; false when it is not there.</summary>
    public async Task<bool> RemoveAsync(long projectId, long sourceId, CancellationToken cancellationToken)
    {
        var removed = await database.WriteAsync(session => session.ExecuteAsync(
            "delete from job_token_allowlist where project_id = @ProjectId and source_id = @SourceId",
            new { ProjectId = projectId, SourceId = sourceId }), cancellationToken);
        cache.JobSourcesChanged();
        return removed > 0;
    }
}
