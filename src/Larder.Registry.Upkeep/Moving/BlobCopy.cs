using Larder.Registry.Data;
using Larder.Storage.Blobs;

namespace Larder.Registry.Upkeep.Moving;

/// <summary>
/// Copies the bytes that rows name from one store to another. Each is digested on the way and kept only when it is what its
/// name says; what the target has already is not read.
/// </summary>
internal sealed class BlobCopy(Database source, IBlobStore from, IBlobStore to, MoveProgress progress)
{
    private const int BlobsPerPage = 1000;
    private const int Parallel = 4; // a bucket answers slowly, and to many at once
    private const int PieceBytes = 64 * 1024;

    /// <summary>Copies them all. What is missing or damaged in the source is told to the progress, and goes on missing.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var last = ""; ;)
        {
            var after = last;
            var page = await source.ReadAsync(session => session.QueryAsync<BlobRow>($"""
                select b.sha256, b.length from blobs b where b.sha256 > @After and {BlobRows.IsUsed} order by b.sha256 limit @Limit
                """, new { After = after, Limit = BlobsPerPage }), cancellationToken);
            if (page.Count == 0) return;
            last = page[^1].Sha256;
            await System.Threading.Tasks.Parallel.ForEachAsync(page,
                new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken }, CopyAsync);
        }
    }

    private async ValueTask CopyAsync(BlobRow row, CancellationToken cancellationToken)
    {
        var digest = Sha256.Parse(row.Sha256);
        await using (var there = await to.OpenAsync(digest, cancellationToken))
        {
            if (there?.Length == row.Length)
            {
                progress.Blob(0, wasThere: true);
                return;
            }
        }
        await using var blob = await from.OpenAsync(digest, cancellationToken);
        if (blob is null)
        {
            progress.Problem($"Blob {digest} is missing in the source.");
            return;
        }
        await using var writer = await to.CreateAsync(Durability.Durable, cancellationToken);
        for (long offset = 0; ;)
        {
            var memory = writer.GetMemory();
            var read = await blob.ReadAsync(offset, memory[..Math.Min(memory.Length, PieceBytes)], cancellationToken);
            if (read == 0) break;
            await writer.AdvanceAsync(read, cancellationToken);
            offset += read;
        }
        var commit = await writer.CommitAsync(new ExpectedContent(row.Length, Sha256: row.Sha256), cancellationToken);
        if (commit.Mismatch is { } mismatch) progress.Problem($"Blob {digest} is damaged in the source: its {mismatch.What} is {mismatch.Actual}.");
        else progress.Blob(row.Length, wasThere: false);
    }

    private sealed record BlobRow(string Sha256, long Length);
}
