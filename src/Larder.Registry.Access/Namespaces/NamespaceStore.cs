using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>What a new namespace is made of.</summary>
internal sealed record NewNamespace(
    string Kind, Namespace? Parent, long? OwnerId, string Name, string Path, string Visibility, string Description);

/// <summary>What a group is to be from now on.</summary>
public sealed record GroupChanges(string Name, string Path, string Visibility, string Description);

/// <summary>Which groups are wanted.</summary>
/// <param name="ParentId">Only those directly inside this group; null for all.</param>
/// <param name="TopLevelOnly">Only those that are in no group.</param>
/// <param name="Search">Text in name or path; null for all.</param>
/// <param name="Visibility">Null for any.</param>
/// <param name="MinAccessLevel">Only those in which the caller has at least this level; 0 for whatever it may see.</param>
public sealed record GroupFilter(long? ParentId, bool TopLevelOnly, string? Search, string? Visibility, AccessLevel MinAccessLevel);

/// <summary>Groups and personal namespaces. What it finds may be up to five seconds old when another node changed it.</summary>
public sealed class NamespaceStore(Database database, AccessCache cache, TimeProvider time)
{
    /// <summary>Columns of table <c>namespaces n</c> in the order of <see cref="Namespace"/>.</summary>
    internal const string Columns = """
        n.id, n.kind, n.parent_id, n.owner_id, n.name, n.path, n.full_path, n.lineage, n.visibility, n.description, n.created_at, n.updated_at
        """;

    /// <summary>A group or personal namespace by id (digits only) or by full path, in any case; null when there is none.</summary>
    public ValueTask<Namespace?> FindAsync(string idOrPath, CancellationToken cancellationToken) =>
        IdOrPath.TryId(idOrPath, out var id) ? FindByIdAsync(id, cancellationToken) : FindByPathAsync(idOrPath, cancellationToken);

    /// <summary>A group, not a personal namespace, by id or full path.</summary>
    public async ValueTask<Namespace?> FindGroupAsync(string idOrPath, CancellationToken cancellationToken) =>
        await FindAsync(idOrPath, cancellationToken) is { Kind: NamespaceKind.Group } group ? group : null;

    /// <summary>By id.</summary>
    public ValueTask<Namespace?> FindByIdAsync(long id, CancellationToken cancellationToken) =>
        cache.Namespaces.GetAsync((id, ""), database, static (database, key, token) => database.ReadAsync(
            session => session.FirstOrDefaultAsync<Namespace>($"select {Columns} from namespaces n where n.id = @Id", new { key.Id }), token),
            cancellationToken);

    /// <summary>The personal namespace of a user.</summary>
    public Task<Namespace?> FindPersonalAsync(long userId, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstOrDefaultAsync<Namespace>(
            $"select {Columns} from namespaces n where n.owner_id = @UserId", new { UserId = userId }), cancellationToken);

    /// <summary>The names from the top-level group down to this one, as people read them: <c>Acme / Tools</c>.</summary>
    public async ValueTask<string> FullNameAsync(Namespace @namespace, CancellationToken cancellationToken)
    {
        if (@namespace.ParentId is not { } parentId) return @namespace.Name;
        var parent = await FindByIdAsync(parentId, cancellationToken);
        return parent is null ? @namespace.Name : $"{await FullNameAsync(parent, cancellationToken)} / {@namespace.Name}";
    }

