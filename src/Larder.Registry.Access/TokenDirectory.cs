using Larder.Registry.Data;

namespace Larder.Registry.Access;

/// <summary>What a token stands for, and what may be wrong with it.</summary>
/// <param name="Caller">Whoever presents it, if nothing is wrong.</param>
/// <param name="ExpiresAt">From when on it no longer works (Unix milliseconds); null for never.</param>
/// <param name="IsEnded">Revoked, or its job has ended.</param>
/// <param name="IsBlocked">Its user is blocked.</param>
internal sealed record TokenIdentity(Caller Caller, long? ExpiresAt, bool IsEnded, bool IsBlocked)
{
    /// <summary>It may be good: whoever could say is not to be reached now.</summary>
    public static TokenIdentity Undecided { get; } =
        new(new Caller(CallerKind.Job, null, JobGrants.Username, false, Scopes.None, null), null, IsEnded: false, IsBlocked: false);

    /// <summary>Whether it works at an instant (Unix milliseconds), were its user not blocked.</summary>
    public bool IsActive(long now) => !IsEnded && (ExpiresAt is null || now < ExpiresAt);
}

/// <summary>
/// Looks tokens up, of every kind at once: a text is never judged by its shape, and no two tokens share one. Whether a kind
/// counts where the token stood is for <see cref="CredentialSteps"/>.
/// </summary>
internal sealed class TokenDirectory(Database database, SignedStatements statements, AccessCache cache)
{
    private const string Find = """
        select 1 as kind, t.id, t.user_id, u.username, u.admin, u.state, t.scopes, t.expires_at, t.revoked_at as ended_at,
          u.bot_project_id as project_id, u.bot_namespace_id as namespace_id,
          cast(null as text) as project_path, cast(null as text) as lineage
        from personal_access_tokens t join users u on u.id = t.user_id where t.sha256 = @Sha256
        union all
        select 2, d.id, null, d.given_username, 0, 'active', d.scopes, d.expires_at, null, d.project_id, d.namespace_id, null, null
        from deploy_tokens d where d.sha256 = @Sha256
        union all
        select 4, j.id, j.user_id, u.username, u.admin, u.state, '', j.expires_at, j.ended_at, j.project_id, null, p.path, n.lineage
        from job_tokens j join users u on u.id = j.user_id join projects p on p.id = j.project_id join namespaces n on n.id = p.namespace_id
        where j.sha256 = @Sha256
        """;

    /// <summary>What the token stands for, or null when there is no such token. Remembered for five seconds, the absence too.</summary>
    public ValueTask<TokenIdentity?> IdentifyAsync(string token, CancellationToken cancellationToken)
    {
        var digest = TokenDigest.Of(token);
        return cache.Tokens.TryGet(digest, out var identity) || cache.UnknownTokens.TryGet(digest, out identity)
            ? ValueTask.FromResult(identity)
            : LoadAsync(token, digest, cancellationToken);
    }

    private async ValueTask<TokenIdentity?> LoadAsync(string token, TokenDigest digest, CancellationToken cancellationToken)
    {
        var (known, unknown) = (cache.Tokens.Now(), cache.UnknownTokens.Now());
        var row = await database.ReadAsync(
            session => session.FirstOrDefaultAsync<Row>(Find, new { Sha256 = digest.Hex }), cancellationToken);
        var identity = row is null
            ? await statements.JudgeAsync(token, cancellationToken)
            : new TokenIdentity(row.Caller(), row.ExpiresAt, row.EndedAt is not null, row.State != "active");
        if (identity is null) cache.UnknownTokens.Remember(digest, null, unknown);
        else if (identity != TokenIdentity.Undecided) cache.Tokens.Remember(digest, identity, known);
        return identity;
    }

    // Properties, not a constructor: SQLite has no type for the expressions.
    private sealed class Row
    {
        public long Kind { get; init; }
        public long Id { get; init; }
        public long? UserId { get; init; }
        public string? Username { get; init; }
        public long Admin { get; init; }
        public string State { get; init; } = "";
        public string Scopes { get; init; } = "";
        public long? ExpiresAt { get; init; }
        public long? EndedAt { get; init; }
        public long? ProjectId { get; init; }
        public long? NamespaceId { get; init; }
        public string? ProjectPath { get; init; }
        public string? Lineage { get; init; }

        public Caller Caller() => (CallerKind)Kind switch
        {
            CallerKind.DeployToken => new(CallerKind.DeployToken, null, DeployToken.UsernameOf(Id, Username), IsAdmin: false,
                ScopeNames.Parse(Scopes), Id, new DeployTokenHome(ProjectId, NamespaceId)),
            CallerKind.Job => new(CallerKind.Job, UserId, JobGrants.Username, IsAdmin: false, Access.Scopes.None, Id,
                new JobGrants([new JobGrant(ProjectId!.Value, ProjectPath!, Lineage!, UserId!.Value, Admin != 0)])),
            _ => new(CallerKind.User, UserId, Username, Admin != 0, ScopeNames.Parse(Scopes), Id)
            {
                IsBot = (ProjectId ?? NamespaceId) is not null,
            },
        };
    }
}
