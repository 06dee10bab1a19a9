using System.Buffers.Text;
using System.Security.Cryptography;
using Larder.Registry.Data;

namespace Larder.Registry.Access;

/// <summary>A browser that somebody has signed in with.</summary>
/// <param name="Caller">Whose rights its pages have.</param>
/// <param name="Name">The user's name for people.</param>
public sealed record BrowserSession(Caller Caller, string Name);

/// <summary>
/// Sessions of browsers: rows, so that every node knows them. A session that began with a token ends with it. Only the SHA-256 of
/// its secret is kept.
/// </summary>
public sealed class SessionStore(Database database, TimeProvider time)
{
    private const int RandomBytes = 32;

    // Not every page writes.
    private static readonly TimeSpan SeenWithin = TimeSpan.FromMinutes(5);

    /// <summary>How long a session lives without being used.</summary>
    public static TimeSpan Idle { get; } = TimeSpan.FromHours(12);

    /// <summary>How long it lives however much it is used.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromDays(7);

    /// <summary>Begins a session and answers its secret, which nobody can have again. Rows of ended ones go by the way.</summary>
    /// <param name="userId">Whose.</param>
    /// <param name="tokenId">The personal access token it begins with; null: the password.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<string> BeginAsync(long userId, long? tokenId, CancellationToken cancellationToken)
    {
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
        var now = Now();
        await database.WriteAsync(async session =>
        {
            await session.ExecuteAsync("delete from sessions where expires_at <= @Now", new { Now = now });
            await session.ExecuteAsync("""
                insert into sessions (sha256, user_id, token_id, created_at, seen_at, expires_at)
                values (@Sha256, @UserId, @TokenId, @Now, @Now, @ExpiresAt)
                """, new
            {
                Sha256 = TokenDigest.Of(secret).Hex, UserId = userId, TokenId = tokenId, Now = now,
                ExpiresAt = now + (long)Longest.TotalMilliseconds,
            });
        }, cancellationToken);
        return secret;
    }

    /// <summary>The session with this secret; null when there is none, it has ended, or its user or token is no longer good.</summary>
    public async Task<BrowserSession?> FindAsync(string secret, CancellationToken cancellationToken)
    {
        var now = Now();
        var parameters = new { Sha256 = TokenDigest.Of(secret).Hex, Now = now, SeenAfter = now - (long)Idle.TotalMilliseconds };
        var row = await database.ReadAsync(session => session.FirstOrDefaultAsync<Row>("""
            select s.user_id, s.token_id, s.seen_at, u.username, u.name, u.admin, t.scopes
            from sessions s join users u on u.id = s.user_id left join personal_access_tokens t on t.id = s.token_id
            where s.sha256 = @Sha256 and s.expires_at > @Now and s.seen_at > @SeenAfter and u.state = 'active'
              and (s.token_id is null or (t.revoked_at is null and (t.expires_at is null or t.expires_at > @Now)))
            """, parameters), cancellationToken);
        if (row is null) return null;
        if (now - row.SeenAt > SeenWithin.TotalMilliseconds)
        {
            await database.WriteAsync(
                session => session.ExecuteAsync("update sessions set seen_at = @Now where sha256 = @Sha256", parameters), cancellationToken);
        }
        var scopes = row.TokenId is null ? Scopes.Api : ScopeNames.Parse(row.Scopes ?? "");
        return new BrowserSession(new Caller(CallerKind.User, row.UserId, row.Username, row.Admin != 0, scopes, row.TokenId), row.Name);
    }

    /// <summary>Ends a session; one that has ended stays so.</summary>
    public Task EndAsync(string secret, CancellationToken cancellationToken) => database.WriteAsync(
        session => session.ExecuteAsync("delete from sessions where sha256 = @Sha256", new { Sha256 = TokenDigest.Of(secret).Hex }), cancellationToken);

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record Row(long UserId, long? TokenId, long SeenAt, string Username, string Name, long Admin, string? Scopes);
}

/// <summary>Whether what somebody presents opens a session.</summary>
public sealed class SignIn
{
    private readonly TokenDirectory tokens;
    private readonly Passwords passwords;
    private readonly SessionStore sessions;
    private readonly TimeProvider time;

    internal SignIn(TokenDirectory tokens, Passwords passwords, SessionStore sessions, TimeProvider time)
    {
        this.tokens = tokens;
        this.passwords = passwords;
        this.sessions = sessions;
        this.time = time;
    }

    /// <summary>
    /// Begins a session with a personal access token of a person that has the scope <c>api</c>, so that no page may do what the
    /// token may not. The secret of the session, or null.
    /// </summary>
    public async Task<string?> WithTokenAsync(string token, CancellationToken cancellationToken)
    {
        var identity = await tokens.IdentifyAsync(token, cancellationToken);
        if (identity is not { IsBlocked: false, Caller: { Kind: CallerKind.User, IsBot: false, UserId: { } userId } caller }) return null;
        return identity.IsActive(time.GetUtcNow().ToUnixTimeMilliseconds()) && caller.Scopes.HasFlag(Scopes.Api)
            ? await sessions.BeginAsync(userId, caller.TokenId, cancellationToken)
            : null;
    }

    /// <summary>Begins a session with a name and a password. The secret of the session, or null.</summary>
    public async Task<string?> WithPasswordAsync(string username, string password, CancellationToken cancellationToken) =>
        await passwords.VerifyAsync(username, password, cancellationToken) is { } userId
            ? await sessions.BeginAsync(userId, tokenId: null, cancellationToken)
            : null;
}
