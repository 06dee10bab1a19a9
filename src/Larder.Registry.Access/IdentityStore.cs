using System.Globalization;
using Larder.Registry.Data;

namespace Larder.Registry.Access;

/// <summary>Who a user is at an OpenID provider.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Issuer">The provider, without a slash at its end.</param>
/// <param name="Subject">As the provider names the person.</param>
public sealed record UserIdentity(long UserId, string Issuer, string Subject);

/// <summary>
/// Who a user is at OpenID providers: an issuer and the subject that it never gives to anybody else. Names and e-mail addresses change
/// hands; this pair does not (OpenID Connect Core section 5.7).
/// </summary>
public sealed class IdentityStore(Database database, TimeProvider time)
{
    /// <summary>The user of this person; null when there is none.</summary>
    public Task<long?> FindUserAsync(string issuer, string subject, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstOrDefaultAsync<long?>("select user_id from user_identities where issuer = @Issuer and subject = @Subject",
            new { Issuer = Normal(issuer), Subject = subject }), cancellationToken);

    /// <summary>Whether the user is somebody at this issuer.</summary>
    public Task<string?> FindSubjectAsync(string issuer, long userId, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstOrDefaultAsync<string>("select subject from user_identities where user_id = @UserId and issuer = @Issuer limit 1",
            new { Issuer = Normal(issuer), UserId = userId }), cancellationToken);

    /// <summary>Who these users are, by user: at issuers of earlier times too.</summary>
    public async Task<ILookup<long, UserIdentity>> OfUsersAsync(IEnumerable<long> userIds, CancellationToken cancellationToken)
    {
        // The two databases share no spelling for a list as a parameter; numbers of our own rows are safe as text.
        var ids = string.Join(',', userIds.Select(id => id.ToString(CultureInfo.InvariantCulture)));
        IReadOnlyList<UserIdentity> rows = ids.Length == 0 ? [] : await database.ReadAsync(session => session.QueryAsync<UserIdentity>(
            $"select user_id, issuer, subject from user_identities where user_id in ({ids}) order by user_id, created_at, issuer, subject"), cancellationToken);
        return rows.ToLookup(identity => identity.UserId);
    }

    /// <summary>From now on this person is this user, and at this issuer nobody else is. Another user's person is left alone: false.</summary>
    public async Task<bool> LinkAsync(long userId, string issuer, string subject, CancellationToken cancellationToken) =>
        await database.WriteAsync(async session =>
        {
            var identity = new { UserId = userId, Issuer = Normal(issuer), Subject = subject, Now = time.GetUtcNow().ToUnixTimeMilliseconds() };
            var linked = await session.ExecuteAsync("""
                insert into user_identities (issuer, subject, user_id, created_at) values (@Issuer, @Subject, @UserId, @Now)
                on conflict (issuer, subject) do update set created_at = user_identities.created_at where user_identities.user_id = excluded.user_id
                """, identity);
            if (linked == 0) return false;
            await session.ExecuteAsync(
                "delete from user_identities where user_id = @UserId and issuer = @Issuer and subject <> @Subject", identity);
            return true;
        }, cancellationToken);

    // With a slash at its end in one place and without it in another it is the same issuer.
    private static string Normal(string issuer) => issuer.TrimEnd('/');
}
