using Larder.Registry.Data;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>What a membership is asked for: a user, and a project or a namespace (the other is 0).</summary>
internal readonly record struct MembershipKey(long UserId, long ProjectId, long NamespaceId);

/// <summary>A user's standing in a project or namespace.</summary>
/// <param name="Level">The highest level that counts there; 0 for none.</param>
/// <param name="Inside">How many memberships the user has in the namespace and in whatever is inside it.</param>
internal sealed record Membership(long Level, long Inside)
{
    public static Membership None { get; } = new(0, 0);
}

/// <summary>
/// What level a user has where: the highest of the direct membership and of those in every namespace of the lineage; the
/// owner of a personal namespace is its Owner; a membership that has expired does not count.
/// </summary>
public sealed class Memberships(Database database, AccessCache cache, TimeProvider time)
{
    /// <summary>
    /// SQL for the level of user <c>@UserId</c> (0 for nobody) at <c>@Now</c> in project <c>p</c> of namespace <c>n</c>; 0 for none.
    /// </summary>
    public const string LevelInProject = $"""
        case when n.owner_id = @UserId then 50 else
          (select coalesce(max(held.access_level), 0) from members held left join namespaces above on above.id = held.namespace_id
            where {Counts} and (held.project_id = p.id or {AboveOrSame})) end
        """;

    /// <summary>The same in namespace <c>n</c>.</summary>
    public const string LevelInNamespace = $"""
        case when n.owner_id = @UserId then 50 else
          (select coalesce(max(held.access_level), 0) from members held join namespaces above on above.id = held.namespace_id
            where {Counts} and ({AboveOrSame})) end
        """;

    /// <summary>SQL for how many memberships user <c>@UserId</c> has in namespace <c>n</c> and in whatever is inside it.</summary>
    public const string MembershipsInside = $"""
        (select count(*) from members held
          left join projects held_project on held_project.id = held.project_id
          join namespaces inside on inside.id = coalesce(held.namespace_id, held_project.namespace_id)
          where {Counts} and (inside.id = n.id or inside.lineage like n.lineage || '/%'))
        """;

    private const string Counts = "held.user_id = @UserId and (held.expires_at is null or held.expires_at > @Now)";
    private const string AboveOrSame = "above.id = n.id or n.lineage like above.lineage || '/%'";

    /// <summary>The level of a user in a project.</summary>
    public async ValueTask<AccessLevel> LevelAsync(long userId, Project project, CancellationToken cancellationToken) =>
        (AccessLevel)(await FindAsync(new(userId, project.Id, 0), cancellationToken)).Level;

    /// <summary>The level of a user in a group or personal namespace.</summary>
    public async ValueTask<AccessLevel> LevelAsync(long userId, Namespace @namespace, CancellationToken cancellationToken) =>
        (AccessLevel)(await FindAsync(new(userId, 0, @namespace.Id), cancellationToken)).Level;

    /// <summary>Whether the user is a member of the group or of a group or project inside it, at any level.</summary>
    public async ValueTask<bool> IsMemberInsideAsync(long userId, Namespace group, CancellationToken cancellationToken) =>
        (await FindAsync(new(userId, 0, group.Id), cancellationToken)).Inside > 0;

    private async ValueTask<Membership> FindAsync(MembershipKey key, CancellationToken cancellationToken) =>
        await cache.Memberships.GetAsync(key, this, static (self, key, token) => self.LoadAsync(key, token), cancellationToken)
            ?? Membership.None;

    private Task<Membership?> LoadAsync(MembershipKey key, CancellationToken cancellationToken)
    {
        var sql = key.ProjectId != 0
            ? $"""
              select {LevelInProject} as level, cast(0 as bigint) as inside
              from projects p join namespaces n on n.id = p.namespace_id where p.id = @ProjectId
              """
            : $"select {LevelInNamespace} as level, {MembershipsInside} as inside from namespaces n where n.id = @NamespaceId";
        var parameters = new { key.UserId, key.ProjectId, key.NamespaceId, Now = time.GetUtcNow().ToUnixTimeMilliseconds() };
        return database.ReadAsync(session => session.FirstOrDefaultAsync<Membership>(sql, parameters), cancellationToken);
    }
}
