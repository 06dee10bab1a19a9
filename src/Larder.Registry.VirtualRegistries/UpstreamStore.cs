using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// An upstream Maven repository. The password is encrypted; validities are hours, 0 for ever. Only rows of its current
/// <see cref="Generation"/> (cache entries, supplied artifacts) and <see cref="AbsenceGeneration"/> (remembered absences) count;
/// <see cref="RulesGeneration"/> counts the changes of its rules, 0 when it never had any.
/// </summary>
public sealed record Upstream(
    long Id, long GroupId, string Name, string? Description, string Url, string? Username, string? Password,
    long CacheValidityHours, long MetadataCacheValidityHours, long CreatedAt, long UpdatedAt, long Generation, long AbsenceGeneration,
    long RulesGeneration, long VerifiesChecksumFiles)
{
    /// <summary>What a caller has set of it.</summary>
    public UpstreamSettings Settings => 
        new(Name, Description, Url, Username, Password, CacheValidityHours, MetadataCacheValidityHours, VerifiesChecksumFiles != 0);
}

/// <summary>What a caller may set of an upstream. The password is encrypted already.</summary>
public sealed record UpstreamSettings(
    string Name, string? Description, string Url, string? Username, string? Password,
    long CacheValidityHours, long MetadataCacheValidityHours, bool VerifiesChecksumFiles);

/// <summary>Whether an upstream was saved.</summary>
public abstract record UpstreamSaving
{
    /// <summary>It was.</summary>
    public sealed record Saved(Upstream Upstream, RegistryUpstream? Place) : UpstreamSaving;

    /// <summary>The group has one with the same URL and credentials.</summary>
    public sealed record Taken : UpstreamSaving;

    /// <summary>The registry has <see cref="RegistryUpstreamStore.MostUpstreams"/>.</summary>
    public sealed record RegistryFull : UpstreamSaving;

    /// <summary>It, or its registry, was deleted meanwhile.</summary>
    public sealed record Gone : UpstreamSaving;
}

/// <summary>
/// The rows of upstreams. Purging and deleting take the same time whatever an upstream holds: they begin a generation or mark
/// the row, and upkeep removes what is left over.
/// </summary>
public sealed class UpstreamStore(Database database, UpstreamPasswords passwords, TimeProvider time)
{
    private const string Columns = """
        id, group_id, name, description, url, username, password,
        cache_validity_hours, metadata_cache_validity_hours, created_at, updated_at, generation, absence_generation, rules_generation,
        verifies_checksum_files
        """;

