using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>A deploy token of a project or group; its text is known only to whoever made it.</summary>
/// <param name="Id">The row.</param>
/// <param name="ProjectId">The project, or null.</param>
/// <param name="NamespaceId">The group, or null.</param>
/// <param name="Name">What it is for.</param>
/// <param name="GivenUsername">The username, where its maker chose one.</param>
/// <param name="Scopes">Names, separated by one space.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
/// <param name="ExpiresAt">Midnight UTC (Unix milliseconds) from which on it no longer works; null for never.</param>
public sealed record DeployToken(
    long Id, long? ProjectId, long? NamespaceId, string Name, string? GivenUsername, string Scopes, long CreatedAt, long? ExpiresAt)
{
    /// <summary>The username that goes with it, which matters only where Maven downloads.</summary>
    public string Username => UsernameOf(Id, GivenUsername);

    /// <summary>The chosen username, or the one that GitLab makes of the id.</summary>
    internal static string UsernameOf(long id, string? given) =>
        given ?? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"gitlab+deploy-token-{id}");
}

/// <summary>What a new deploy token is made of; <see cref="DeployToken"/> says what the members mean.</summary>
public sealed record NewDeployToken(
    Place Place, string Name, string? Username, IReadOnlyList<string> Scopes, long? ExpiresAt, long? CreatorId);

/// <summary>
/// Deploy tokens (generic-packages contract section 1.2). Only their SHA-256 is kept. One that is revoked is gone, as in
/// GitLab's own API.
/// </summary>
public sealed class DeployTokenStore(Database database, AccessCache cache, TimeProvider time)
{
    private const string Columns = "id, project_id, namespace_id, name, given_username, scopes, created_at, expires_at";
    private const string InPlace = "(project_id = @ProjectId or namespace_id = @NamespaceId)";

    /// <summary>Makes a token. The text is nobody's to have again.</summary>
    public async Task<(DeployToken Token, string Text)> CreateAsync(NewDeployToken made, CancellationToken cancellationToken)
    {
        var text = TokenText.DeployToken();
        var token = await database.WriteAsync(session => session.SingleAsync<DeployToken>($"""
            insert into deploy_tokens (project_id, namespace_id, creator_id, name, given_username, sha256, scopes, created_at, expires_at)
            values (@ProjectId, @NamespaceId, @CreatorId, @Name, @Username, @Sha256, @Scopes, @Now, @ExpiresAt) returning {Columns}
            """, new
        {
            made.Place.ProjectId, made.Place.NamespaceId, made.CreatorId, made.Name, made.Username, Sha256 = TokenDigest.Of(text).Hex,
            Scopes = string.Join(' ', made.Scopes), Now = Now(), made.ExpiresAt,
        }), cancellationToken);
        cache.UsersChanged();
        return (token, text);
    }

    /// <summary>A page of tokens, and how many there are.</summary>
    /// <param name="place">Whose; null for those of every project and group.</param>
    /// <param name="active">Only those that have not expired; false for all.</param>
    /// <param name="page">Which part.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<(IReadOnlyList<DeployToken> Tokens, long Total)> ListAsync(
        Place? place, bool active, Page page, CancellationToken cancellationToken)
    {
        var where = Conditions.All(place is null ? null : InPlace, active ? "(expires_at is null or expires_at > @Now)" : null);
        var parameters = new
        {
            place?.ProjectId, place?.NamespaceId, Now = Now(), Limit = page.Size, page.Offset, Page.CountLimit,
        };
        return database.ReadAsync(async session => (
            await session.QueryAsync<DeployToken>(
                $"select {Columns} from deploy_tokens {where} order by id limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>(
                $"select count(*) from (select 1 from deploy_tokens {where} limit @CountLimit) counted", parameters)), cancellationToken);
    }

    /// <summary>By id, of this place; null when there is none.</summary>
    public Task<DeployToken?> FindAsync(Place place, long id, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstOrDefaultAsync<DeployToken>(
            $"select {Columns} from deploy_tokens where id = @Id and {InPlace}", new { Id = id, place.ProjectId, place.NamespaceId }),
        cancellationToken);

    /// <summary>Ends a token of this place: at once here, within five seconds on other nodes. False when there is none.</summary>
    public async Task<bool> RemoveAsync(Place place, long id, CancellationToken cancellationToken)
    {
        var removed = await database.WriteAsync(session => session.ExecuteAsync(
            $"delete from deploy_tokens where id = @Id and {InPlace}", new { Id = id, place.ProjectId, place.NamespaceId }), cancellationToken);
        cache.UsersChanged();
        return removed > 0;
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
