using Larder.Registry.Data;

namespace Larder.Registry.Access;

/// <summary>What a new trust rule is made of; <see cref="TrustRule"/> says what the members mean.</summary>
public sealed record NewTrustRule(
    long ProjectId, long UserId, AccessLevel Level, string Issuer, string Audience, string Claims);

/// <summary>A rule with what there is to know of its project and user.</summary>
internal sealed record TrustRuleInForce(
    string Audience, string Claims, long AccessLevel, long ProjectId, string ProjectPath, string Lineage, long UserId, long Admin);

/// <summary>Trust rules of projects.</summary>
public sealed class TrustRuleStore(Database database, AccessCache cache, TimeProvider time)
{
    /// <summary>Most rules of one project.</summary>
    public const int MostOfProject = 50;

    private const string Columns = "id, project_id, user_id, access_level, issuer, audience, claims, created_at";

    /// <summary>All rules of a project.</summary>
    public Task<IReadOnlyList<TrustRule>> ListAsync(long projectId, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync<TrustRule>(
            $"select {Columns} from job_token_trust_rules where project_id = @ProjectId order by id", new { ProjectId = projectId }), cancellationToken);

    /// <summary>Makes a rule; null when the project has <see cref="MostOfProject"/> already.</summary>
    public async Task<TrustRule?> CreateAsync(NewTrustRule made, CancellationToken cancellationToken)
    {
        var rule = await database.WriteAsync(async session =>
        {
            var count = await session.SingleAsync<long>(
                "select count(*) from job_token_trust_rules where project_id = @ProjectId", new { made.ProjectId });
            return count >= MostOfProject ? null : await session.SingleAsync<TrustRule>($"""
                insert into job_token_trust_rules (project_id, user_id, access_level, issuer, audience, claims, created_at)
                values (@ProjectId, @UserId, @Level, @Issuer, @Audience, @Claims, @Now) returning {Columns}
                """, new
            {
                made.ProjectId, made.UserId, Level = (long)made.Level, made.Issuer, made.Audience, made.Claims,
                Now = time.GetUtcNow().ToUnixTimeMilliseconds(),
            });
        }, cancellationToken);
        cache.UsersChanged();
        return rule;
    }

    /// <summary>Removes a rule of this project: at once here, within five seconds on other nodes. False when there is none.</summary>
    public async Task<bool> RemoveAsync(long projectId, long id, CancellationToken cancellationToken)
    {
        var removed = await database.WriteAsync(session => session.ExecuteAsync(
            "delete from job_token_trust_rules where id = @Id and project_id = @ProjectId", new { Id = id, ProjectId = projectId }), cancellationToken);
        cache.UsersChanged();
        return removed > 0;
    }

    /// <summary>The rules that trust an issuer, but for those whose user is blocked.</summary>
    internal Task<IReadOnlyList<TrustRuleInForce>> OfIssuerAsync(string issuer, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync<TrustRuleInForce>("""
            select r.audience, r.claims, r.access_level, r.project_id, p.path as project_path, n.lineage, r.user_id, u.admin
            from job_token_trust_rules r join users u on u.id = r.user_id
            join projects p on p.id = r.project_id join namespaces n on n.id = p.namespace_id
            where r.issuer = @Issuer and u.state = 'active' order by r.id
            """, new { Issuer = issuer }), cancellationToken);
}
