using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>A virtual registry. Instants are Unix milliseconds.</summary>
public sealed record VirtualRegistry(
    long Id, long GroupId, string Name, string? Description, long CreatedAt, long UpdatedAt, string MetadataStrategy)
{
    /// <summary>Whether <c>maven-metadata.xml</c> is merged over the upstreams; otherwise the first one's is served, as GitLab does.</summary>
    public bool MergesMetadata => MetadataStrategy == Registry.VirtualRegistries.MetadataStrategy.Merge;
}

/// <summary>How a registry answers <c>maven-metadata.xml</c>.</summary>
public static class MetadataStrategy
{
    /// <summary>Merged over all upstreams.</summary>
    public const string Merge = "merge";

    /// <summary>That of the first upstream that has one.</summary>
    public const string First = "first";
}

/// <summary>The association of an upstream with a registry, at a position from 1.</summary>
public sealed record RegistryUpstream(long Id, long RegistryId, long UpstreamId, long Position);

/// <summary>The rows of virtual registries.</summary>
public sealed class RegistryStore(Database database, TimeProvider time)
{
    /// <summary>GitLab's bound, per top-level group.</summary>
    public const int MostRegistries = 20;

    private const string Columns = "id, group_id, name, description, created_at, updated_at, metadata_strategy";

    /// <summary>All registries of a group, oldest first: at most <see cref="MostRegistries"/>.</summary>
    public Task<IReadOnlyList<VirtualRegistry>> ListAsync(long groupId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<VirtualRegistry>(
            $"select {Columns} from maven_registries where group_id = @GroupId order by id", new { GroupId = groupId }), cancellationToken);

    /// <summary>One registry, or null.</summary>
    public Task<VirtualRegistry?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<VirtualRegistry>(
            $"select {Columns} from maven_registries where id = @Id", new { Id = id }), cancellationToken);

    /// <summary>Its upstreams by position.</summary>
    public Task<IReadOnlyList<RegistryUpstream>> UpstreamsAsync(long registryId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<RegistryUpstream>(
            "select id, registry_id, upstream_id, position from maven_registry_upstreams where registry_id = @Id order by position",
            new { Id = registryId }), cancellationToken);

    /// <summary>Adds a registry; null when the group has <see cref="MostRegistries"/> already.</summary>
    /// <exception cref="DuplicateRowException">The group has one of this name.</exception>
    public Task<VirtualRegistry?> CreateAsync(
        long groupId, string name, string? description, string metadataStrategy, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            // Locks the group's row, so that two at once cannot both be the twentieth.
            await session.ExecuteAsync("update namespaces set id = id where id = @GroupId", new { GroupId = groupId });
            var count = await session.SingleAsync<long>(
                "select count(*) from maven_registries where group_id = @GroupId", new { GroupId = groupId });
            return count >= MostRegistries ? null : await session.SingleAsync<VirtualRegistry>($"""
                insert into maven_registries (group_id, name, description, metadata_strategy, created_at, updated_at)
                values (@GroupId, @Name, @Description, @MetadataStrategy, @Now, @Now) returning {Columns}
                """, new { GroupId = groupId, Name = name, Description = description, MetadataStrategy = metadataStrategy, Now = time.GetUtcNow().ToUnixTimeMilliseconds() });
        }, cancellationToken);
}
