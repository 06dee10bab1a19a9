using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>An upstream Maven repository. The password is encrypted; validities are hours, 0 for ever.</summary>
public sealed record Upstream(
    long Id, long GroupId, string Name, string? Description, string Url, string? Username, string? Password,
    long CacheValidityHours, long MetadataCacheValidityHours, long CreatedAt, long UpdatedAt);

/// <summary>What a caller may set of an upstream. The password is encrypted already.</summary>
public sealed record UpstreamSettings(
    string Name, string? Description, string Url, string? Username, string? Password,
    long CacheValidityHours, long MetadataCacheValidityHours);

/// <summary>The rows of upstreams and of their places in registries.</summary>
public sealed class UpstreamStore(Database database, TimeProvider time)
{
    /// <summary>GitLab's bound, per registry.</summary>
    public const int MostUpstreams = 20;

    private const string Columns = """
        id, group_id, name, description, url, username, password,
        cache_validity_hours, metadata_cache_validity_hours, created_at, updated_at
        """;

    /// <summary>One upstream, or null.</summary>
    public Task<Upstream?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<Upstream>(
            $"select {Columns} from maven_upstreams where id = @Id", new { Id = id }), cancellationToken);

    /// <summary>The upstreams of a registry by position.</summary>
    public Task<IReadOnlyList<Upstream>> InRegistryAsync(long registryId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<Upstream>($"""
            select {Columns} from maven_upstreams
            join (select upstream_id, position from maven_registry_upstreams where registry_id = @RegistryId) as place
              on place.upstream_id = maven_upstreams.id
            order by place.position
            """, new { RegistryId = registryId }), cancellationToken);

    /// <summary>All upstreams of a group, which may be hundreds.</summary>
    public Task<IReadOnlyList<Upstream>> InGroupAsync(long groupId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<Upstream>(
            $"select {Columns} from maven_upstreams where group_id = @GroupId order by id", new { GroupId = groupId }), cancellationToken);

    /// <summary>The places of an upstream in registries.</summary>
    public Task<IReadOnlyList<RegistryUpstream>> PlacesAsync(long upstreamId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<RegistryUpstream>(
            "select id, registry_id, upstream_id, position from maven_registry_upstreams where upstream_id = @Id order by id",
            new { Id = upstreamId }), cancellationToken);

    /// <summary>Adds an upstream behind the others of a registry; null when that has <see cref="MostUpstreams"/> already.</summary>
    public Task<(Upstream Upstream, RegistryUpstream Place)?> CreateAsync(
        VirtualRegistry registry, UpstreamSettings settings, CancellationToken cancellationToken) =>
        database.WriteAsync<(Upstream, RegistryUpstream)?>(async session =>
        {
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            if (await NextPositionAsync(session, registry.Id) is not { } position) return null;
            var upstream = await session.SingleAsync<Upstream>($"""
                insert into maven_upstreams (group_id, name, description, url, username, password,
                  cache_validity_hours, metadata_cache_validity_hours, created_at, updated_at)
                values (@GroupId, @Name, @Description, @Url, @Username, @Password,
                  @CacheValidityHours, @MetadataCacheValidityHours, @Now, @Now) returning {Columns}
                """, new
            {
                registry.GroupId, settings.Name, settings.Description, settings.Url, settings.Username, settings.Password,
                settings.CacheValidityHours, settings.MetadataCacheValidityHours, Now = now,
            });
            var place = await session.SingleAsync<RegistryUpstream>("""
                insert into maven_registry_upstreams (registry_id, upstream_id, position)
                values (@RegistryId, @UpstreamId, @Position) returning id, registry_id, upstream_id, position
                """, new { RegistryId = registry.Id, UpstreamId = upstream.Id, Position = position });
            return (upstream, place);
        }, cancellationToken);

    private static async Task<long?> NextPositionAsync(Session session, long registryId)
    {
        // Locks the registry's row, so that two at once cannot take one place.
        await session.ExecuteAsync("update maven_registries set id = id where id = @Id", new { Id = registryId });
        var highest = await session.SingleAsync<long>(
            "select coalesce(max(position), 0) from maven_registry_upstreams where registry_id = @Id", new { Id = registryId });
        return highest < MostUpstreams ? highest + 1 : null;
    }
}