    private const string BeginGeneration = "generation = generation + 1, absence_generation = absence_generation + 1, remains_since = @Now";

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>One upstream, or null.</summary>
    public Task<Upstream?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => FindAsync(session, id), cancellationToken);

    /// <summary>The upstreams of a registry by position.</summary>
    public Task<IReadOnlyList<Upstream>> InRegistryAsync(long registryId, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<Upstream>($"""
            select {Columns} from maven_upstreams
            join (select upstream_id, position from maven_registry_upstreams where registry_id = @RegistryId) as place
              on place.upstream_id = maven_upstreams.id
            order by place.position
            """, new { RegistryId = registryId }), cancellationToken);

    /// <summary>One page of a group's upstreams, oldest first, and how many there are in all.</summary>
    /// <param name="groupId">The group.</param>
    /// <param name="name">Text that the name contains, in any case; null for all.</param>
    /// <param name="page">Which page.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public Task<(IReadOnlyList<Upstream> Upstreams, long Total)> ListAsync(
        long groupId, string? name, Page page, CancellationToken cancellationToken)
    {
        var pattern = LikePattern.Containing(name);
        var where = Conditions.All("group_id = @GroupId", "deleted_at is null", pattern is null ? null : @"lower(name) like @Pattern escape '\'");
        var parameters = new { GroupId = groupId, Pattern = pattern, Limit = page.Size, page.Offset, Page.CountLimit };
        return database.ReadAsync(async session => (
            await session.QueryAsync<Upstream>(
                $"select {Columns} from maven_upstreams {where} order by id limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>($"select count(*) from (select 1 from maven_upstreams {where} limit @CountLimit) counted", parameters)),
            cancellationToken);
    }

    /// <summary>Whether the group has another upstream with the same URL and credentials.</summary>
    public Task<bool> IsTakenAsync(long groupId, UpstreamSettings settings, long? except, CancellationToken cancellationToken) =>
        database.ReadAsync(session => IsTakenAsync(session, groupId, settings, passwords.Reveal(settings.Password), except), cancellationToken);

    /// <summary>Adds an upstream behind the others of a registry.</summary>
    public Task<UpstreamSaving> CreateAsync(VirtualRegistry registry, UpstreamSettings settings, CancellationToken cancellationToken)
    {
        var password = passwords.Reveal(settings.Password); // not in the transaction: it may have to load keys
        return database.WriteAsync<UpstreamSaving>(async session =>
        {
            await GroupLock.TakeAsync(session, registry.GroupId);
            if (await IsTakenAsync(session, registry.GroupId, settings, password, except: null)) return new UpstreamSaving.Taken();
            var exists = await session.FirstOrDefaultAsync<long?>("select id from maven_registries where id = @Id", new { registry.Id });
            if (exists is null) return new UpstreamSaving.Gone();
            var upstream = await session.SingleAsync<Upstream>($"""
                insert into maven_upstreams (group_id, name, description, url, username, password,
                  cache_validity_hours, metadata_cache_validity_hours, verifies_checksum_files, created_at, updated_at)
                values (@GroupId, @Name, @Description, @Url, @Username, @Password,
                  @CacheValidityHours, @MetadataCacheValidityHours, @Verifies, @Now, @Now) returning {Columns}
                """, new
            {
                registry.GroupId, settings.Name, settings.Description, settings.Url, settings.Username, settings.Password,
                settings.CacheValidityHours, settings.MetadataCacheValidityHours, Verifies = settings.VerifiesChecksumFiles ? 1L : 0L, Now,
            });
            if (await RegistryUpstreamStore.AppendAsync(session, registry.Id, upstream.Id) is { } place) return new UpstreamSaving.Saved(upstream, place);
            await session.ExecuteAsync("delete from maven_upstreams where id = @Id", new { upstream.Id });
            return new UpstreamSaving.RegistryFull();
        }, cancellationToken);
    }

    /// <summary>
    /// Changes an upstream. At another address it is another repository: nothing that it held before counts any more. With
    /// other credentials it may have what it said it had not.
    /// </summary>
    public Task<UpstreamSaving> UpdateAsync(Upstream seen, UpstreamSettings settings, CancellationToken cancellationToken)
    {
        var password = passwords.Reveal(settings.Password);
        return database.WriteAsync<UpstreamSaving>(async session =>
        {
            await GroupLock.TakeAsync(session, seen.GroupId);
            if (await FindAsync(session, seen.Id) is not { } before) return new UpstreamSaving.Gone();
            if (await IsTakenAsync(session, seen.GroupId, settings, password, except: seen.Id)) return new UpstreamSaving.Taken();
            var isMoved = !UpstreamUrl.IsSamePlace(before.Url, settings.Url);
            var isOther = isMoved || (before.Url, before.Username, before.Password) != (settings.Url, settings.Username, settings.Password);
            return new UpstreamSaving.Saved(await session.SingleAsync<Upstream>($"""
                update maven_upstreams set name = @Name, description = @Description, url = @Url, username = @Username, password = @Password,
                  cache_validity_hours = @CacheValidityHours, metadata_cache_validity_hours = @MetadataCacheValidityHours, updated_at = @Now,
                  verifies_checksum_files = @Verifies,
                  generation = generation + @Moved, absence_generation = absence_generation + @Other,
                  remains_since = case when @Other = 1 then @Now else remains_since end
                where id = @Id returning {Columns}
                """, new
            {
                seen.Id, settings.Name, settings.Description, settings.Url, settings.Username, settings.Password, settings.CacheValidityHours,
                settings.MetadataCacheValidityHours, Verifies = settings.VerifiesChecksumFiles ? 1L : 0L, Now, Moved = isMoved ? 1L : 0L, Other = isOther ? 1L : 0L,
            }), null);
        }, cancellationToken);
    }

    /// <summary>Empties the cache of an upstream, with everything that was learned from it.</summary>
    public Task PurgeAsync(Upstream upstream, CancellationToken cancellationToken) => database.WriteAsync(session => session.ExecuteAsync(
        $"update maven_upstreams set {BeginGeneration} where id = @Id and deleted_at is null", new { upstream.Id, Now }), cancellationToken);

    /// <summary>Empties the caches of those upstreams that are in this registry and in no other.</summary>
    public Task PurgeExclusiveAsync(VirtualRegistry registry, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        await GroupLock.TakeAsync(session, registry.GroupId);
        await session.ExecuteAsync(
            $"update maven_upstreams set {BeginGeneration} where id in ({RegistryUpstreamStore.ExclusiveUpstreams})",
            new { RegistryId = registry.Id, Now });
    }, cancellationToken);

    /// <summary>Deletes an upstream: it leaves its registries, those below it move up.</summary>
    public Task DeleteAsync(Upstream upstream, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        await GroupLock.TakeAsync(session, upstream.GroupId);
        await RegistryUpstreamStore.RemoveAllOfAsync(session, upstream.Id);
        await MarkDeletedAsync(session, "id = @Id", new { upstream.Id, Now });
    }, cancellationToken);

    internal static Task MarkDeletedAsync(Session session, string where, object parameters) => session.ExecuteAsync(
        $"update maven_upstreams set deleted_at = @Now, {BeginGeneration} where {where} and deleted_at is null", parameters);

    private static Task<Upstream?> FindAsync(Session session, long id) => session.FirstOrDefaultAsync<Upstream>(
        $"select {Columns} from maven_upstreams where id = @Id and deleted_at is null", new { Id = id });

    // http and https are one place; the same place with other credentials is another upstream.
    private async Task<bool> IsTakenAsync(Session session, long groupId, UpstreamSettings settings, string? password, long? except)
    {
        var others = await session.QueryAsync<Upstream>(
            $"select {Columns} from maven_upstreams where group_id = @GroupId and deleted_at is null", new { GroupId = groupId });
        return others.Any(other => other.Id != except && UpstreamUrl.IsSamePlace(other.Url, settings.Url)
            && other.Username == settings.Username && passwords.Reveal(other.Password) == password);
    }
}
