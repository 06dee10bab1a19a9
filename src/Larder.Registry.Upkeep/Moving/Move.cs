using Larder.Registry.Data;
using Larder.Storage.Blobs;

namespace Larder.Registry.Upkeep.Moving;

/// <summary>A database and the bytes that its rows name.</summary>
public sealed record Installation(Database Database, IBlobStore Blobs);

/// <summary>The move cannot be done, and why; nothing was changed that a repetition would not change again.</summary>
public sealed class MoveRefusedException(string reason) : Exception(reason);

/// <summary>
/// Copies a whole installation into an empty place of any kind: bytes first, then rows, so that no row ever names bytes that are
/// not there. Nobody serves either of the two meanwhile. It may be killed at any instant and begun again.
/// </summary>
public sealed class Move(Installation source, Installation target, TimeProvider time, MoveProgress progress)
{
    private const string Marks = "moves";

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Whether a database holds a part of an installation that is still being moved into it: it must not be served.</summary>
    public static Task<bool> IsUnfinishedAsync(Database database, CancellationToken cancellationToken) => database.ReadAsync(async session =>
        await session.SingleAsync<long>("select count(*) from moves where direction = 'into' and finished_at is null") > 0, cancellationToken);

    /// <summary>Copies what is not there yet.</summary>
    /// <exception cref="MoveRefusedException">The target is not empty, and not the rest of this very move; or the source was changed meanwhile.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await target.Database.MigrateAsync(cancellationToken);
        var tables = (await Schema.ReadAsync(source.Database, cancellationToken)).Where(table => table.Name != Marks).ToList();
        var id = await MarkSourceAsync(cancellationToken);
        if (!await MarkTargetAsync(id, tables, cancellationToken))
        {
            progress.Say("This move was finished before: nothing is left to do. To move again, empty the target first.");
            return;
        }
        await new BlobCopy(source.Database, source.Blobs, target.Blobs, progress).RunAsync(cancellationToken);
        await new RowCopy(source.Database, target.Database, new TableOrder(tables), progress).RunAsync(cancellationToken);
        await FinishAsync(source.Database, id, cancellationToken);
        await FinishAsync(target.Database, id, cancellationToken);
        progress.Sum();
    }

    private Task<string> MarkSourceAsync(CancellationToken cancellationToken) => source.Database.WriteAsync(async session =>
    {
        if (await session.SingleAsync<long>("select count(*) from moves where direction = 'into' and finished_at is null") > 0)
            throw new MoveRefusedException("The source is itself the target of a move that has not finished.");
        if (await session.FirstOrDefaultAsync<string>("select id from moves where direction = 'from'") is { } known) return known;
        var id = Guid.NewGuid().ToString("N");
        await session.ExecuteAsync("insert into moves (id, direction, begun_at) values (@id, 'from', @Now)", new { id, Now });
        return id;
    }, cancellationToken);

    // False when everything is there.
    private Task<bool> MarkTargetAsync(string id, IReadOnlyList<Table> tables, CancellationToken cancellationToken) => target.Database.WriteAsync(async session =>
    {
        if (await session.FirstOrDefaultAsync<Mark>("select direction, finished_at from moves where id = @id", new { id }) is { } mark)
        {
            if (mark.Direction == "from") throw new MoveRefusedException("Source and target are the same database.");
            return mark.FinishedAt is null;
        }
        foreach (var table in tables)
        {
            if (await session.SingleAsync<long>($"select count(*) from (select 1 from {table.Name} limit 1) one") > 0)
                throw new MoveRefusedException($"The target's database is not empty: it has rows in {table.Name}. Name an empty one.");
        }
        await session.ExecuteAsync("insert into moves (id, direction, begun_at) values (@id, 'into', @Now)", new { id, Now });
        return true;
    }, cancellationToken);

    private Task<int> FinishAsync(Database database, string id, CancellationToken cancellationToken) => database.WriteAsync(
        session => session.ExecuteAsync("update moves set finished_at = @Now where id = @id", new { id, Now }), cancellationToken);

    private sealed class Mark
    {
        public string Direction { get; init; } = "";
        public long? FinishedAt { get; init; }
    }
}
