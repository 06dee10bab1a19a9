using System.Globalization;
using Larder.Registry.Data;

namespace Larder.Registry.Upkeep.Moving;

/// <summary>
/// Copies every row of every table into a database of the same schema, ids and all, page by page. What an earlier attempt has
/// copied is written once more, so it may be interrupted anywhere.
/// </summary>
internal sealed class RowCopy(Database source, Database target, TableOrder order, MoveProgress progress)
{
    private const int RowsPerPage = 1000;
    private const int ValuesPerStatement = 2000; // far below what either database takes

    /// <summary>Copies all rows; then each number that the database gives next is one that the source would not have given either.</summary>
    /// <exception cref="MoveRefusedException">The target holds other rows than the source.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var table in order.Tables)
        {
            await foreach (var page in PagesAsync(table, cancellationToken))
            {
                await target.WriteAsync(session => InsertAsync(session, table, page), cancellationToken);
                progress.Rows(table.Name, page.Count);
            }
        }
        foreach (var table in order.Tables.Where(table => order.Later(table).Count > 0))
        {
            await foreach (var page in PagesAsync(table, cancellationToken))
                await target.WriteAsync(session => SetLaterAsync(session, table, page), cancellationToken);
        }
        foreach (var table in order.Tables)
        {
            await SetNextNumberAsync(table, cancellationToken);
            await CompareAsync(table, cancellationToken);
        }
    }

    private async IAsyncEnumerable<IReadOnlyList<IDictionary<string, object?>>> PagesAsync(
        Table table, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var key = List(table.Key);
        for (IDictionary<string, object?>? last = null; ;)
        {
            var after = last;
            var where = after is null ? "" : $"where ({key}) > ({string.Join(", ", table.Key.Select(column => "@" + column))})";
            var rows = await source.ReadAsync(session => session.QueryAsync<object>(
                $"select {List(table.Columns.Select(column => column.Name))} from {table.Name} {where} order by {key} limit {RowsPerPage}",
                after is null ? null : table.Key.ToDictionary(column => column, column => after[column])), cancellationToken);
            if (rows.Count == 0) yield break;
            var page = rows.Cast<IDictionary<string, object?>>().ToList();
            yield return page;
            if (page.Count < RowsPerPage) yield break;
            last = page[^1];
        }
    }

    private async Task InsertAsync(Session session, Table table, IReadOnlyList<IDictionary<string, object?>> page)
    {
        var columns = table.Columns.Select(column => column.Name).ToList();
        var later = order.Later(table);
        var others = columns.Except(table.Key).ToList();
        var conflict = others.Count == 0 ? "nothing" : $"update set {string.Join(", ", others.Select(column => $"{Name(column)} = excluded.{Name(column)}"))}";
        foreach (var chunk in page.Chunk(ValuesPerStatement / columns.Count))
        {
            var values = new Dictionary<string, object?>();
            var rows = chunk.Select((row, r) => $"({string.Join(", ", columns.Select((column, c) =>
            {
                if (later.Contains(column) || row[column] is null) return "null";
                var parameter = string.Create(CultureInfo.InvariantCulture, $"p{r}_{c}");
                values[parameter] = row[column];
                return "@" + parameter;
            }))})");
            await session.ExecuteAsync(
                $"insert into {table.Name} ({List(columns)}) values {string.Join(", ", rows)} on conflict ({List(table.Key)}) do {conflict}", values);
        }
    }

    private async Task SetLaterAsync(Session session, Table table, IReadOnlyList<IDictionary<string, object?>> page)
    {
        var where = string.Join(" and ", table.Key.Select(column => $"{Name(column)} = @{column}"));
        foreach (var row in page)
        {
            var set = order.Later(table).Where(column => row[column] is not null).ToList();
            if (set.Count == 0) continue;
            await session.ExecuteAsync($"update {table.Name} set {string.Join(", ", set.Select(column => $"{Name(column)} = @{column}"))} where {where}",
                set.Concat(table.Key).ToDictionary(column => column, column => row[column]));
        }
    }

    // An id is never given twice, also where the last rows have been deleted.
    private async Task SetNextNumberAsync(Table table, CancellationToken cancellationToken)
    {
        if (table.Columns.FirstOrDefault(column => column.IsGenerated) is not { } generated) return;
        var last = await source.ReadAsync(session => session.FirstOrDefaultAsync<long?>(source is PostgresDatabase
            ? $"select pg_sequence_last_value(pg_get_serial_sequence('{table.Name}', '{generated.Name}')::regclass)"
            : $"select seq from sqlite_sequence where name = '{table.Name}'"), cancellationToken);
        if (last is not { } value) return;
        await target.WriteAsync(async session =>
        {
            if (target is PostgresDatabase)
            {
                await session.SingleAsync<long>($"select setval(pg_get_serial_sequence('{table.Name}', '{generated.Name}'), @value)", new { value });
                return;
            }
            if (await session.ExecuteAsync($"update sqlite_sequence set seq = @value where name = '{table.Name}'", new { value }) == 0)
                await session.ExecuteAsync($"insert into sqlite_sequence (name, seq) values ('{table.Name}', @value)", new { value });
        }, cancellationToken);
    }

    private async Task CompareAsync(Table table, CancellationToken cancellationToken)
    {
        var (here, there) = (await CountAsync(source), await CountAsync(target));
        if (here != there)
        {
            throw new MoveRefusedException($"The table {table.Name} has {here} rows in the source and {there} in the target: the source was "
                + "served between two attempts, or still is. Stop it, empty the target and begin again.");
        }

        Task<long> CountAsync(Database database) =>
            database.ReadAsync(session => session.SingleAsync<long>($"select count(*) from {table.Name}"), cancellationToken);
    }

    private static string List(IEnumerable<string> columns) => string.Join(", ", columns.Select(Name));

    // Some names are words of SQL.
    private static string Name(string column) => $"\"{column}\"";
}
