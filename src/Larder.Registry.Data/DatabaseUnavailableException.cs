using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;
using SQLitePCL;

namespace Larder.Registry.Data;

/// <summary>
/// The database cannot be asked now: it cannot be reached, is restarting, is locked by another process, its disk is full, or
/// it took too long. Whoever tries again later may succeed; nothing is wrong with the statement.
/// </summary>
/// <remarks>
/// Of a write nothing is committed, unless the connection broke in the middle of the commit: then nobody knows, and the
/// caller must look before it repeats what must not happen twice.
/// </remarks>
public sealed class DatabaseUnavailableException(Exception inner) : DbException(Reason(inner), inner)
{
    // Npgsql says where, the exception inside it says what. Neither holds the password.
    private static string Reason(Exception failure) =>
        failure.InnerException is { } cause ? $"{failure.Message} ({cause.Message})" : failure.Message;
}

/// <summary>Which failures of the two databases are outages, and which are errors of a statement.</summary>
internal static class Outages
{
    // Of the classes of PostgreSQL's appendix A: connection exceptions, insufficient resources (disk full, too many
    // connections), operator intervention (shutdown, starting up, statement time-out), system errors; and what a changed
    // password or a database that is being restored looks like. And a transaction that lost again and again (40).
    private static readonly string[] OutageClasses = ["08", "28", "40", "53", "57", "58"];

    /// <summary>
    /// Whether it is an outage. What is not PostgreSQL's own word concerns the way to it, unless two statements are run on one
    /// connection at once, which is a bug of ours.
    /// </summary>
    public static bool IsOutage(NpgsqlException failure) => failure is not PostgresException answer
        ? failure is not NpgsqlOperationInProgressException
        : OutageClasses.Contains(answer.SqlState[..2])
        || answer.SqlState is PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.ReadOnlySqlTransaction
            or PostgresErrorCodes.LockNotAvailable;

    /// <summary>
    /// Whether the connection is gone, at once: the server had ended it while it lay in the pool. A time-out is not that: who
    /// has waited once is not made to wait again.
    /// </summary>
    public static bool IsBrokenConnection(NpgsqlException failure) => failure is PostgresException answer
        ? answer.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown || answer.SqlState.StartsWith("08", StringComparison.Ordinal)
        : failure.InnerException is IOException or System.Net.Sockets.SocketException;

    /// <summary>Whether a failure to connect is an outage: a name that cannot be resolved fails below Npgsql.</summary>
    public static bool IsNoConnection(Exception failure) => failure switch
    {
        NpgsqlException npgsql => IsOutage(npgsql),
        _ => failure is System.Net.Sockets.SocketException or IOException or TimeoutException,
    };

    /// <summary>Whether it is an outage: locked, full, or the disk does not work.</summary>
    public static bool IsOutage(SqliteException failure) => failure.SqliteErrorCode
        is raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN
        or raw.SQLITE_READONLY or raw.SQLITE_NOMEM or raw.SQLITE_PROTOCOL;
}
