using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>A member with what there is to tell of its user.</summary>
public sealed record Member(
    long UserId, string Username, string Name, string State, long AccessLevel, long CreatedAt, long? ExpiresAt);

/// <summary>A membership that counts in a place, with where it comes from.</summary>
public sealed class MemberWithSource
{
    /// <summary>The user.</summary>
    public long UserId { get; init; }

    /// <summary>The user's name.</summary>
    public string Username { get; init; } = "";

    /// <summary>The user's name for people.</summary>
    public string Name { get; init; } = "";

    /// <summary>1 when the user stands for an access token of a project or group, else 0.</summary>
    public long Bot { get; init; }

    /// <summary>The level.</summary>
    public long AccessLevel { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public long CreatedAt { get; init; }

    /// <summary>Midnight UTC (Unix milliseconds) from which on it no longer counts; null for never.</summary>
    public long? ExpiresAt { get; init; }

    /// <summary>The full path of the group above that it is of; null when it is of the place itself.</summary>
    public string? SourcePath { get; init; }
}

/// <summary>Members of groups and projects. A membership that has expired is as good as none.</summary>
public sealed class MemberStore(Database database, AccessCache cache, TimeProvider time)
{
    private const string Columns = "u.id as user_id, u.username, u.name, u.state, m.access_level, m.created_at, m.expires_at";
    private const string Counts = "(m.expires_at is null or m.expires_at > @Now)";
    private const string Matches = @"(lower(u.name) like @Search escape '\' or u.username_key like @Search escape '\')";

    // Of several memberships of one user in the lineage the highest counts, and of equal ones the newest.
    private const string Inherited = $"""
        from members m join users u on u.id = m.user_id left join namespaces a on a.id = m.namespace_id
        where {Counts} and (m.project_id = @ProjectId or a.lineage = @Lineage or @Lineage like a.lineage || '/%')
        """;

