using Larder.Registry.Data;

namespace Larder.Registry.Upkeep;

/// <summary>The rows that say which node does which periodic work, and when it is due again.</summary>
public sealed class LeaseStore(Database database, TimeProvider time)
{
    /// <summary>How long a lease lasts unless it is renewed. Clocks of the nodes must agree much better than this.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromMinutes(5);

    /// <summary>Names this node, from its start to its end.</summary>
    public string Node { get; } = $"{Environment.MachineName}/{Guid.NewGuid():N}";

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Takes the lease if the work is due and nobody holds it. Work that was never heard of is due in one interval.</summary>
    public async Task<bool> TryTakeAsync(IPeriodicWork work, CancellationToken cancellationToken)
    {
        // Mostly it is not due, and looking costs no write.
        var row = await database.ReadAsync(session => session.FirstOrDefaultAsync<LeaseRow>(
            "select held_until, next_run_at from leases where name = @Name", new { work.Name }), cancellationToken);
        if (row is not null && (row.NextRunAt > Now || row.HeldUntil > Now)) return false;
        return await database.WriteAsync(async session =>
        {
            var now = Now;
            await session.ExecuteAsync("""
                insert into leases (name, held_until, next_run_at) values (@Name, 0, @Due) on conflict (name) do nothing
                """, new { work.Name, Due = Later(work.Interval) });
            return await session.ExecuteAsync("""
                update leases set holder = @Node, held_until = @Until
                where name = @Name and next_run_at <= @Now and held_until <= @Now
                """, new { work.Name, Node, Until = Later(Duration), Now = now }) == 1;
        }, cancellationToken);
    }

    /// <summary>Keeps the lease; false when another node has it.</summary>
    public Task<bool> RenewAsync(IPeriodicWork work, CancellationToken cancellationToken) => database.WriteAsync(
        async session => await session.ExecuteAsync("update leases set held_until = @Until where name = @Name and holder = @Node",
            new { work.Name, Node, Until = Later(Duration) }) == 1, cancellationToken);

    /// <summary>Gives the lease back; the work is due again after <paramref name="pause"/>.</summary>
    public Task ReleaseAsync(IPeriodicWork work, TimeSpan pause, CancellationToken cancellationToken) => database.WriteAsync(
        session => session.ExecuteAsync("""
            update leases set holder = null, held_until = 0, next_run_at = @Next where name = @Name and holder = @Node
            """, new { work.Name, Node, Next = Later(pause) }), cancellationToken);

    private long Later(TimeSpan span) => (time.GetUtcNow() + span).ToUnixTimeMilliseconds();

    private sealed record LeaseRow(long HeldUntil, long NextRunAt);
}
