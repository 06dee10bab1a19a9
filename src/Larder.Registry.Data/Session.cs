using System.Data.Common;
using Dapper;

namespace Larder.Registry.Data;

/// <summary>
/// Statements on one connection, inside one transaction where there is one. Parameters are an anonymous object whose
/// members are named in the SQL as <c>@Member</c>. Rows map to records by column name (underscores ignored); integers are
/// <see cref="long"/> on both databases.
/// </summary>
public sealed class Session(DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken)
{
    static Session() => DefaultTypeMap.MatchNamesWithUnderscores = true;

    /// <summary>All rows.</summary>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters = null) =>
        (await connection.QueryAsync<T>(Command(sql, parameters))).AsList();

    /// <summary>The first row, or the default of <typeparamref name="T"/> when there is none.</summary>
    public Task<T?> FirstOrDefaultAsync<T>(string sql, object? parameters = null) =>
        connection.QueryFirstOrDefaultAsync<T?>(Command(sql, parameters));

    /// <summary>The only row.</summary>
    /// <exception cref="InvalidOperationException">There is none, or more than one.</exception>
    public Task<T> SingleAsync<T>(string sql, object? parameters = null) =>
        connection.QuerySingleAsync<T>(Command(sql, parameters));

    /// <summary>Runs the statement and answers the number of rows that it changed.</summary>
    public Task<int> ExecuteAsync(string sql, object? parameters = null) =>
        connection.ExecuteAsync(Command(sql, parameters));

    private CommandDefinition Command(string sql, object? parameters) =>
        new(sql, parameters, transaction, cancellationToken: cancellationToken);
}
