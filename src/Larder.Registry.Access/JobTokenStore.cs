using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.Access;

/// <summary>A job token. It works until it expires (Unix milliseconds) or is ended.</summary>
public sealed record JobToken(long Id, long ProjectId, long UserId, long CreatedAt, long ExpiresAt);

/// <summary>A job token that still works, with the name of the user whose rights it has.</summary>
public sealed record RunningJobToken(long Id, long ProjectId, long UserId, string Username, long CreatedAt, long ExpiresAt);

/// <summary>Job tokens that were minted through the API. Only their SHA-256 is kept.</summary>
public sealed class JobTokenStore(Database database, AccessCache cache, TimeProvider time)
{
    private static readonly TimeSpan KeptAfterExpiry = TimeSpan.FromDays(1);

    /// <summary>Makes a token of a project with the rights of a user. The text is nobody's to have again.</summary>
    public async Task<(JobToken Token, string Text)> CreateAsync(
        long projectId, long userId, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var text = TokenText.JobToken();
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var token = await database.WriteAsync(async session =>
        {
            // Every build makes one, and nobody removes them.
            await session.ExecuteAsync("delete from job_tokens where project_id = @ProjectId and expires_at < @Old",
                new { ProjectId = projectId, Old = now - (long)KeptAfterExpiry.TotalMilliseconds });
            return await session.SingleAsync<JobToken>("""
                insert into job_tokens (project_id, user_id, sha256, created_at, expires_at)
                values (@ProjectId, @UserId, @Sha256, @Now, @ExpiresAt) returning id, project_id, user_id, created_at, expires_at
                """, new
            {
                ProjectId = projectId, UserId = userId, Sha256 = TokenDigest.Of(text).Hex, Now = now,
                ExpiresAt = now + (long)lifetime.TotalMilliseconds,
            });
        }, cancellationToken);
        cache.UsersChanged();
        return (token, text);
    }

    /// <summary>A page of the tokens of a project that still work, the newest first, and how many there are.</summary>
    public Task<(IReadOnlyList<RunningJobToken> Tokens, long Total)> ListAsync(long projectId, Page page, CancellationToken cancellationToken)
    {
        const string from = """
            from job_tokens t join users u on u.id = t.user_id where t.project_id = @ProjectId and t.ended_at is null and t.expires_at > @Now
            """;
        var parameters = new
        {
            ProjectId = projectId, Now = time.GetUtcNow().ToUnixTimeMilliseconds(), Limit = page.Size, page.Offset, Page.CountLimit,
        };
        return database.ReadAsync(async session => (
            await session.QueryAsync<RunningJobToken>(
                $"select t.id, t.project_id, t.user_id, u.username, t.created_at, t.expires_at {from} order by t.id desc limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>($"select count(*) from (select 1 {from} limit @CountLimit) counted", parameters)), cancellationToken);
    }

    /// <summary>Ends a token of this project: at once here, within five seconds on other nodes. False when there is none that runs.</summary>
    public async Task<bool> EndAsync(long projectId, long id, CancellationToken cancellationToken)
    {
        var ended = await database.WriteAsync(session => session.ExecuteAsync(
            "update job_tokens set ended_at = @Now where id = @Id and project_id = @ProjectId and ended_at is null and expires_at > @Now",
            new { Id = id, ProjectId = projectId, Now = time.GetUtcNow().ToUnixTimeMilliseconds() }), cancellationToken);
        cache.UsersChanged();
        return ended > 0;
    }
}
