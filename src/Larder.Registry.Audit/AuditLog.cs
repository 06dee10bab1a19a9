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
    public Task<IReadOnlyList<AuditEvent>> ListAsync(AuditFilter filter, long? before, int limit, CancellationToken cancellationToken)
    {
        List<string> conditions = [];
        if (before is not null) conditions.Add("id < @Before");
        if (filter.EntityType is not null) conditions.Add("entity_type = @EntityType");
        if (filter.EntityId is not null) conditions.Add("entity_id = @EntityId");
        if (filter.EventName is not null) conditions.Add("event_name = @EventName");
        if (filter.AuthorId is not null) conditions.Add("author_id = @AuthorId");
        if (filter.AuthorName is not null) conditions.Add("author_name = @AuthorName");
        if (filter.EntityPath is not null) conditions.Add("entity_path = @EntityPath");
        if (filter.CreatedAfter is not null) conditions.Add("created_at >= @CreatedAfter");
        if (filter.CreatedBefore is not null) conditions.Add("created_at <= @CreatedBefore");
        var where = conditions.Count == 0 ? "" : "where " + string.Join(" and ", conditions);
        return database.ReadAsync(session => session.QueryAsync<AuditEvent>(
            $"select {Columns} from audit_events {where} order by id desc limit @Limit", new
            {
                Before = before, filter.EntityType, filter.EntityId, filter.EventName, filter.AuthorId, filter.AuthorName, filter.EntityPath, filter.CreatedAfter,
                filter.CreatedBefore, Limit = limit,
            }), cancellationToken);
    }

    /// <summary>Removes at most <paramref name="limit"/> events that are older than the instant (UTC Unix milliseconds); how many.</summary>
    public Task<int> RemoveAsync(long olderThan, int limit, CancellationToken cancellationToken) =>
        database.WriteAsync(session => session.ExecuteAsync("""
            delete from audit_events where id in (select id from audit_events where created_at < @OlderThan order by created_at limit @Limit)
            """, new { OlderThan = olderThan, Limit = limit }), cancellationToken);
}
