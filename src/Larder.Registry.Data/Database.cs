namespace Larder.Registry.Data;

/// <summary>
/// The one door to the database. Features write their SQL once, in words that SQLite and PostgreSQL both understand;
/// the two implementations differ in how a write becomes durable.
/// </summary>
public abstract class Database : IAsyncDisposable
{
    /// <summary>
    /// Runs statements that only read. They see what was committed before the call. The function may run again, on another
    /// connection, when its own was found dead.
    /// </summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked now.</exception>
    public abstract Task<T> ReadAsync<T>(Func<Session, Task<T>> read, CancellationToken cancellationToken);

    /// <summary>
    /// Runs statements as one transaction and answers once it is durable. The function may run again after a lost race with
    /// another transaction or on a connection that was found dead, and may share its commit with other calls, so it holds SQL
    /// only: no I/O, no waiting. An exception undoes what the function did, and nothing else.
    /// </summary>
    /// <exception cref="DuplicateRowException">A unique index refused a row.</exception>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked now.</exception>
    public abstract Task<T> WriteAsync<T>(Func<Session, Task<T>> write, CancellationToken cancellationToken);

    /// <summary><see cref="WriteAsync{T}"/> for a transaction without a result.</summary>
    public Task WriteAsync(Func<Session, Task> write, CancellationToken cancellationToken) =>
        WriteAsync(async session => { await write(session); return true; }, cancellationToken);

    /// <summary>Whether other nodes may use the database at the same time.</summary>
    public virtual bool IsShared => false;

    /// <summary>Tells every node that listens. Nothing where there is only one.</summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked now.</exception>
    public virtual Task NotifyAsync(string[] notices, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Hears what nodes are told, this one too, on a connection of its own. Ends when that does, which is no outage yet.
    /// </summary>
    /// <param name="begun">Called once, when from now on every notice will be heard.</param>
    /// <param name="received">Called for each notice, one at a time.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DatabaseUnavailableException">The connection cannot be made, or has ended.</exception>
    public virtual Task ListenAsync(Action begun, Action<string> received, CancellationToken cancellationToken) =>
        throw new NotSupportedException("This database is not shared.");

    /// <summary>Brings the schema to the version of this program, under a lock that dies with its holder.</summary>
    /// <returns>The names of the scripts that ran, in order; empty when there was nothing to do.</returns>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked now.</exception>
    public abstract Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken);

    /// <summary>Whether <see cref="MigrateAsync"/> has something to do. Changes nothing, and makes no database.</summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked now.</exception>
    public abstract Task<bool> IsOutdatedAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

/// <summary>A unique index refused a row: somebody else was first.</summary>
public sealed class DuplicateRowException(Exception inner) : Exception("A row with the same key exists already.", inner);
