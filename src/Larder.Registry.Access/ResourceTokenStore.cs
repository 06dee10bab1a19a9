using System.Security.Cryptography;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>An access token of a project or group, with the level of its bot there; null when it is no member any more.</summary>
public sealed record ResourceToken(PersonalAccessToken Token, long? AccessLevel);

/// <summary>What a new one is made of.</summary>
public sealed record NewResourceToken(
    Place Place, string Name, string? Description, IReadOnlyList<string> Scopes, AccessLevel Level, long? ExpiresAt);

/// <summary>
/// Access tokens of projects and groups: personal access tokens of a bot, a user made for the one token and a member of the
/// one place. Revoking is <see cref="TokenStore.RevokeAsync(long, CancellationToken)"/>, as for every access token.
/// </summary>
public sealed class ResourceTokenStore(Database database, TokenStore tokens, AccessCache cache, TimeProvider time)
{
    private const int RandomBytes = 16;

    private const string Tables = """
        personal_access_tokens t join users u on u.id = t.user_id
        left join members m on m.user_id = u.id and (m.project_id = @ProjectId or m.namespace_id = @NamespaceId)
        """;

    /// <summary>Makes a token, its bot, and the bot's membership. The text is nobody's to have again.</summary>
    public async Task<(ResourceToken Token, string Text)> CreateAsync(NewResourceToken made, CancellationToken cancellationToken)
    {
        var text = TokenText.PersonalAccessToken();
        var kind = made.Place.ProjectId is null ? "group" : "project";
        var username = $"{kind}_{made.Place.ProjectId ?? made.Place.NamespaceId}_bot_{RandomNumberGenerator.GetHexString(RandomBytes * 2, lowercase: true)}";
        var token = await database.WriteAsync(async session =>
        {
            var now = Now();
            var bot = await UserStore.InsertBotAsync(session, made.Place, username, made.Name, now);
            await MemberStore.InsertAsync(session, made.Place, bot, made.Level, null, now);
            return await tokens.InsertAsync(session, text, bot, made.Name, made.Description, string.Join(' ', made.Scopes), made.ExpiresAt);
        }, cancellationToken);
        cache.UsersChanged();
        cache.MembersChanged();
        return (new ResourceToken(token, (long)made.Level), text);
    }

    /// <summary>A page of the tokens of a place, which the filter names, and how many there are.</summary>
    public Task<(IReadOnlyList<ResourceToken> Tokens, long Total)> ListAsync(
        TokenFilter filter, Page page, CancellationToken cancellationToken)
    {
        var parameters = filter.Parameters(Now(), page);
        return database.ReadAsync(async session =>
        {
            var rows = await session.QueryAsync<Row>(
                $"select {TokenStore.Columns}, m.access_level from {Tables} {filter.Where} {filter.OrderBy} limit @Limit offset @Offset", parameters);
            var total = await session.SingleAsync<long>(
                $"select count(*) from (select 1 from {Tables} {filter.Where} limit @CountLimit) counted", parameters);
            return ((IReadOnlyList<ResourceToken>)[.. rows.Select(row => row.Token())], total);
        }, cancellationToken);
    }

    /// <summary>By id, of this place; null when there is none.</summary>
    public async Task<ResourceToken?> FindAsync(Place place, long id, CancellationToken cancellationToken)
    {
        var row = await database.ReadAsync(session => session.FirstOrDefaultAsync<Row>($"""
            select {TokenStore.Columns}, m.access_level from {Tables}
            where t.id = @Id and (u.bot_project_id = @ProjectId or u.bot_namespace_id = @NamespaceId)
            """, new { Id = id, place.ProjectId, place.NamespaceId }), cancellationToken);
        return row?.Token();
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record Row(
        long Id, long UserId, string Name, string? Description, string Scopes, long CreatedAt, long? ExpiresAt, long? RevokedAt,
        long? LastUsedAt, long? AccessLevel)
    {
        public ResourceToken Token() => new(
            new PersonalAccessToken(Id, UserId, Name, Description, Scopes, CreatedAt, ExpiresAt, RevokedAt, LastUsedAt), AccessLevel);
    }
}
