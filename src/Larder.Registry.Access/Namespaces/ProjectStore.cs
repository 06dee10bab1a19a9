using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>What a new project is made of.</summary>
public sealed record NewProject(
    Namespace Namespace, string Name, string Path, string Visibility, string RegistryAccess, string Description, long? CreatorId);

/// <summary>What a project is to be from now on; <see cref="Project"/> says what the members mean.</summary>
public sealed record ProjectChanges(string Name, string Path, string Visibility, string Description, string RegistryAccess);

/// <summary>Which projects are wanted.</summary>
/// <param name="Inside">Only those in this namespace; null for all.</param>
/// <param name="IncludeSubgroups">Those in the groups inside it too.</param>
/// <param name="Search">Text in name, path or description; null for all.</param>
/// <param name="Visibility">Null for any.</param>
/// <param name="MinAccessLevel">Only those in which the caller has at least this level; 0 for whatever it may see.</param>
/// <param name="OrderBy"><c>id</c>, <c>name</c>, <c>path</c>, <c>created_at</c> or <c>updated_at</c>.</param>
/// <param name="Ascending">The direction.</param>
public sealed record ProjectFilter(
    Namespace? Inside, bool IncludeSubgroups, string? Search, string? Visibility, AccessLevel MinAccessLevel, string OrderBy, bool Ascending);

/// <summary>Projects. What it finds may be up to five seconds old when another node changed it.</summary>
public sealed class ProjectStore(Database database, AccessCache cache, TimeProvider time)
{
    /// <summary>Columns of <c>projects p</c> and its <c>namespaces n</c> in the order of <see cref="Project"/>.</summary>
    internal const string Columns = """
        p.id, p.namespace_id, p.creator_id, p.name, p.path, p.full_path, p.visibility, p.registry_access, p.description, p.created_at,
        p.updated_at, n.lineage as namespace_lineage
        """;

    private const string Tables = "projects p join namespaces n on n.id = p.namespace_id";

    /// <summary>
    /// A project by id (digits only) or by full path, in any case; null when there is none. A word without a slash is never a
    /// project (generic-packages contract section 8).
    /// </summary>
    public ValueTask<Project?> FindAsync(string idOrPath, CancellationToken cancellationToken) =>
        IdOrPath.TryId(idOrPath, out var id) ? FindByIdAsync(id, cancellationToken)
        : idOrPath.Contains('/', StringComparison.Ordinal) ? FindByPathAsync(idOrPath, cancellationToken)
        : ValueTask.FromResult<Project?>(null);

    /// <summary>By id.</summary>
    public ValueTask<Project?> FindByIdAsync(long id, CancellationToken cancellationToken) =>
        cache.Projects.GetAsync((id, ""), database, static (database, key, token) => database.ReadAsync(
            session => session.FirstOrDefaultAsync<Project>($"select {Columns} from {Tables} where p.id = @Id", new { key.Id }), token),
            cancellationToken);

