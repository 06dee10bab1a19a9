using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Larder.Registry.Data;
using Larder.Storage.Blobs;

namespace Larder.Registry.Upkeep;

/// <summary>Compares what is stored with what the rows say.</summary>
public sealed class IntegrityCheck(Database database, IBlobStore blobs)
{
    private const int RowsPerPage = 1000;

    /// <summary>Reads every blob that a row names; each problem is a sentence.</summary>
    public async IAsyncEnumerable<string> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = "";
        while (true)
        {
            var after = last;
            var rows = await database.ReadAsync(session => session.QueryAsync<BlobRow>("""
                select b.sha256, b.length,
                  (select count(*) from package_files f where f.sha256 = b.sha256 and f.status = 'default') as files,
                  (select count(*) from package_upload_pieces u where u.sha256 = b.sha256) as pieces,
                  (select count(*) from maven_cache_entries e where e.sha256 = b.sha256) as entries
                from blobs b where b.sha256 > @After order by b.sha256 limit @Limit
                """, new { After = after, Limit = RowsPerPage }), cancellationToken);
            if (rows.Count == 0) yield break;
            foreach (var row in rows)
            {
                if (row.Files + row.Pieces + row.Entries > 0 && await ProblemOfAsync(row, cancellationToken) is { } problem)
                    yield return $"Blob {row.Sha256}, named by {row.Files} package files, {row.Pieces} pieces of uploads and {row.Entries} cache entries, {problem}.";
            }
            last = rows[^1].Sha256;
        }
    }

    private async Task<string?> ProblemOfAsync(BlobRow row, CancellationToken cancellationToken)
    {
        await using var blob = await blobs.OpenAsync(Sha256.Parse(row.Sha256), cancellationToken);
        if (blob is null) return "is missing";
        if (blob.Length != row.Length) return $"has {blob.Length} bytes instead of {row.Length}";
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[128 * 1024];
        for (long offset = 0; ;)
        {
            var read = await blob.ReadAsync(offset, buffer, cancellationToken);
            if (read == 0) break;
            hash.AppendData(buffer, 0, read);
            offset += read;
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset()) == row.Sha256 ? null : "does not have this digest";
    }

    // Properties, not a constructor: SQLite has no type for a counted column while there is no row.
    private sealed class BlobRow
    {
        public string Sha256 { get; init; } = "";
        public long Length { get; init; }
        public long Files { get; init; }
        public long Pieces { get; init; }
        public long Entries { get; init; }
    }
}
