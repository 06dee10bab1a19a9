using Larder.Registry.Audit;
using System.Security.Cryptography;
using Larder.Registry.Data;
using Larder.Storage.Blobs;

namespace Larder.Registry.Packages;

/// <summary>
/// Uploads that go over several requests: what has arrived is a row of pieces, each a durable blob. So any node can go on with
/// an upload, and what a client was told to be here is here after a crash.
/// </summary>
public sealed class ResumableStore(Database database, GenericStore files, LarderOptions options, TimeProvider time)
{
    // A client that did not hear of the end asks again: the upload is remembered this long after it.
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(24);

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private long Expiry => Now + (long)TimeSpan.FromHours(options.UploadExpiryHours).TotalMilliseconds;

    /// <summary>Begins an upload; its id, its expiry and that nothing has arrived are filled in.</summary>
    public async Task<ResumableUpload> CreateAsync(ResumableUpload upload, CancellationToken cancellationToken)
    {
        var created = upload with { Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), ExpiresAt = Expiry, Offset = 0, IsPublished = false };
        await database.WriteAsync(session => session.ExecuteAsync("""
            insert into package_uploads (id, project_id, package_name, package_version, file_path, status, creator_id, length,
              md5, sha1, sha256, sha512, metadata, created_at, expires_at)
            values (@Id, @ProjectId, @PackageName, @Version, @PlainPath, @Status, @CreatorId, @Length,
              @Md5, @Sha1, @Sha256, @Sha512, @Metadata, @Now, @ExpiresAt)
            """, new
        {
            created.Id, created.ProjectId, created.Names.PackageName, created.Names.Version, created.Names.PlainPath, created.Status,
            created.CreatorId, created.Length, created.Expected.Md5, created.Expected.Sha1, created.Expected.Sha256, created.Expected.Sha512,
            created.Metadata, Now, created.ExpiresAt,
        }), cancellationToken);
        return created;
    }

    /// <summary>An upload of a project that has not expired, or null.</summary>
    public Task<ResumableUpload?> FindAsync(long projectId, string id, CancellationToken cancellationToken) => database.ReadAsync(async session =>
        (await session.FirstOrDefaultAsync<Row>("""
            select u.id, u.project_id, u.package_name, u.package_version, u.file_path, u.status, u.creator_id, u.length, u.md5, u.sha1,
              u.sha256, u.sha512, u.metadata, u.expires_at, u.published_at,
              coalesce((select max(p.position + p.length) from package_upload_pieces p where p.upload_id = u.id), 0) as arrived
            from package_uploads u
            where u.id = @Id and u.project_id = @ProjectId and u.expires_at > @Now
            """, new { Id = id, ProjectId = projectId, Now }))?.Read(), cancellationToken);

    /// <summary>
    /// Adds a piece whose blob is in the store, and puts off the expiry. The time of the expiry; null when the piece does not begin where
    /// the upload ends (somebody else was faster), or the upload is gone.
    /// </summary>
    public async Task<long?> AppendAsync(ResumableUpload upload, long position, StoredBlob piece, CancellationToken cancellationToken)
    {
        var expiry = Expiry;
        try
        {
            return await database.WriteAsync(async session =>
            {
                // The row is locked from here on: appends to one upload go one after the other.
                if (await session.ExecuteAsync("""
                    update package_uploads set expires_at = @Expiry
                    where id = @Id and published_at is null and expires_at > @Now and @Position = coalesce(
                      (select max(p.position + p.length) from package_upload_pieces p where p.upload_id = @Id), 0)
                    """, new { upload.Id, Position = position, Expiry = expiry, Now }) == 0) return (long?)null;
                await BlobRows.SaveAsync(session, piece, Now);
                await session.ExecuteAsync("""
                    insert into package_upload_pieces (upload_id, position, length, sha256) values (@Id, @Position, @Length, @Sha256)
                    """, new { upload.Id, Position = position, piece.Length, Sha256 = piece.Digests.Sha256.Hex });
                return expiry;
            }, cancellationToken);
        }
        catch (DuplicateRowException)
        {
            return null; // both had read the same end before the one waited for the other
        }
    }

    /// <summary>The pieces in order.</summary>
    public Task<IReadOnlyList<UploadPiece>> PiecesAsync(string id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<UploadPiece>(
            "select position, length, sha256 from package_upload_pieces where upload_id = @Id order by position", new { Id = id }), cancellationToken);

    /// <summary>Gives the whole file to its package, by the same way as a file that came at once, and lets the pieces go: once, whoever tries.</summary>
    public async Task<UploadEnd> PublishAsync(
        ResumableUpload upload, StoredBlob whole, AuditEvent happened, PublishedWith? with, CancellationToken cancellationToken)
    {
        try
        {
            return await database.WriteAsync(async session =>
            {
                if (await session.ExecuteAsync("""
                    update package_uploads set published_at = @Now, expires_at = @Until where id = @Id and published_at is null
                    """, new { upload.Id, Now, Until = Now + (long)Remembered.TotalMilliseconds }) == 0)
                {
                    return await session.SingleAsync<long>("select count(*) from package_uploads where id = @Id", new { upload.Id }) == 1
                        ? UploadEnd.Published : UploadEnd.Gone;
                }
                await session.ExecuteAsync("delete from package_upload_pieces where upload_id = @Id", new { upload.Id });
                await files.AddAsync(session, new NewPackageFile(
                    upload.ProjectId, upload.Names, upload.Status, upload.CreatorId, whole, happened, with));
                return UploadEnd.Published;
            }, cancellationToken);
        }
        catch (DuplicateFileException)
        {
            return UploadEnd.Duplicate;
        }
    }

    /// <summary>Gives an upload up.</summary>
    public Task DeleteAsync(string id, CancellationToken cancellationToken) =>
        database.WriteAsync(session => session.ExecuteAsync("delete from package_uploads where id = @Id", new { Id = id }), cancellationToken);

    /// <summary>Gives up those that have expired; how many.</summary>
    public Task<int> DeleteExpiredAsync(CancellationToken cancellationToken) =>
        database.WriteAsync(session => session.ExecuteAsync("delete from package_uploads where expires_at <= @Now", new { Now }), cancellationToken);

    // Properties, not a constructor: SQLite has no type for an expression while there is no row.
    private sealed class Row
    {
        public string Id { get; init; } = "";
        public long ProjectId { get; init; }
        public string PackageName { get; init; } = "";
        public string PackageVersion { get; init; } = "";
        public string FilePath { get; init; } = "";
        public string? Status { get; init; }
        public long? CreatorId { get; init; }
        public long Length { get; init; }
        public string? Md5 { get; init; }
        public string? Sha1 { get; init; }
        public string? Sha256 { get; init; }
        public string? Sha512 { get; init; }
        public string? Metadata { get; init; }
        public long ExpiresAt { get; init; }
        public long? PublishedAt { get; init; }
        public long Arrived { get; init; }

        public ResumableUpload Read() => new()
        {
            Id = Id,
            ProjectId = ProjectId,
            Names = GenericNames.Of(PackageName, PackageVersion, FilePath),
            Status = Status,
            CreatorId = CreatorId,
            Length = Length,
            Expected = new(Length, Md5, Sha1, Sha256, Sha512),
            Metadata = Metadata,
            ExpiresAt = ExpiresAt,
            Offset = PublishedAt is null ? Arrived : Length,
            IsPublished = PublishedAt is not null,
        };
    }
}
