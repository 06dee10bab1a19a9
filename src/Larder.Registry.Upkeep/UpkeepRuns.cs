using Larder.Registry.Data;

namespace Larder.Registry.Upkeep;

/// <summary>One run of periodic work. Instants are Unix milliseconds.</summary>
/// <param name="Id">The row.</param>
/// <param name="Name">Of the work.</param>
/// <param name="Node">Which node it ran on.</param>
/// <param name="BeganAt">When it began.</param>
/// <param name="EndedAt">When it ended; null while it runs.</param>
/// <param name="Outcome">One of <see cref="UpkeepOutcome"/>.</param>
/// <param name="Result">What was done, in words; empty for nothing.</param>
public sealed record UpkeepRun(long Id, string Name, string Node, long BeganAt, long? EndedAt, string Outcome, string Result);

/// <summary>How a run stands.</summary>
public static class UpkeepOutcome
{
    /// <summary>It goes on.</summary>
    public const string Running = "running";

    /// <summary>It came to its end.</summary>
    public const string Done = "done";

    /// <summary>It failed and is tried again; the log says why.</summary>
    public const string Failed = "failed";

    /// <summary>Its node stopped or died, or another one took over.</summary>
    public const string Interrupted = "interrupted";
}

/// <summary>When a kind of work runs next (Unix milliseconds), and whether a node holds it now.</summary>
public sealed record UpkeepDue
{
    /// <summary>Of the work.</summary>
    public string Name { get; init; } = "";

    /// <summary>Not before this.</summary>
    public long NextRunAt { get; init; }

    /// <summary>1 while a node runs it.</summary>
    public long Held { get; init; }
}

/// <summary>What became of periodic work: the last <see cref="KeptOfEach"/> runs of each kind.</summary>
public sealed class UpkeepRuns(Database database, LeaseStore leases, TimeProvider time)
{
    /// <summary>Runs of one kind that are kept.</summary>
    public const int KeptOfEach = 50;

    private const int LongestResult = 500;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A run begins on this node, which holds the lease: an earlier one that has not ended never will. Answers its id.</summary>
    public Task<long> BeginAsync(string name, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var parameters = new { Name = name, leases.Node, Now, UpkeepOutcome.Running, UpkeepOutcome.Interrupted, KeptOfEach };
        await session.ExecuteAsync(
            "update upkeep_runs set outcome = @Interrupted, ended_at = @Now where name = @Name and ended_at is null", parameters);
        await session.ExecuteAsync("""
            delete from upkeep_runs where name = @Name and id < (
              select min(id) from (select id from upkeep_runs where name = @Name order by id desc limit @KeptOfEach) as kept)
            """, parameters);
        return await session.SingleAsync<long>("""
            insert into upkeep_runs (name, node, began_at, outcome, result) values (@Name, @Node, @Now, @Running, '') returning id
            """, parameters);
    }, cancellationToken);

    /// <summary>A run has ended.</summary>
    public Task EndAsync(long id, string outcome, string? result, CancellationToken cancellationToken) => database.WriteAsync(
        session => session.ExecuteAsync("update upkeep_runs set outcome = @Outcome, result = @Result, ended_at = @Now where id = @Id",
            new { Id = id, Outcome = outcome, Result = result?[..Math.Min(result.Length, LongestResult)] ?? "", Now }), cancellationToken);

    /// <summary>The newest runs, of one kind or of all.</summary>
    public Task<IReadOnlyList<UpkeepRun>> ListAsync(string? name, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync<UpkeepRun>($"""
            select id, name, node, began_at, ended_at, outcome, result from upkeep_runs
            {(name is null ? "" : "where name = @Name")} order by id desc limit @Limit
            """, new { Name = name, Limit = limit }), cancellationToken);

    /// <summary>All kinds of work that some node has ever looked at, by name.</summary>
    public Task<IReadOnlyList<UpkeepDue>> DueAsync(CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync<UpkeepDue>(
            "select name, next_run_at, case when held_until > @Now then 1 else 0 end as held from leases order by name", new { Now }), cancellationToken);
}
