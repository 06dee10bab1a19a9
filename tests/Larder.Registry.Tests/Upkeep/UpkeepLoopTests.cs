using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Larder.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Larder.Registry.Tests.Upkeep;

public sealed class UpkeepLoopTestsOnSqlite : UpkeepLoopTests
{
    protected override Task<string?> DatabaseAsync() => Task.FromResult<string?>(null);
}

public sealed class UpkeepLoopTestsOnPostgres : UpkeepLoopTests
{
    protected override async Task<string?> DatabaseAsync() => await PostgresCluster.CreateDatabaseAsync();
}

/// <summary>Periodic work: one node at a time, taken over from a dead one, tried again after a failure.</summary>
public abstract class UpkeepLoopTests
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly Counted work = new();

    protected abstract Task<string?> DatabaseAsync();

    [Fact]
    public async Task Work_is_due_in_one_interval_and_runs_on_one_node()
    {
        await using var server = await StartAsync();
        var time = new FakeTimeProvider(server.Time.GetUtcNow());
        var (one, two) = Nodes(server, time);
        (await one.TryTakeAsync(work, cancel)).ShouldBeFalse();
        time.Advance(work.Interval);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => (i % 2 == 0 ? one : two).TryTakeAsync(work, cancel), cancel)));
        taken.Count(got => got).ShouldBe(1);
        var holder = Array.IndexOf(taken, true) % 2 == 0 ? one : two;
        await holder.ReleaseAsync(work, work.Interval, cancel);
        (await two.TryTakeAsync(work, cancel)).ShouldBeFalse();
        time.Advance(work.Interval);
        (await two.TryTakeAsync(work, cancel)).ShouldBeTrue();
    }

    [Fact]
    public async Task Lease_that_is_not_renewed_is_taken_over_and_its_old_holder_notices()
    {
        await using var server = await StartAsync();
        var time = new FakeTimeProvider(server.Time.GetUtcNow());
        var (one, two) = Nodes(server, time);
        await one.TryTakeAsync(work, cancel);
        time.Advance(work.Interval);
        (await one.TryTakeAsync(work, cancel)).ShouldBeTrue();
        time.Advance(LeaseStore.Duration / 2);
        (await one.RenewAsync(work, cancel)).ShouldBeTrue();
        time.Advance(LeaseStore.Duration / 2);
        (await two.TryTakeAsync(work, cancel)).ShouldBeFalse();
        time.Advance(LeaseStore.Duration / 2);
        (await two.TryTakeAsync(work, cancel)).ShouldBeTrue();
        (await one.RenewAsync(work, cancel)).ShouldBeFalse();
        await one.ReleaseAsync(work, TimeSpan.Zero, cancel); // which is not his any more
        (await one.TryTakeAsync(work, cancel)).ShouldBeFalse();
    }

    [Fact]
    public async Task Loop_runs_what_is_due_and_again_after_a_failure()
    {
        await using var server = await StartAsync(services => services.AddSingleton<IPeriodicWork>(work));
        await UntilAsync(server, () => work.Runs == 1);
        work.Fails = true;
        await UntilAsync(server, () => work.Runs == 2);
        work.Fails = false;
        await UntilAsync(server, () => work.Runs == 3);
        server.Log.ShouldContain(line => line.StartsWith("Error 5002", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_run_leaves_what_became_of_it_and_old_ones_go()
    {
        await using var server = await StartAsync(services => services.AddSingleton<IPeriodicWork>(work));
        var runs = server.Get<UpkeepRuns>();
        await UntilAsync(server, () => work.Runs == 1);
        work.Fails = true;
        await UntilAsync(server, () => work.Runs == 2);
        work.Fails = false;
        await UntilAsync(server, () => work.Runs == 3);
        IReadOnlyList<UpkeepRun> told;
        while ((told = await runs.ListAsync(work.Name, 10, cancel)) is not [{ EndedAt: not null }, ..]) await Task.Delay(5, cancel);
        told.Select(run => (run.Outcome, run.Result)).ShouldBe([
            (UpkeepOutcome.Done, "run 3"), (UpkeepOutcome.Failed, "InvalidOperationException; the log of the node has the rest"), (UpkeepOutcome.Done, "run 1")]);
        told.ShouldAllBe(run => run.Node == server.Get<LeaseStore>().Node && run.EndedAt >= run.BeganAt);
        // The lease is given back after that.
        while (!(await runs.DueAsync(cancel)).Any(due => due.Name == work.Name && due.NextRunAt > told[0].BeganAt)) await Task.Delay(5, cancel);

        for (var i = 0; i < UpkeepRuns.KeptOfEach + 5; i++) await runs.BeginAsync("another", cancel);
        var others = await runs.ListAsync("another", 100, cancel);
        others.Count.ShouldBe(UpkeepRuns.KeptOfEach + 1);
        others.Skip(1).ShouldAllBe(run => run.Outcome == UpkeepOutcome.Interrupted && run.EndedAt != null);
        await runs.EndAsync(others[0].Id, UpkeepOutcome.Done, new string('x', 10_000), cancel);
        (await runs.ListAsync(null, 1, cancel)).ShouldHaveSingleItem().Result.Length.ShouldBe(500);
    }

    [Fact]
    public async Task Work_ends_when_its_lease_is_lost()
    {
        await using var server = await StartAsync(services => services.AddSingleton<IPeriodicWork>(work));
        work.Halts = true;
        await UntilAsync(server, () => work.Runs == 1);
        await server.Get<Database>().WriteAsync(session => session.ExecuteAsync("update leases set holder = 'another'"), cancel);
        await UntilAsync(server, () => work.WasCancelled);
        server.Log.ShouldContain(line => line.StartsWith("Warning 5003", StringComparison.Ordinal));
    }

    // The loop runs beside the test: time goes on in looks until it has seen what it must.
    private async Task UntilAsync(LarderServer server, Func<bool> condition)
    {
        while (!condition())
        {
            server.Time.Advance(UpkeepLoop.Look);
            await Task.Delay(5, cancel);
        }
    }

    private async Task<LarderServer> StartAsync(Action<IServiceCollection>? services = null) =>
        await LarderServer.StartAsync(cancel, await DatabaseAsync(), services: services);

    private static (LeaseStore One, LeaseStore Two) Nodes(LarderServer server, TimeProvider time) =>
        (new LeaseStore(server.Get<Database>(), time), new LeaseStore(server.Get<Database>(), time));

    private sealed class Counted : IPeriodicWork
    {
        private int runs;

        public string Name => "counted";

        public string About => "Counts its runs.";

        public TimeSpan Interval => TimeSpan.FromMinutes(10);

        public int Runs => Volatile.Read(ref runs);

        public bool Fails { get; set; }

        public bool Halts { get; set; }

        public bool WasCancelled { get; private set; }

        public async Task<string?> RunAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref runs);
            if (Fails) throw new InvalidOperationException("as told");
            if (!Halts) return $"run {Runs}";
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                WasCancelled = true;
                throw;
            }
            return null;
        }
    }
}