    /// <summary>A page of the projects that the caller may see, and how many there are.</summary>
    public Task<(IReadOnlyList<Project> Projects, long Total)> ListAsync(
        Caller caller, ProjectFilter filter, Page page, CancellationToken cancellationToken)
    {
        var where = Conditions.All(
            filter.Inside is null ? null
                : filter.IncludeSubgroups ? "(n.id = @InsideId or n.lineage like @Inside || '/%')" : "n.id = @InsideId",
            filter.Search is null ? null : """
                (lower(p.name) like @Search escape '\' or lower(p.path) like @Search escape '\' or lower(p.description) like @Search escape '\')
                """,
            filter.Visibility is null ? null : "p.visibility = @Visibility",
            filter.MinAccessLevel == AccessLevel.None ? null : $"{Memberships.LevelInProject} >= @MinAccessLevel",
            VisibleRows.Project);
        var parameters = new
        {
            InsideId = filter.Inside?.Id ?? 0, Inside = filter.Inside?.Lineage, Search = LikePattern.Containing(filter.Search),
            filter.Visibility, MinAccessLevel = (long)filter.MinAccessLevel, UserId = caller.UserId ?? 0,
            IsAdmin = caller.IsAdmin ? 1L : 0L, Now = time.GetUtcNow().ToUnixTimeMilliseconds(), Limit = page.Size, page.Offset, Page.CountLimit,
        };
        return database.ReadAsync(async session => (
            await session.QueryAsync<Project>(
                $"select {Columns} from {Tables} {where} order by {Order(filter)} limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>($"select count(*) from (select 1 from {Tables} {where} limit @CountLimit) counted", parameters)),
            cancellationToken);
    }

    /// <summary>Makes a project.</summary>
    /// <exception cref="DuplicateRowException">The path has been taken.</exception>
    public async Task<Project> CreateAsync(NewProject project, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var fullPath = $"{project.Namespace.FullPath}/{project.Path}";
        var id = await database.WriteAsync(async session =>
        {
            var created = await session.SingleAsync<long>("""
                insert into projects
                  (namespace_id, creator_id, name, path, full_path, visibility, registry_access, description, created_at, updated_at)
                values (@NamespaceId, @CreatorId, @Name, @Path, @FullPath, @Visibility, @RegistryAccess, @Description, @Now, @Now) returning id
                """, new
            {
                NamespaceId = project.Namespace.Id, project.CreatorId, project.Name, project.Path, FullPath = fullPath, project.Visibility,
                project.RegistryAccess, project.Description, Now = now,
            });
            await Routes.AddAsync(session, fullPath, namespaceId: null, projectId: created);
            return created;
        }, cancellationToken);
        cache.NamespacesChanged();
        return new Project(id, project.Namespace.Id, project.CreatorId, project.Name, project.Path, fullPath, project.Visibility,
            project.RegistryAccess, project.Description, now, now, project.Namespace.Lineage);
    }

    /// <summary>Changes a project and answers it as it is now; null when it is gone.</summary>
    /// <exception cref="DuplicateRowException">The path has been taken.</exception>
    public async Task<Project?> UpdateAsync(Project project, ProjectChanges changes, CancellationToken cancellationToken)
    {
        var changed = await database.WriteAsync(async session =>
        {
            await session.ExecuteAsync("""
                update projects set name = @Name, visibility = @Visibility, description = @Description, registry_access = @RegistryAccess,
                  updated_at = @Now
                where id = @Id
                """, new
            {
                project.Id, changes.Name, changes.Visibility, changes.Description, changes.RegistryAccess,
                Now = time.GetUtcNow().ToUnixTimeMilliseconds(),
            });
            if (changes.Path != project.Path) await Routes.RenameAsync(session, project, changes.Path);
            return await session.FirstOrDefaultAsync<Project>($"select {Columns} from {Tables} where p.id = @Id", new { project.Id });
        }, cancellationToken);
        cache.NamespacesChanged();
        return changed;
    }

    // Never text of the client: only these columns are ever named.
    private static string Order(ProjectFilter filter)
    {
        var direction = filter.Ascending ? "asc" : "desc";
        var column = filter.OrderBy switch
        {
            "name" => "lower(p.name)",
            "path" => "lower(p.path)",
            "created_at" => "p.created_at",
            "updated_at" => "p.updated_at",
            _ => "p.id",
        };
        return $"{column} {direction}, p.id {direction}";
    }

    // What is longer than any path is not remembered either: anybody may ask for it.
    private ValueTask<Project?> FindByPathAsync(string path, CancellationToken cancellationToken) =>
        path.Length > PathRules.LongestFullPath ? ValueTask.FromResult<Project?>(null)
        : cache.Projects.GetAsync((0, path), database, static (database, key, token) => database.ReadAsync(
            session => session.FirstOrDefaultAsync<Project>($"""
                select {Columns} from routes r join projects p on p.id = r.project_id join namespaces n on n.id = p.namespace_id
                where r.path_key = @Key
                """, new { Key = IdOrPath.Key(key.Path) }), token),
            cancellationToken);
}