    /// <summary>A page of the direct members, and how many there are.</summary>
    public Task<(IReadOnlyList<Member> Members, long Total)> ListAsync(
        Place place, string? search, Page page, CancellationToken cancellationToken)
    {
        var from = $"""
            from members m join users u on u.id = m.user_id
            where (m.project_id = @ProjectId or m.namespace_id = @NamespaceId) and {Counts} {(search is null ? "" : $"and {Matches}")}
            """;
        var parameters = Parameters(place, "", 0, search, page);
        return database.ReadAsync(async session => (
            await session.QueryAsync<Member>($"select {Columns} {from} order by m.id limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>($"select count(*) {from}", parameters)), cancellationToken);
    }

    /// <summary>
    /// A page of everybody who has a level here, directly or through a group above, each once and with the highest level;
    /// and how many there are.
    /// </summary>
    /// <param name="place">The group or project.</param>
    /// <param name="lineage">Of the group, or of the project's namespace.</param>
    /// <param name="search">Text in name or username; null for all.</param>
    /// <param name="page">Which part.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<(IReadOnlyList<Member> Members, long Total)> ListAllAsync(
        Place place, string lineage, string? search, Page page, CancellationToken cancellationToken)
    {
        var from = $"{Inherited} {(search is null ? "" : $"and {Matches}")}";
        var parameters = Parameters(place, lineage, 0, search, page);
        return database.ReadAsync(async session => (
            await session.QueryAsync<Member>($"{Highest(from)} order by user_id limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>($"select count(distinct m.user_id) {from}", parameters)), cancellationToken);
    }

    /// <summary>
    /// A page of all memberships that count here, each with where it comes from: those of the place itself first, then those of the
    /// groups above. A user may be among them more than once. And how many there are.
    /// </summary>
    /// <param name="place">The group or project.</param>
    /// <param name="lineage">Of the group, or of the project's namespace.</param>
    /// <param name="search">Text in name or username; null for all.</param>
    /// <param name="page">Which part.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<(IReadOnlyList<MemberWithSource> Members, long Total)> ListWithSourcesAsync(
        Place place, string lineage, string? search, Page page, CancellationToken cancellationToken)
    {
        // The numbers of our own rows: there is no spelling for a list as a parameter that both databases know.
        var above = string.Join(',', lineage.Split('/').Select(id => long.Parse(id, CultureInfo.InvariantCulture)));
        var here = place.ProjectId is null ? "m.namespace_id = @NamespaceId" : "m.project_id = @ProjectId";
        var from = $"""
            from members m join users u on u.id = m.user_id left join namespaces a on a.id = m.namespace_id
            where ({here} or m.namespace_id in ({above})) and {Counts} {(search is null ? "" : $"and {Matches}")}
            """;
        var parameters = Parameters(place, lineage, 0, search, page);
        return database.ReadAsync(async session => (
            await session.QueryAsync<MemberWithSource>($"""
                select u.id as user_id, u.username, u.name, case when coalesce(u.bot_project_id, u.bot_namespace_id) is null then 0 else 1 end as bot,
                  m.access_level, m.created_at, m.expires_at, case when {here} then null else a.full_path end as source_path
                {from} order by case when {here} then 0 else 1 end, m.id limit @Limit offset @Offset
                """, parameters),
            await session.SingleAsync<long>($"select count(*) {from}", parameters)), cancellationToken);
    }

    /// <summary>A direct member; null when the user is none.</summary>
    public Task<Member?> FindAsync(Place place, long userId, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstOrDefaultAsync<Member>($"""
            select {Columns} from members m join users u on u.id = m.user_id
            where m.user_id = @UserId and (m.project_id = @ProjectId or m.namespace_id = @NamespaceId) and {Counts}
            """, Parameters(place, "", userId, null, default)), cancellationToken);

    /// <summary>A user's highest membership here, direct or through a group above; null when there is none.</summary>
    public Task<Member?> FindInheritedAsync(Place place, string lineage, long userId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<Member>(
            Highest($"{Inherited} and m.user_id = @UserId"), Parameters(place, lineage, userId, null, default)), cancellationToken);

    /// <summary>Makes a user a member. An expired membership gives way.</summary>
    /// <param name="place">The group or project.</param>
    /// <param name="userId">The user, who exists.</param>
    /// <param name="level">What the user may there.</param>
    /// <param name="expiresAt">Midnight UTC (Unix milliseconds) from which on it no longer counts; null for never.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DuplicateRowException">The user is a member already.</exception>
    public async Task AddAsync(
        Place place, long userId, AccessLevel level, long? expiresAt, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        await database.WriteAsync(async session =>
        {
            await session.ExecuteAsync("""
                delete from members where user_id = @UserId and (project_id = @ProjectId or namespace_id = @NamespaceId) and expires_at <= @Now
                """, new { UserId = userId, place.ProjectId, place.NamespaceId, Now = now });
            await InsertAsync(session, place, userId, level, expiresAt, now);
        }, cancellationToken);
        cache.MembersChanged();
    }

    /// <summary>Changes a direct membership. False for the only Owner of a top-level group, which must keep one.</summary>
    public async Task<bool> ChangeAsync(
        Place place, long userId, AccessLevel level, long? expiresAt, CancellationToken cancellationToken)
    {
        var changed = await database.WriteAsync(async session =>
        {
            if (level < AccessLevel.Owner && await IsOnlyOwnerAsync(session, place, userId)) return false;
            await session.ExecuteAsync("""
                update members set access_level = @Level, expires_at = @ExpiresAt
                where user_id = @UserId and (project_id = @ProjectId or namespace_id = @NamespaceId)
                """, new { place.ProjectId, place.NamespaceId, UserId = userId, Level = (long)level, ExpiresAt = expiresAt });
            return true;
        }, cancellationToken);
        cache.MembersChanged();
        return changed;
    }

    /// <summary>Ends a membership. False for the only Owner of a top-level group, which must keep one.</summary>
    /// <param name="place">The group or project.</param>
    /// <param name="lineage">Of the group, or of the project's namespace.</param>
    /// <param name="userId">The member.</param>
    /// <param name="onlyHere">Memberships in what is inside a group stay.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<bool> RemoveAsync(Place place, string lineage, long userId, bool onlyHere, CancellationToken cancellationToken)
    {
        var removed = await database.WriteAsync(async session =>
        {
            if (await IsOnlyOwnerAsync(session, place, userId)) return false;
            await session.ExecuteAsync(
                "delete from members where user_id = @UserId and (project_id = @ProjectId or namespace_id = @NamespaceId)",
                new { place.ProjectId, place.NamespaceId, UserId = userId });
            if (place.NamespaceId is null || onlyHere) return true;
            await session.ExecuteAsync("""
                delete from members where user_id = @UserId and (
                  namespace_id in (select id from namespaces where lineage like @Lineage || '/%')
                  or project_id in (select p.id from projects p join namespaces n on n.id = p.namespace_id
                    where n.lineage = @Lineage or n.lineage like @Lineage || '/%'))
                """, new { UserId = userId, Lineage = lineage });
            return true;
        }, cancellationToken);
        cache.MembersChanged();
        return removed;
    }

    private static async Task<bool> IsOnlyOwnerAsync(Session session, Place place, long userId) =>
        place.NamespaceId is { } id && await session.SingleAsync<long>("""
            select count(*) from members m join namespaces n on n.id = m.namespace_id
            where m.namespace_id = @Id and m.user_id = @UserId and m.access_level = 50 and n.parent_id is null and not exists (
              select 1 from members o where o.namespace_id = @Id and o.access_level = 50 and o.user_id <> @UserId)
            """, new { Id = id, UserId = userId }) > 0;

    internal static Task InsertAsync(Session session, Place place, long userId, AccessLevel level, long? expiresAt, long now) =>
        session.ExecuteAsync("""
            insert into members (namespace_id, project_id, user_id, access_level, created_at, expires_at)
            values (@NamespaceId, @ProjectId, @UserId, @Level, @Now, @ExpiresAt)
            """, new { place.NamespaceId, place.ProjectId, UserId = userId, Level = (long)level, Now = now, ExpiresAt = expiresAt });

    private static string Highest(string from) => $"""
        select user_id, username, name, state, access_level, created_at, expires_at from (
          select {Columns}, row_number() over (partition by m.user_id order by m.access_level desc, m.id desc) as place {from}) ranked
        where place = 1
        """;

    private object Parameters(Place place, string lineage, long userId, string? search, Page page) => new
    {
        place.ProjectId, place.NamespaceId, Lineage = lineage, UserId = userId, Search = LikePattern.Containing(search),
        Now = time.GetUtcNow().ToUnixTimeMilliseconds(), Limit = page.Size, Offset = Math.Max(0, page.Offset),
    };
}
