using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>What a caller may set of a rule.</summary>
public sealed record RuleSettings(string RuleType, string PatternType, string TargetCoordinate, string Pattern);

/// <summary>The rows of the rules of upstreams.</summary>
public sealed class UpstreamRuleStore(Database database, TimeProvider time)
{
    /// <summary>GitLab's bound, per upstream.</summary>
    public const int MostRules = 20;

    private const string Columns = "id, upstream_id, rule_type, pattern_type, target_coordinate, pattern, created_at, updated_at";

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>All rules of an upstream, oldest first.</summary>
    public Task<IReadOnlyList<UpstreamRule>> ListAsync(long upstreamId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<UpstreamRule>(
            $"select {Columns} from maven_upstream_rules where upstream_id = @Id order by id", new { Id = upstreamId }), cancellationToken);

    /// <summary>One rule of an upstream, or null.</summary>
    public Task<UpstreamRule?> FindAsync(long upstreamId, long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<UpstreamRule>(
            $"select {Columns} from maven_upstream_rules where id = @Id and upstream_id = @UpstreamId",
            new { Id = id, UpstreamId = upstreamId }), cancellationToken);

    /// <summary>Adds a rule; null when the upstream has <see cref="MostRules"/> already.</summary>
    /// <exception cref="DuplicateRowException">It has this one.</exception>
    public Task<UpstreamRule?> CreateAsync(Upstream upstream, RuleSettings settings, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            await GroupLock.TakeAsync(session, upstream.GroupId);
            var count = await session.SingleAsync<long>(
                "select count(*) from maven_upstream_rules where upstream_id = @Id", new { upstream.Id });
            if (count >= MostRules) return null;
            await CountChangeAsync(session, upstream.Id);
            return await session.SingleAsync<UpstreamRule>($"""
                insert into maven_upstream_rules (upstream_id, rule_type, pattern_type, target_coordinate, pattern, created_at, updated_at)
                values (@UpstreamId, @RuleType, @PatternType, @TargetCoordinate, @Pattern, @Now, @Now) returning {Columns}
                """, new { UpstreamId = upstream.Id, settings.RuleType, settings.PatternType, settings.TargetCoordinate, settings.Pattern, Now });
        }, cancellationToken);

    /// <summary>Changes a rule; null when it is gone.</summary>
    /// <exception cref="DuplicateRowException">The upstream has this one already.</exception>
    public Task<UpstreamRule?> UpdateAsync(UpstreamRule rule, RuleSettings settings, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            await CountChangeAsync(session, rule.UpstreamId);
            return await session.FirstOrDefaultAsync<UpstreamRule>($"""
                update maven_upstream_rules set rule_type = @RuleType, pattern_type = @PatternType, target_coordinate = @TargetCoordinate,
                  pattern = @Pattern, updated_at = @Now where id = @Id returning {Columns}
                """, new { rule.Id, settings.RuleType, settings.PatternType, settings.TargetCoordinate, settings.Pattern, Now });
        }, cancellationToken);

    /// <summary>Deletes a rule; false when it was gone.</summary>
    public Task<bool> DeleteAsync(UpstreamRule rule, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        await CountChangeAsync(session, rule.UpstreamId);
        return await session.ExecuteAsync("delete from maven_upstream_rules where id = @Id", new { rule.Id }) == 1;
    }, cancellationToken);

    // Part of the change: a node that sees the number sees the rules.
    private static Task<int> CountChangeAsync(Session session, long upstreamId) => session.ExecuteAsync(
        "update maven_upstreams set rules_generation = rules_generation + 1 where id = @Id", new { Id = upstreamId });
}
