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

    /// <summary>Adds a registry; null when the group has <see cref="MostRegistries"/> already.</summary>
    /// <exception cref="DuplicateRowException">The group has one of this name.</exception>
    public Task<VirtualRegistry?> CreateAsync(
        long groupId, string name, string? description, string metadataStrategy, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            await GroupLock.TakeAsync(session, groupId);
            var count = await session.SingleAsync<long>(
                "select count(*) from maven_registries where group_id = @GroupId", new { GroupId = groupId });
            return count >= MostRegistries ? null : await session.SingleAsync<VirtualRegistry>($"""
                insert into maven_registries (group_id, name, description, metadata_strategy, created_at, updated_at)
                values (@GroupId, @Name, @Description, @MetadataStrategy, @Now, @Now) returning {Columns}
                """, new { GroupId = groupId, Name = name, Description = description, MetadataStrategy = metadataStrategy, Now = time.GetUtcNow().ToUnixTimeMilliseconds() });
        }, cancellationToken);

    /// <summary>Changes what is not null; false when the registry is gone.</summary>
    /// <exception cref="DuplicateRowException">The group has another one of this name.</exception>
    public Task<bool> UpdateAsync(
        long id, string? name, string? description, string? metadataStrategy, CancellationToken cancellationToken) =>
        database.WriteAsync(async session => await session.ExecuteAsync("""
            update maven_registries set name = coalesce(@Name, name), description = coalesce(@Description, description),
              metadata_strategy = coalesce(@MetadataStrategy, metadata_strategy), updated_at = @Now
            where id = @Id
            """, new
        {
            Id = id, Name = name, Description = description, MetadataStrategy = metadataStrategy, Now = time.GetUtcNow().ToUnixTimeMilliseconds(),
        }) == 1, cancellationToken);

    /// <summary>
    /// Deletes a registry, and those of its upstreams that are in no other one. It takes the same time whatever they hold.
    /// </summary>
    public Task DeleteAsync(VirtualRegistry registry, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var parameters = new { RegistryId = registry.Id, Now = time.GetUtcNow().ToUnixTimeMilliseconds() };
        await GroupLock.TakeAsync(session, registry.GroupId);
        await UpstreamStore.MarkDeletedAsync(session, $"id in ({RegistryUpstreamStore.ExclusiveUpstreams})", parameters);
        await session.ExecuteAsync("delete from maven_registry_upstreams where registry_id = @RegistryId", parameters);
        await session.ExecuteAsync("delete from maven_registries where id = @RegistryId", parameters);
    }, cancellationToken);
}
