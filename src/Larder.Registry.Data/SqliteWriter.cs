using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Larder.Registry.Data;

/// <summary>
/// The only one that writes to the SQLite file in this process. While one commit is on its way to the disk, the writes
/// that arrive wait together and share the next: many uploads, one fsync. Each has a savepoint of its own, so one that
/// fails takes none of the others with it; when the database itself fails, all that wait for the commit are told, and the
/// next begin on a new connection.
/// </summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    // Bounds how long one transaction keeps other processes waiting.
    private const int MostWritesPerCommit = 256;

    private readonly Func<SqliteConnection> open;
    private readonly Channel<Write> queue = Channel.CreateBounded<Write>(
        new BoundedChannelOptions(capacity: 4096) { SingleReader = true });
    private readonly Task loop;
    private SqliteConnection? connection; // null at first, and after a failure

    public SqliteWriter(Func<SqliteConnection> open)
    {
        this.open = open;
        loop = Task.Run(RunAsync);
    }

    public async Task<T> RunAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellationToken)
    {
        var write = new Write<T>(work, cancellationToken);
        await queue.Writer.WriteAsync(write, cancellationToken);
        return await write.Result;
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.Complete();
        await loop;
        if (connection is not null) await connection.DisposeAsync();
    }

    private async Task RunAsync()
    {
        var group = new List<Write>(MostWritesPerCommit);
        while (await queue.Reader.WaitToReadAsync())
        {
            try
            {
                await CommitGroupAsync(group);
            }
#pragma warning disable CA1031 // Whatever it is, those who wait must be told, and the writer must go on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Abandon();
                foreach (var write in group) write.Fail(e);
            }
            group.Clear();
        }
    }

    private async Task CommitGroupAsync(List<Write> group)
    {
        while (group.Count == 0 && queue.Reader.TryRead(out var first)) Take(group, first);
        if (group.Count == 0) return;
        connection ??= open();
        // Taking the write lock at the start: a transaction that begins by reading could fail when it wants to write.
        await using var transaction = connection.BeginTransaction(deferred: false);
        for (var next = 0; next < group.Count; next++)
        {
            Execute("savepoint one_write");
            var succeeded = await group[next].RunAsync(connection, transaction);
            Execute(succeeded ? "release savepoint one_write" : "rollback transaction to savepoint one_write");
            if (group.Count < MostWritesPerCommit && queue.Reader.TryRead(out var another)) Take(group, another);
        }
        transaction.Commit();
        foreach (var write in group) write.Committed();
    }

    // SQLite may have rolled back by itself, as it does when the disk is full, or not: closing ends either.
    private void Abandon()
    {
        connection?.Dispose();
        connection = null;
    }

    private static void Take(List<Write> group, Write write)
    {
        if (!write.IsCancelled()) group.Add(write);
    }

    private void Execute(string sql)
    {
        using var command = connection!.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private abstract class Write
    {
        /// <summary>True, and its caller is told, when nobody waits for this write any more.</summary>
        public abstract bool IsCancelled();

        /// <summary>Runs the statements; false when they failed and must be undone.</summary>
        /// <exception cref="SqliteException">The database failed, and with it the whole group.</exception>
        public abstract Task<bool> RunAsync(SqliteConnection connection, SqliteTransaction transaction);

        public abstract void Committed();

        public abstract void Fail(Exception exception);
    }

    private sealed class Write<T>(Func<Session, Task<T>> work, CancellationToken cancellationToken) : Write
    {
        // Callers go on elsewhere: the writer's thread has the next group to commit.
        private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T result = default!;

        public Task<T> Result => completion.Task;

        public override bool IsCancelled() =>
            cancellationToken.IsCancellationRequested && completion.TrySetCanceled(cancellationToken);

        public override async Task<bool> RunAsync(SqliteConnection connection, SqliteTransaction transaction)
        {
            try
            {
                // Not the caller's token: once begun, a write ends one way or the other.
                result = await work(new Session(connection, transaction, CancellationToken.None));
                return true;
            }
            catch (SqliteException e) when (e.SqliteExtendedErrorCode is SQLitePCL.raw.SQLITE_CONSTRAINT_UNIQUE
                or SQLitePCL.raw.SQLITE_CONSTRAINT_PRIMARYKEY)
            {
                completion.SetException(new DuplicateRowException(e));
            }
#pragma warning disable CA1031 // Whatever the caller's function throws belongs to that caller; the writer must go on.
            catch (Exception e) when (e is not SqliteException sqlite || !Outages.IsOutage(sqlite))
#pragma warning restore CA1031
            {
                completion.SetException(e);
            }
            return false;
        }

        // Both after a failure of its own have no effect: its caller has been told already.
        public override void Committed() => completion.TrySetResult(result);

        public override void Fail(Exception exception) => completion.TrySetException(exception);
    }
}
