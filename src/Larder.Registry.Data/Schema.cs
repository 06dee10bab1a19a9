namespace Larder.Registry.Data;

/// <summary>A table as the database itself describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Columns">Its columns, in their order.</param>
/// <param name="Key">The columns of its primary key, in the order of the key.</param>
/// <param name="References">Its foreign keys, each of one column.</param>
public sealed record Table(string Name, IReadOnlyList<Column> Columns, IReadOnlyList<string> Key, IReadOnlyList<Reference> References);

/// <summary>A column. <paramref name="IsGenerated"/>: the database numbers it.</summary>
public sealed record Column(string Name, bool IsRequired, bool IsGenerated);

/// <summary>A foreign key: <paramref name="Column"/> holds the key of a row of <paramref name="Table"/>.</summary>
public sealed record Reference(string Column, string Table);

/// <summary>What tables there are. Read from the database, so that whoever walks over all of them cannot forget one.</summary>
public static class Schema
{
    private const string SqliteColumns = """
        select m.name as table_name, c.name as column_name, c."notnull" as required, c.pk as key_position,
          case when c.pk = 1 and lower(m.sql) like '%autoincrement%' then 1 else 0 end as generated
        from sqlite_master m, pragma_table_info(m.name) c
        where m.type = 'table' and m.name not like 'sqlite_%' and lower(m.name) <> 'schemaversions' order by m.name, c.cid
        """;

    private const string SqliteReferences = """
        select m.name as table_name, f."from" as column_name, f."table" as target
        from sqlite_master m, pragma_foreign_key_list(m.name) f where m.type = 'table' order by m.name, f."from"
        """;

    private const string PostgresColumns = """
        select t.relname::text as table_name, a.attname::text as column_name,
          case when a.attnotnull then 1 else 0 end::bigint as required,
          coalesce(array_position(k.conkey, a.attnum), 0)::bigint as key_position,
          case when a.attidentity <> '' then 1 else 0 end::bigint as generated
        from pg_class t
        join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
        left join pg_constraint k on k.conrelid = t.oid and k.contype = 'p'
        where t.relkind = 'r' and t.relnamespace = current_schema()::regnamespace and t.relname <> 'schemaversions'
        order by t.relname, a.attnum
        """;

    private const string PostgresReferences = """
        select t.relname::text as table_name, a.attname::text as column_name, f.relname::text as target
        from pg_constraint c
        join pg_class t on t.oid = c.conrelid and t.relnamespace = current_schema()::regnamespace
        join pg_class f on f.oid = c.confrelid
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        where c.contype = 'f' order by t.relname, a.attname
        """;

    /// <summary>All tables but the journal of the migrations.</summary>
    public static Task<IReadOnlyList<Table>> ReadAsync(Database database, CancellationToken cancellationToken) => database.ReadAsync(async session =>
    {
        var isPostgres = database is PostgresDatabase;
        var columns = await session.QueryAsync<ColumnRow>(isPostgres ? PostgresColumns : SqliteColumns);
        var references = (await session.QueryAsync<ReferenceRow>(isPostgres ? PostgresReferences : SqliteReferences)).ToLookup(row => row.TableName);
        return (IReadOnlyList<Table>)[.. columns.GroupBy(row => row.TableName).Select(table => new Table(
            table.Key,
            [.. table.Select(row => new Column(row.ColumnName, row.Required == 1, row.Generated == 1))],
            [.. table.Where(row => row.KeyPosition > 0).OrderBy(row => row.KeyPosition).Select(row => row.ColumnName)],
            [.. references[table.Key].Select(row => new Reference(row.ColumnName, row.Target))]))];
    }, cancellationToken);

    // Properties, not constructors: SQLite has no types for computed columns.
    private sealed class ColumnRow
    {
        public string TableName { get; init; } = "";
        public string ColumnName { get; init; } = "";
        public long Required { get; init; }
        public long KeyPosition { get; init; }
        public long Generated { get; init; }
    }

    private sealed class ReferenceRow
    {
        public string TableName { get; init; } = "";
        public string ColumnName { get; init; } = "";
        public string Target { get; init; } = "";
    }
}
