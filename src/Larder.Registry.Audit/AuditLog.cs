using Larder.Registry.Data;

namespace Larder.Registry.Audit;

/// <summary>Which events are wanted, newest first.</summary>
/// <param name="EntityType">Null for all.</param>
/// <param name="EntityId">The project or group.</param>
/// <param name="EventName">Only this; null for all.</param>
/// <param name="AuthorId">Only of this user; null for all.</param>
/// <param name="AuthorName">Only of whoever had this name; null for all.</param>
/// <param name="EntityPath">Only where the project or group had this full path; null for all.</param>
/// <param name="CreatedAfter">UTC Unix milliseconds, itself included.</param>
/// <param name="CreatedBefore">UTC Unix milliseconds, itself included.</param>
public sealed record AuditFilter(
    string? EntityType = null, long? EntityId = null, string? EventName = null, long? AuthorId = null, string? AuthorName = null,
    string? EntityPath = null, long? CreatedAfter = null, long? CreatedBefore = null);

/// <summary>The audit events as rows.</summary>
public sealed class AuditLog(Database database, TimeProvider time)
{
    private const string Columns =
        "id, created_at, event_name, author_id, author_name, entity_type, entity_id, entity_path, target, parameters, ip_address";

    /// <summary>Adds an event, in a transaction of its own: for a change that is done.</summary>
    public Task AddAsync(AuditEvent happened) => database.WriteAsync(session => AddAsync(session, happened), CancellationToken.None);

    /// <summary>Adds an event together with the change that it tells of.</summary>
    public Task AddAsync(Session session, AuditEvent happened) => session.ExecuteAsync("""
        insert into audit_events (created_at, event_name, author_id, author_name, entity_type, entity_id, entity_path, target, parameters, ip_address)
        values (@CreatedAt, @EventName, @AuthorId, @AuthorName, @EntityType, @EntityId, @EntityPath, @Target, @Parameters, @IpAddress)
        """, happened with { CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds() });

    /// <summary>The newest that fit, before the event with the id <paramref name="before"/> where it is given.</summary>
    public Task<IReadOnlyList<AuditEvent>> ListAsync(AuditFilter filter, long? before, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<AuditEvent>>(async session =>
        {
            // The event itself may have been removed since it was shown: the next older one has about its time.
            var at = before is null ? null : await session.FirstOrDefaultAsync<long?>(
                "select created_at from audit_events where id <= @Before order by id desc limit 1", new { Before = before });
            if (before is not null && at is null) return [];
            var (sql, parameters) = Statement(filter, before, at, limit);
            return await session.QueryAsync<AuditEvent>(sql, parameters);
        }, cancellationToken);

    /// <summary>
    /// The statement of <see cref="ListAsync"/>; a test asks both databases how they would run it. Each column that is asked for has
    /// an index that goes on with the time, which is the order as well.
    /// </summary>
    public static (string Sql, object Parameters) Statement(AuditFilter filter, long? before, long? beforeTime, int limit)
    {
        var where = Conditions.All(
            before is null ? null : "(created_at, id) < (@BeforeTime, @Before)",
            filter.EntityType is null ? null : "entity_type = @EntityType",
            filter.EntityId is null ? null : "entity_id = @EntityId",
            filter.EventName is null ? null : "event_name = @EventName",
            filter.AuthorId is null ? null : "author_id = @AuthorId",
            filter.AuthorName is null ? null : "author_name = @AuthorName",
            filter.EntityPath is null ? null : "entity_path = @EntityPath",
            filter.CreatedAfter is null ? null : "created_at >= @CreatedAfter",
            filter.CreatedBefore is null ? null : "created_at <= @CreatedBefore");
        return ($"select {Columns} from audit_events {where} order by created_at desc, id desc limit @Limit", new
        {
            Before = before, BeforeTime = beforeTime, filter.EntityType, filter.EntityId, filter.EventName, filter.AuthorId,
            filter.AuthorName, filter.EntityPath, filter.CreatedAfter, filter.CreatedBefore, Limit = limit,
        });
    }

    /// <summary>Removes at most <paramref name="limit"/> events that are older than the instant (UTC Unix milliseconds); how many.</summary>
    public Task<int> RemoveAsync(long olderThan, int limit, CancellationToken cancellationToken) =>
        database.WriteAsync(session => session.ExecuteAsync("""
            delete from audit_events where id in (select id from audit_events where created_at < @OlderThan order by created_at limit @Limit)
            """, new { OlderThan = olderThan, Limit = limit }), cancellationToken);
}