    /// <summary>A page of the groups that the caller may see, by name, and how many there are.</summary>
    public Task<(IReadOnlyList<Namespace> Groups, long Total)> ListGroupsAsync(
        Caller caller, GroupFilter filter, Page page, CancellationToken cancellationToken)
    {
        var where = Conditions.All(
            "n.kind = 'group'",
            filter.TopLevelOnly ? "n.parent_id is null" : null,
            filter.ParentId is null ? null : "n.parent_id = @ParentId",
            filter.Search is null ? null : @"(lower(n.name) like @Search escape '\' or lower(n.path) like @Search escape '\')",
            filter.Visibility is null ? null : "n.visibility = @Visibility",
            filter.MinAccessLevel == AccessLevel.None ? null : $"{Memberships.LevelInNamespace} >= @MinAccessLevel",
            VisibleRows.Group);
        var parameters = new
        {
            filter.ParentId, Search = LikePattern.Containing(filter.Search), filter.Visibility, MinAccessLevel = (long)filter.MinAccessLevel,
            UserId = caller.UserId ?? 0, IsAdmin = caller.IsAdmin ? 1L : 0L, Now = time.GetUtcNow().ToUnixTimeMilliseconds(),
            Limit = page.Size, page.Offset, Page.CountLimit,
        };
        return database.ReadAsync(async session => (
            await session.QueryAsync<Namespace>(
                $"select {Columns} from namespaces n {where} order by lower(n.name), n.id limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>($"select count(*) from (select 1 from namespaces n {where} limit @CountLimit) counted", parameters)),
            cancellationToken);
    }

    /// <summary>Makes a group, with its maker as Owner.</summary>
    /// <exception cref="DuplicateRowException">The path has been taken.</exception>
    public async Task<Namespace> CreateGroupAsync(
        Namespace? parent, string name, string path, string visibility, string description, long ownerId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var group = await database.WriteAsync(async session =>
        {
            var created = await InsertAsync(
                session, new NewNamespace(NamespaceKind.Group, parent, null, name, path, visibility, description), now);
            await MemberStore.InsertAsync(session, new Place(null, created.Id), ownerId, AccessLevel.Owner, null, now);
            return created;
        }, cancellationToken);
        cache.NamespacesChanged();
        return group;
    }

    /// <summary>Changes a group and answers it as it is now; null when it is gone.</summary>
    /// <exception cref="DuplicateRowException">The path has been taken.</exception>
    public async Task<Namespace?> ChangeGroupAsync(Namespace group, GroupChanges changes, CancellationToken cancellationToken)
    {
        var changed = await database.WriteAsync(async session =>
        {
            await session.ExecuteAsync(
                "update namespaces set name = @Name, visibility = @Visibility, description = @Description, updated_at = @Now where id = @Id",
                new { group.Id, changes.Name, changes.Visibility, changes.Description, Now = time.GetUtcNow().ToUnixTimeMilliseconds() });
            if (changes.Path != group.Path) await Routes.RenameAsync(session, group, changes.Path);
            return await session.FirstOrDefaultAsync<Namespace>($"select {Columns} from namespaces n where n.id = @Id", new { group.Id });
        }, cancellationToken);
        cache.NamespacesChanged();
        return changed;
    }

    /// <summary>The visibilities that occur in the groups inside a group, and in the projects in it and in them.</summary>
    public Task<(IReadOnlyList<string> Groups, IReadOnlyList<string> Projects)> VisibilitiesInsideAsync(
        Namespace group, CancellationToken cancellationToken) => database.ReadAsync(async session => (
            await session.QueryAsync<string>(
                "select distinct visibility from namespaces where lineage like @Lineage || '/%'", new { group.Lineage }),
            await session.QueryAsync<string>("""
                select distinct p.visibility from projects p join namespaces n on n.id = p.namespace_id
                where n.id = @Id or n.lineage like @Lineage || '/%'
                """, new { group.Id, group.Lineage })), cancellationToken);

    /// <summary>The length of the longest full path of the group and of what is inside it.</summary>
    public Task<long> LongestPathInsideAsync(Namespace group, CancellationToken cancellationToken) => database.ReadAsync(async session => Math.Max(
        await session.SingleAsync<long>(
            "select max(length(full_path)) from namespaces where id = @Id or lineage like @Lineage || '/%'", new { group.Id, group.Lineage }),
        await session.SingleAsync<long>("""
            select coalesce(max(length(p.full_path)), 0) from projects p join namespaces n on n.id = p.namespace_id
            where n.id = @Id or n.lineage like @Lineage || '/%'
            """, new { group.Id, group.Lineage })), cancellationToken);

    internal static async Task<Namespace> InsertAsync(Session session, NewNamespace made, long now)
    {
        var fullPath = made.Parent is { } parent ? $"{parent.FullPath}/{made.Path}" : made.Path;
        var id = await session.SingleAsync<long>("""
            insert into namespaces (kind, parent_id, owner_id, name, path, full_path, lineage, visibility, description, created_at, updated_at)
            values (@Kind, @ParentId, @OwnerId, @Name, @Path, @FullPath, '', @Visibility, @Description, @Now, @Now) returning id
            """, new
        {
            made.Kind, ParentId = made.Parent?.Id, made.OwnerId, made.Name, made.Path, FullPath = fullPath, made.Visibility,
            made.Description, Now = now,
        });
        var lineage = made.Parent is null ? id.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{made.Parent.Lineage}/{id}");
        await session.ExecuteAsync("update namespaces set lineage = @Lineage where id = @Id", new { Id = id, Lineage = lineage });
        await Routes.AddAsync(session, fullPath, namespaceId: id, projectId: null);
        return new Namespace(id, made.Kind, made.Parent?.Id, made.OwnerId, made.Name, made.Path, fullPath, lineage, made.Visibility,
            made.Description, now, now);
    }

    // What is longer than any path is not remembered either: anybody may ask for it.
    private ValueTask<Namespace?> FindByPathAsync(string path, CancellationToken cancellationToken) =>
        path.Length > PathRules.LongestFullPath ? ValueTask.FromResult<Namespace?>(null)
        : cache.Namespaces.GetAsync((0, path), database, static (database, key, token) => database.ReadAsync(
            session => session.FirstOrDefaultAsync<Namespace>(
                $"select {Columns} from routes r join namespaces n on n.id = r.namespace_id where r.path_key = @Key",
                new { Key = IdOrPath.Key(key.Path) }), token),
            cancellationToken);
}
