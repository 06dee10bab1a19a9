using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Larder.Registry.Data;
using Larder.Storage.Blobs;

namespace Larder.Registry.Upkeep;

/// <summary>How a check goes about it.</summary>
public sealed record CheckRequest
{
    /// <summary>Begin behind this digest: where an earlier check was interrupted. Empty for the first.</summary>
    public string After { get; init; } = "";

    /// <summary>Removes cached copies that are damaged or lost, so that the next request fetches them again.</summary>
    public bool Repair { get; init; }

    /// <summary>Bytes read in a second at the most; 0 for as fast as they come.</summary>
    public long BytesPerSecond { get; init; }
}

/// <summary>A blob that is not what the rows say.</summary>
/// <param name="Digest">Its name.</param>
/// <param name="What">What is wrong, as the rest of a sentence.</param>
/// <param name="Published">Who names it and cannot get it again: project, package, version and file; or an upload that has not ended.</param>
/// <param name="Cached">Upstreams and paths whose copy it is: those can be fetched again.</param>
/// <param name="IsRepaired">Whether the cached copies were removed.</param>
public sealed record BlobProblem(
    string Digest, string What, IReadOnlyList<string> Published, IReadOnlyList<string> Cached, bool IsRepaired)
{
    /// <summary>Whether somebody has to restore it from a backup.</summary>
    public bool IsLost => Published.Count > 0 || !IsRepaired;

    /// <inheritdoc/>
    public override string ToString() => string.Join('\n', new[] { $"Blob {Digest} {What}." }
        .Concat(Published.Select(name => $"  restore {name}"))
        .Concat(Cached.Select(name => $"  {(IsRepaired ? "removed, to be fetched again:" : "can be fetched again (--repair):")} {name}")));
}

/// <summary>
/// Compares what is stored with what the rows say: each row has its blob, each blob its digest. It reads, in small steps, and may
/// run beside servers on the same bucket.
/// </summary>
public sealed class IntegrityCheck(Database database, IBlobStore blobs, TimeProvider time)
{
    private const int RowsPerPage = 1000;
    private const int MostNames = 100; // of one blob that are told

    private const string PublishedNames = """
        select pr.full_path || ', package ' || p.name || ' ' || p.version || ', file ' || f.file_name
        from package_files f join packages p on p.id = f.package_id join projects pr on pr.id = p.project_id
        where f.sha256 = @Digest and f.status = 'default' order by f.id limit @Limit
        """;

    private const string UploadNames = """
        select distinct 'upload ' || u.id || ' of ' || u.file_path from package_upload_pieces n join package_uploads u on u.id = n.upload_id
        where n.sha256 = @Digest limit @Limit
        """;

    private const string CachedNames = """
        select u.name || ' ' || e.relative_path from maven_cache_entries e join maven_upstreams u on u.id = e.upstream_id
        where e.sha256 = @Digest order by e.id limit @Limit
        """;

    /// <summary>Reads every blob that a row names, in the order of their digests, and answers what is wrong.</summary>
    /// <param name="request">How.</param>
    /// <param name="progress">Is told what has been read; what it knows last is where an interrupted check goes on. Null for nobody.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    public async IAsyncEnumerable<BlobProblem> RunAsync(
        CheckRequest request, CheckProgress? progress, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pace = new Pace(request.BytesPerSecond, time);
        for (var last = request.After; ;)
        {
            var after = last;
            var rows = await database.ReadAsync(session => session.QueryAsync<BlobRow>($"""
                select b.sha256, b.length from blobs b where b.sha256 > @After and {BlobRows.IsUsed} order by b.sha256 limit @Limit
                """, new { After = after, Limit = RowsPerPage }), cancellationToken);
            foreach (var row in rows)
            {
                if (await ProblemOfAsync(row, pace, cancellationToken) is { } what)
                    yield return await ReportAsync(row.Sha256, what, request.Repair, cancellationToken);
                progress?.Checked(row.Sha256, row.Length);
            }
            if (rows.Count < RowsPerPage) yield break;
            last = rows[^1].Sha256;
        }
    }

    private async Task<BlobProblem> ReportAsync(string digest, string what, bool repair, CancellationToken cancellationToken)
    {
        var names = new { Digest = digest, Limit = MostNames };
        var (published, cached) = await database.ReadAsync(async session => (
            (IReadOnlyList<string>)[.. await session.QueryAsync<string>(PublishedNames, names), .. await session.QueryAsync<string>(UploadNames, names)],
            await session.QueryAsync<string>(CachedNames, names)), cancellationToken);
        var isRepaired = repair && cached.Count > 0;
        if (isRepaired) await RemoveAsync(digest, cancellationToken);
        return new BlobProblem(digest, what, published, cached, isRepaired);
    }

    // Bytes first: who stores them meanwhile stores them after this instant, and those stay.
    private async Task RemoveAsync(string digest, CancellationToken cancellationToken)
    {
        await blobs.DiscardAsync(Sha256.Parse(digest), time.GetUtcNow(), cancellationToken);
        await database.WriteAsync(session => session.ExecuteAsync(
            "delete from maven_cache_entries where sha256 = @Digest", new { Digest = digest }), cancellationToken);
    }

    private async Task<string?> ProblemOfAsync(BlobRow row, Pace pace, CancellationToken cancellationToken)
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
            await pace.TakeAsync(read, cancellationToken);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset()) == row.Sha256 ? null : "does not have this digest";
    }

    private sealed record BlobRow(string Sha256, long Length);

    /// <summary>Waits when more was read than the time allows.</summary>
    private sealed class Pace(long bytesPerSecond, TimeProvider time)
    {
        private readonly long began = time.GetTimestamp();
        private long taken;

        public Task TakeAsync(int bytes, CancellationToken cancellationToken)
        {
            taken += bytes;
            if (bytesPerSecond == 0) return Task.CompletedTask;
            var ahead = TimeSpan.FromSeconds((double)taken / bytesPerSecond) - time.GetElapsedTime(began);
            // Shorter waits than the system can measure would come to more than they say.
            return ahead > TimeSpan.FromMilliseconds(20) ? Task.Delay(ahead, time, cancellationToken) : Task.CompletedTask;
        }
    }
}
