using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>The association of an upstream with a registry, at a position from 1.</summary>
public sealed record RegistryUpstream(long Id, long RegistryId, long UpstreamId, long Position);

/// <summary>Whether an upstream was put into a registry.</summary>
public abstract record Association
{
    /// <summary>It was.</summary>
    public sealed record Made(RegistryUpstream Place) : Association;

    /// <summary>It is in the registry already.</summary>
    public sealed record Repeated : Association;

    /// <summary>The registry has <see cref="RegistryUpstreamStore.MostUpstreams"/>.</summary>
    public sealed record Full : Association;

    /// <summary>The registry or the upstream was deleted meanwhile.</summary>
    public sealed record Gone : Association;
}

/// <summary>
/// Which upstreams a registry has, in which order. Positions of a registry are always 1, 2, 3, … without a gap: they change
/// under the <see cref="GroupLock"/>.
/// </summary>
public sealed class RegistryUpstreamStore(Database database)
{
    /// <summary>GitLab's bound, per registry.</summary>
    public const int MostUpstreams = 20;

    private const string Columns = "id, registry_id, upstream_id, position";

    /// <summary>A subquery: the upstreams that are in registry <c>@RegistryId</c> and in no other.</summary>
    internal const string ExclusiveUpstreams = """
        select p.upstream_id from maven_registry_upstreams p where p.registry_id = @RegistryId and not exists (
          select 1 from maven_registry_upstreams o where o.upstream_id = p.upstream_id and o.registry_id <> p.registry_id)
        """;

    /// <summary>One association, or null.</summary>
    public Task<RegistryUpstream?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => FindAsync(session, id), cancellationToken);

    /// <summary>Those of a registry by position.</summary>
    public Task<IReadOnlyList<RegistryUpstream>> OfRegistryAsync(long registryId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<RegistryUpstream>(
            $"select {Columns} from maven_registry_upstreams where registry_id = @Id order by position", new { Id = registryId }), cancellationToken);

    /// <summary>Those of all registries of a group: at most 400.</summary>
    public Task<IReadOnlyList<RegistryUpstream>> OfGroupAsync(long groupId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<RegistryUpstream>($"""
            select {Columns} from maven_registry_upstreams
            where registry_id in (select r.id from maven_registries r where r.group_id = @Id) order by registry_id, position
            """, new { Id = groupId }), cancellationToken);

    /// <summary>Those of an upstream.</summary>
    public Task<IReadOnlyList<RegistryUpstream>> OfUpstreamAsync(long upstreamId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => OfUpstreamAsync(session, upstreamId), cancellationToken);

    /// <summary>Puts an upstream behind the others of a registry of its group.</summary>
    public Task<Association> AddAsync(VirtualRegistry registry, long upstreamId, CancellationToken cancellationToken) =>
        database.WriteAsync<Association>(async session =>
        {
            await GroupLock.TakeAsync(session, registry.GroupId);
            var existing = await session.FirstOrDefaultAsync<long?>("""
                select r.id from maven_registries r join maven_upstreams u on u.group_id = r.group_id
                where r.id = @RegistryId and u.id = @UpstreamId and u.deleted_at is null
                """, new { RegistryId = registry.Id, UpstreamId = upstreamId });
            if (existing is null) return new Association.Gone();
            var repeated = await session.FirstOrDefaultAsync<long?>(
                "select id from maven_registry_upstreams where registry_id = @RegistryId and upstream_id = @UpstreamId",
                new { RegistryId = registry.Id, UpstreamId = upstreamId });
            if (repeated is not null) return new Association.Repeated();
            return await AppendAsync(session, registry.Id, upstreamId) is { } place ? new Association.Made(place) : new Association.Full();
        }, cancellationToken);

    /// <summary>
    /// Moves an upstream to another position of its registry, the last one if the position is beyond it; those between move by
    /// one. False when the association is gone.
    /// </summary>
    public Task<bool> MoveAsync(VirtualRegistry registry, long id, long position, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            await GroupLock.TakeAsync(session, registry.GroupId);
            if (await FindAsync(session, id) is not { } place) return false;
            position = Math.Min(position, await HighestAsync(session, place.RegistryId));
            if (position == place.Position) return true;
            var (first, last, step) = position < place.Position ? (position, place.Position - 1, 1L) : (place.Position + 1, position, -1L);
            await session.ExecuteAsync("""
                update maven_registry_upstreams set position = position + @Step
                where registry_id = @RegistryId and position >= @First and position <= @Last
                """, new { place.RegistryId, First = first, Last = last, Step = step });
            await session.ExecuteAsync("update maven_registry_upstreams set position = @Position where id = @Id", new { Position = position, Id = id });
            return true;
        }, cancellationToken);

    /// <summary>Takes an upstream out of a registry; it stays, and so does its cache. False when it was out already.</summary>
    public Task<bool> RemoveAsync(VirtualRegistry registry, long id, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            await GroupLock.TakeAsync(session, registry.GroupId);
            if (await FindAsync(session, id) is not { } place) return false;
            await RemoveAsync(session, place);
            return true;
        }, cancellationToken);

    /// <summary>Takes an upstream out of every registry. The caller holds the group.</summary>
    internal static async Task RemoveAllOfAsync(Session session, long upstreamId)
    {
        foreach (var place in await OfUpstreamAsync(session, upstreamId)) await RemoveAsync(session, place);
    }

    /// <summary>Puts an upstream behind the others; null when the registry is full. The caller holds the group.</summary>
    internal static async Task<RegistryUpstream?> AppendAsync(Session session, long registryId, long upstreamId)
    {
        var highest = await HighestAsync(session, registryId);
        return highest >= MostUpstreams ? null : await session.SingleAsync<RegistryUpstream>($"""
            insert into maven_registry_upstreams (registry_id, upstream_id, position)
            values (@RegistryId, @UpstreamId, @Position) returning {Columns}
            """, new { RegistryId = registryId, UpstreamId = upstreamId, Position = highest + 1 });
    }

    private static Task<RegistryUpstream?> FindAsync(Session session, long id) => session.FirstOrDefaultAsync<RegistryUpstream>(
        $"select {Columns} from maven_registry_upstreams where id = @Id", new { Id = id });

    private static Task<IReadOnlyList<RegistryUpstream>> OfUpstreamAsync(Session session, long upstreamId) =>
        session.QueryAsync<RegistryUpstream>(
            $"select {Columns} from maven_registry_upstreams where upstream_id = @Id order by registry_id", new { Id = upstreamId });

    private static async Task RemoveAsync(Session session, RegistryUpstream place)
    {
        await session.ExecuteAsync("delete from maven_registry_upstreams where id = @Id", new { place.Id });
        await session.ExecuteAsync(
            "update maven_registry_upstreams set position = position - 1 where registry_id = @RegistryId and position > @Position",
            new { place.RegistryId, place.Position });
    }

    private static Task<long> HighestAsync(Session session, long registryId) => session.SingleAsync<long>(
        "select coalesce(max(position), 0) from maven_registry_upstreams where registry_id = @Id", new { Id = registryId });
}
