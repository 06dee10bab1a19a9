using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using DbUp;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Larder.Registry.Data;

/// <summary>PostgreSQL, version 15 and later: shared by any number of nodes.</summary>
public sealed class PostgresDatabase : Database
{
    // Any fixed number: it names the migration lock among the advisory locks of this database.
    private const long MigrationLock = 0x4c61_7264_6572;
    /// <summary>
    /// Connections of one node, unless the connection string says otherwise: four nodes fit into the hundred that PostgreSQL
    /// allows by default, and more of them than cores do not make a statement faster.
    /// </summary>
    public const int DefaultPoolSize = 20;

    private const int Attempts = 5;
    private const int LockSeconds = 10;
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(100);
    private const string Channel = "larder_changes";

    private readonly NpgsqlDataSource source;
    private readonly OutageLog outages;
    private readonly string connectionString; // the data source's own copy has no password
    private readonly string migrating;
    private readonly TimeSpan connectTimeout;

    /// <summary>Opens nothing yet; the first statement connects.</summary>
    /// <param name="connectionString">
    /// An Npgsql connection string. <c>Maximum Pool Size</c> (20), <c>Timeout</c> (15 s, for a connection of the pool) and
    /// <c>Command Timeout</c> (30 s, for a statement) count as they stand there, and so do settings of the server in <c>Options</c>.
    /// </param>
    /// <param name="logger">Where outages are written; null for nowhere.</param>
    public PostgresDatabase(string connectionString, ILogger? logger = null)
    {
        outages = new OutageLog(logger ?? NullLogger.Instance);
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        // Without preparation PostgreSQL plans every hot lookup anew.
        if (builder.MaxAutoPrepare == 0) builder.MaxAutoPrepare = 100;
        if (!builder.ShouldSerialize("Maximum Pool Size")) builder.MaxPoolSize = Math.Max(DefaultPoolSize, builder.MinPoolSize);
        PoolSize = builder.MaxPoolSize;
        connectTimeout = TimeSpan.FromSeconds(builder.Timeout);
        var own = builder.Options;
        // The server ends a statement too whose client is gone, and one that waits for a row.
        builder.Options = string.Create(CultureInfo.InvariantCulture,
            $"-c statement_timeout={builder.CommandTimeout}s -c lock_timeout={LockSeconds}s {own}").TrimEnd();
        this.connectionString = builder.ConnectionString;
        // A migration takes as long as it takes.
        builder.Options = $"{own} -c statement_timeout=0 -c lock_timeout=0".TrimStart();
        builder.CommandTimeout = 0;
        migrating = builder.ConnectionString;
        source = NpgsqlDataSource.Create(this.connectionString);
    }

    /// <summary>The most connections at a time, besides the one for notices.</summary>
    public int PoolSize { get; }

    /// <inheritdoc/>
    public override async Task<T> ReadAsync<T>(Func<Session, Task<T>> read, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            await using var connection = await OpenAsync(cancellationToken);
            try
            {
                var result = await read(new Session(connection, null, cancellationToken));
                outages.Ended();
                return result;
            }
            catch (NpgsqlException e) when (isFirst && Outages.IsBrokenConnection(e))
            {
                // It had died in the pool. Npgsql has thrown out the others of its age, so the next one is new.
            }
            catch (NpgsqlException e) when (Outages.IsOutage(e))
            {
                throw Unavailable(e);
            }
        }
    }

    /// <inheritdoc/>
    public override async Task<T> WriteAsync<T>(Func<Session, Task<T>> write, CancellationToken cancellationToken)
    {
        var mayBeDead = true;
        for (var attempt = 1; ; attempt++)
        {
            await using var connection = await OpenAsync(cancellationToken);
            var isCommitting = false;
            try
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                var result = await write(new Session(connection, transaction, cancellationToken));
                isCommitting = true;
                await transaction.CommitAsync(cancellationToken);
                outages.Ended();
                return result;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                throw new DuplicateRowException(e);
            }
            catch (PostgresException e) when (attempt < Attempts && e.SqlState
                is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected)
            {
                // The other transaction has won; by now it is done, so trying again at once is right.
            }
            catch (NpgsqlException e) when (mayBeDead && !isCommitting && Outages.IsBrokenConnection(e))
            {
                // Nothing is committed before the commit is asked for: a dead connection has rolled back.
                mayBeDead = false;
            }
            catch (NpgsqlException e) when (Outages.IsOutage(e))
            {
                throw Unavailable(e);
            }
        }
    }

    /// <inheritdoc/>
    public override bool IsShared => true;

    /// <inheritdoc/>
    public override Task NotifyAsync(string[] notices, CancellationToken cancellationToken) => ReadAsync(session => session.ExecuteAsync(
        $"select pg_notify('{Channel}', notice) from unnest(@Notices) notice", new { Notices = notices }), cancellationToken);

    /// <inheritdoc/>
    public override async Task ListenAsync(Action begun, Action<string> received, CancellationToken cancellationToken)
    {
        // Not of the pool, which lends connections for a statement or two; and asked for a sign of life, for it waits in silence.
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, KeepAlive = 10 };
        try
        {
            await using var connection = new NpgsqlConnection(builder.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            connection.Notification += (_, notice) => received(notice.Payload);
            await ExecuteAsync(connection, $"listen {Channel}", cancellationToken);
            begun();
            while (true) await connection.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (Outages.IsNoConnection(e))
        {
            throw new DatabaseUnavailableException(e);
        }
    }

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await MigrateUnderLockAsync(cancellationToken);
        }
        catch (NpgsqlException e) when (Outages.IsOutage(e))
        {
            throw Unavailable(e);
        }
    }

    /// <inheritdoc/>
    public override async Task<bool> IsOutdatedAsync(CancellationToken cancellationToken)
    {
        await using (await OpenAsync(cancellationToken))
        {
            // There: the outage of a database that is not would come as the library's own exception.
        }
        return Migrations.AreMissing(DeployChanges.To.PostgresqlDatabase(connectionString));
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => source.DisposeAsync();

    private async Task<IReadOnlyList<string>> MigrateUnderLockAsync(CancellationToken cancellationToken)
    {
        // A session lock: PostgreSQL gives it back when the connection ends, however it ends.
        await using var connection = await OpenAsync(cancellationToken);
        await ExecuteAsync(connection, "set statement_timeout = 0; set lock_timeout = 0", cancellationToken); // until it is back in the pool
        await ExecuteAsync(connection, $"select pg_advisory_lock({MigrationLock})", cancellationToken);
        try
        {
            return Migrations.Run(DeployChanges.To.PostgresqlDatabase(migrating).WithTransaction(),
                identity: "bigint generated by default as identity primary key", path: "text collate \"C\"", unlogged: "unlogged");
        }
        finally
        {
            await ExecuteAsync(connection, $"select pg_advisory_unlock({MigrationLock})", CancellationToken.None);
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var asked = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await source.OpenConnectionAsync(cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.TooManyConnections && Stopwatch.GetElapsedTime(asked) < connectTimeout)
            {
                // Other nodes have them all; one of this node's own, or of theirs, is free in a moment.
                await Task.Delay(FullPause, cancellationToken);
            }
            catch (Exception e) when (Outages.IsNoConnection(e))
            {
                throw Unavailable(e);
            }
        }
    }

    private DatabaseUnavailableException Unavailable(Exception failure)
    {
        var outage = new DatabaseUnavailableException(failure);
        outages.Began(outage);
        return outage;
    }

    private static async Task ExecuteAsync(DbConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 0; // waiting for another node's migration takes as long as that takes
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
