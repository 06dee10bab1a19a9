using System.Collections.Concurrent;
using DbUp;
using DbUp.Sqlite.Helpers;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Registry.Data;

/// <summary>
/// SQLite in WAL mode: the embedded default. Its calls never wait asynchronously, so reads run on the caller's thread, on
/// connections kept open; writes go through <see cref="SqliteWriter"/>.
/// </summary>
public sealed class SqliteDatabase : Database
{
    private readonly OutageLog outages;
    private readonly string connectionString;
    private readonly ConcurrentBag<SqliteConnection> readers = [];
    private readonly Lazy<SqliteWriter> writer;

    /// <summary>Opens nothing yet; the first statement creates the file if need be.</summary>
    /// <param name="file">The database file. Its folder exists.</param>
    /// <param name="logger">Where outages are written; null for nowhere.</param>
    /// <param name="lockTimeoutSeconds">How long to wait for another process that writes (a command-line verb).</param>
    public SqliteDatabase(string file, ILogger? logger = null, int lockTimeoutSeconds = 30)
    {
        outages = new OutageLog(logger ?? NullLogger.Instance);
        connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = file,
            ForeignKeys = true,
            Pooling = false, // connections are kept here, with their settings
            DefaultTimeout = lockTimeoutSeconds,
        }.ConnectionString;
        writer = new(() => new SqliteWriter(Open));
    }

    /// <inheritdoc/>
    public override async Task<T> ReadAsync<T>(Func<Session, Task<T>> read, CancellationToken cancellationToken)
    {
        SqliteConnection? connection = null;
        try
        {
            if (!readers.TryTake(out connection)) connection = Open();
            var result = await read(new Session(connection, null, cancellationToken));
            outages.Ended();
            return result;
        }
        catch (SqliteException e) when (Outages.IsOutage(e))
        {
            // Who knows what state it is in; a new one costs little.
            connection?.Dispose();
            connection = null;
            throw Unavailable(e);
        }
        finally
        {
            if (connection is not null) readers.Add(connection);
        }
    }

    /// <inheritdoc/>
    public override async Task<T> WriteAsync<T>(Func<Session, Task<T>> write, CancellationToken cancellationToken)
    {
        try
        {
            var result = await writer.Value.RunAsync(write, cancellationToken);
            outages.Ended();
            return result;
        }
        catch (SqliteException e) when (Outages.IsOutage(e))
        {
            throw Unavailable(e);
        }
    }

    /// <inheritdoc/>
    public override Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken) => ApartAsync(Migrate, cancellationToken);

    /// <inheritdoc/>
    public override Task<bool> IsOutdatedAsync(CancellationToken cancellationToken) => ApartAsync(IsOutdated, cancellationToken);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (writer.IsValueCreated) await writer.Value.DisposeAsync();
        while (readers.TryTake(out var connection)) await connection.DisposeAsync();
    }

    private IReadOnlyList<string> Migrate()
    {
        using var connection = Open();
        // The file lock of an exclusive transaction: the system gives it back when the process ends, however it ends.
        Execute(connection, "begin exclusive");
        try
        {
            var scripts = Migrations.Run(DeployChanges.To.SqliteDatabase(new SharedConnection(connection)),
                identity: "integer primary key autoincrement", path: "text", unlogged: "");
            Execute(connection, "commit transaction");
            return scripts;
        }
        catch
        {
            Execute(connection, "rollback transaction");
            throw;
        }
    }

    private bool IsOutdated()
    {
        if (!File.Exists(new SqliteConnectionStringBuilder(connectionString).DataSource)) return true;
        using var connection = Open();
        return Migrations.AreMissing(DeployChanges.To.SqliteDatabase(new SharedConnection(connection)));
    }

    private Task<T> ApartAsync<T>(Func<T> work, CancellationToken cancellationToken) => Task.Run(() =>
    {
        try
        {
            return work();
        }
        catch (SqliteException e) when (Outages.IsOutage(e))
        {
            throw Unavailable(e);
        }
    }, cancellationToken);

    private DatabaseUnavailableException Unavailable(SqliteException failure)
    {
        var outage = new DatabaseUnavailableException(failure);
        outages.Began(outage);
        return outage;
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            // FULL: a commit is on the disk before it is answered. WAL alone would lose the last ones in a power cut.
            Execute(connection, "pragma journal_mode = wal");
            Execute(connection, "pragma synchronous = full");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
