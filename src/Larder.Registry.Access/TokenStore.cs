using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.Access;

/// <summary>A personal access token; its text is known only to its owner.</summary>
public sealed record PersonalAccessToken(
    long Id, long UserId, string Name, string? Description, string Scopes, long CreatedAt, long? ExpiresAt, long? RevokedAt, long? LastUsedAt)
{
    /// <summary>How many days from today a person may let a token of one's own live, as in GitLab.</summary>
    public const int MostDaysOfOwn = 365;

    /// <summary>The names of its scopes.</summary>
    public IReadOnlyList<string> ScopeList => Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether it works at an instant (Unix milliseconds).</summary>
    public bool IsActive(long now) => RevokedAt is null && (ExpiresAt is null || now < ExpiresAt);
}

/// <summary>Personal access tokens. Only their SHA-256 is kept.</summary>
public sealed class TokenStore(Database database, AccessCache cache, TimeProvider time)
{
    /// <summary>Columns of <c>personal_access_tokens t</c> in the order of <see cref="PersonalAccessToken"/>.</summary>
    internal const string Columns = "t.id, t.user_id, t.name, t.description, t.scopes, t.created_at, t.expires_at, t.revoked_at, t.last_used_at";

    // SQLite knows no alias after returning.
    private const string OwnColumns = "id, user_id, name, description, scopes, created_at, expires_at, revoked_at, last_used_at";

    /// <summary>Makes a token.</summary>
    /// <param name="userId">Its owner.</param>
    /// <param name="name">What it is for.</param>
    /// <param name="description">More about that, or null.</param>
    /// <param name="scopes">Names of scopes.</param>
    /// <param name="expiresAt">Midnight UTC (Unix milliseconds) from which on it no longer works; null for never.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The row, and the text, which nobody can have again.</returns>
    public async Task<(PersonalAccessToken Token, string Text)> CreateAsync(
        long userId, string name, string? description, IEnumerable<string> scopes, long? expiresAt, CancellationToken cancellationToken)
    {
        var text = TokenText.PersonalAccessToken();
        var token = await database.WriteAsync(
            session => InsertAsync(session, text, userId, name, description, string.Join(' ', scopes), expiresAt), cancellationToken);
        cache.UsersChanged();
        return (token, text);
    }

    /// <summary>A page of tokens, and how many there are.</summary>
    public Task<(IReadOnlyList<PersonalAccessToken> Tokens, long Total)> ListAsync(
        TokenFilter filter, Page page, CancellationToken cancellationToken)
    {
        const string tables = "personal_access_tokens t join users u on u.id = t.user_id";
        var parameters = filter.Parameters(Now(), page);
        return database.ReadAsync(async session => (
            await session.QueryAsync<PersonalAccessToken>(
                $"select {Columns} from {tables} {filter.Where} {filter.OrderBy} limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>(
                $"select count(*) from (select 1 from {tables} {filter.Where} limit @CountLimit) counted", parameters)), cancellationToken);
    }

    /// <summary>By id; null when there is none.</summary>
    public Task<PersonalAccessToken?> FindAsync(long id, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstOrDefaultAsync<PersonalAccessToken>(
            $"select {Columns} from personal_access_tokens t where t.id = @Id", new { Id = id }), cancellationToken);

    /// <summary>Ends a token: at once here, within five seconds on other nodes. Ending it again changes nothing.</summary>
    public async Task RevokeAsync(long id, CancellationToken cancellationToken)
    {
        await database.WriteAsync(async session =>
        {
            await RevokeAsync(session, id);
            // A bot stands for its token alone.
            await session.ExecuteAsync("""
                delete from members where user_id in (select t.user_id from personal_access_tokens t join users u on u.id = t.user_id
                  where t.id = @Id and coalesce(u.bot_project_id, u.bot_namespace_id) is not null)
                """, new { Id = id });
        }, cancellationToken);
        cache.UsersChanged();
        cache.MembersChanged();
    }

    /// <summary>Replaces a token by a new one of the same name and scopes; null when it had ended already.</summary>
    public async Task<(PersonalAccessToken Token, string Text)?> RotateAsync(
        PersonalAccessToken token, long? expiresAt, CancellationToken cancellationToken)
    {
        var text = TokenText.PersonalAccessToken();
        // Two that rotate the same token at once: one gets the new one, the other is told.
        var rotated = await database.WriteAsync(async session => await RevokeAsync(session, token.Id)
            ? await InsertAsync(session, text, token.UserId, token.Name, token.Description, token.Scopes, expiresAt)
            : null, cancellationToken);
        cache.UsersChanged();
        return rotated is null ? null : (rotated, text);
    }

    private async Task<bool> RevokeAsync(Session session, long id) => await session.ExecuteAsync(
        "update personal_access_tokens set revoked_at = @Now where id = @Id and revoked_at is null", new { Id = id, Now = Now() }) > 0;

    internal Task<PersonalAccessToken> InsertAsync(
        Session session, string text, long userId, string name, string? description, string scopes, long? expiresAt) =>
        session.SingleAsync<PersonalAccessToken>($"""
            insert into personal_access_tokens (user_id, name, description, sha256, scopes, created_at, expires_at)
            values (@UserId, @Name, @Description, @Sha256, @Scopes, @Now, @ExpiresAt) returning {OwnColumns}
            """, new
        {
            UserId = userId, Name = name, Description = description, Sha256 = TokenDigest.Of(text).Hex, Scopes = scopes,
            Now = Now(), ExpiresAt = expiresAt,
        });

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
