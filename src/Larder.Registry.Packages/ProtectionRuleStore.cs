using Larder.Registry.Data;

namespace Larder.Registry.Packages;

/// <summary>
/// The protection rules of projects. Every upload asks for them, so they are remembered: a rule that another node has set
/// takes effect here a moment later, and within five seconds at the latest.
/// </summary>
public sealed class ProtectionRuleStore
{
    /// <summary>The most rules of one project. Each upload compares with all of them.</summary>
    public const int MostRules = 200;

    private const string Columns = """
        id, project_id, package_name_pattern, package_type, minimum_access_level_for_delete, minimum_access_level_for_push, created_at, updated_at
        """;

    private readonly Database database;
    private readonly ChangeNotices changes;
    private readonly TimeProvider time;
    private readonly ShortMemory<long, IReadOnlyList<ProtectionRule>> memory;

    /// <summary>Remembers nothing yet.</summary>
    public ProtectionRuleStore(Database database, ChangeNotices changes, TimeProvider time)
    {
        (this.database, this.changes, this.time) = (database, changes, time);
        memory = new(500, time);
        changes.On(ChangeTopic.ProtectionRules, _ => memory.Forget());
    }

    /// <summary>All rules of a project, oldest first.</summary>
    public async ValueTask<IReadOnlyList<ProtectionRule>> OfProjectAsync(long projectId, CancellationToken cancellationToken) =>
        (await memory.GetAsync(projectId, database, static (database, projectId, token) => LoadAsync(database, projectId, token), cancellationToken))!;

    /// <summary>One rule of a project, or null.</summary>
    public Task<ProtectionRule?> FindAsync(long projectId, long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<ProtectionRule>(
            $"select {Columns} from package_protection_rules where id = @Id and project_id = @ProjectId",
            new { Id = id, ProjectId = projectId }), cancellationToken);

    /// <summary>Makes a rule; null when the project has <see cref="MostRules"/> already.</summary>
    /// <exception cref="DuplicateRowException">The project has a rule for this pattern and type.</exception>
    public async Task<ProtectionRule?> CreateAsync(long projectId, ProtectionRuleForm form, CancellationToken cancellationToken)
    {
        var rule = await database.WriteAsync(async session =>
        {
            var count = await session.SingleAsync<long>(
                "select count(*) from package_protection_rules where project_id = @ProjectId", new { ProjectId = projectId });
            return count >= MostRules ? null : await session.SingleAsync<ProtectionRule>($"""
                insert into package_protection_rules (project_id, package_name_pattern, package_type, minimum_access_level_for_delete,
                  minimum_access_level_for_push, created_at, updated_at)
                values (@ProjectId, @PackageNamePattern, @PackageType, @MinimumAccessLevelForDelete, @MinimumAccessLevelForPush, @Now, @Now)
                returning {Columns}
                """, new
            {
                ProjectId = projectId, form.PackageNamePattern, form.PackageType, form.MinimumAccessLevelForDelete,
                form.MinimumAccessLevelForPush, Now = Now(),
            });
        }, cancellationToken);
        changes.Publish(ChangeTopic.ProtectionRules);
        return rule;
    }

    /// <summary>Changes a rule; null when it is gone.</summary>
    /// <exception cref="DuplicateRowException">The project has another rule for this pattern and type.</exception>
    public async Task<ProtectionRule?> UpdateAsync(long id, ProtectionRuleForm form, CancellationToken cancellationToken)
    {
        var rule = await database.WriteAsync(session => session.FirstOrDefaultAsync<ProtectionRule>($"""
            update package_protection_rules set package_name_pattern = @PackageNamePattern, package_type = @PackageType,
              minimum_access_level_for_delete = @MinimumAccessLevelForDelete, minimum_access_level_for_push = @MinimumAccessLevelForPush,
              updated_at = @Now
            where id = @Id
            returning {Columns}
            """, new
        {
            Id = id, form.PackageNamePattern, form.PackageType, form.MinimumAccessLevelForDelete, form.MinimumAccessLevelForPush, Now = Now(),
        }), cancellationToken);
        changes.Publish(ChangeTopic.ProtectionRules);
        return rule;
    }

    /// <summary>Removes a rule; false when it was gone.</summary>
    public async Task<bool> DeleteAsync(long id, CancellationToken cancellationToken)
    {
        var deleted = await database.WriteAsync(async session =>
            await session.ExecuteAsync("delete from package_protection_rules where id = @Id", new { Id = id }) == 1, cancellationToken);
        changes.Publish(ChangeTopic.ProtectionRules);
        return deleted;
    }

    private static async Task<IReadOnlyList<ProtectionRule>?> LoadAsync(Database database, long projectId, CancellationToken cancellationToken) =>
        await database.ReadAsync(session => session.QueryAsync<ProtectionRule>(
            $"select {Columns} from package_protection_rules where project_id = @ProjectId order by id", new { ProjectId = projectId }),
            cancellationToken);

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
