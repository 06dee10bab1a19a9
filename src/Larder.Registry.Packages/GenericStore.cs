using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Storage.Blobs;

namespace Larder.Registry.Packages;

/// <summary>A file to be added to a package.</summary>
/// <param name="ProjectId">The project.</param>
/// <param name="Names">Package, version and file.</param>
/// <param name="Status">The package's status from now on; null leaves it (new ones are <c>default</c>).</param>
/// <param name="CreatorId">The user who publishes.</param>
/// <param name="Blob">The bytes, which the blob store holds already.</param>
/// <param name="Happened">The audit event of publishing it; null where nobody publishes.</param>
/// <param name="With">The credential that it is published with; null where nobody publishes.</param>
public sealed record NewPackageFile(
    long ProjectId, GenericNames Names, string? Status, long? CreatorId, StoredBlob Blob, AuditEvent? Happened = null, PublishedWith? With = null);

/// <summary>What a fetch of a generic file needs: one row.</summary>
public sealed record GenericDownload(
    long PackageId, long FileId, string FileName, string Sha256, long Size, string Md5, string Sha1, string Sha512, long CreatedAt);

/// <summary>Publishing and fetching generic files by name.</summary>
public sealed class GenericStore(Database database, AuditLog audit, TimeProvider time)
{
    /// <summary>
    /// The newest file of that name in a package that may be fetched (default, hidden or deprecated): one indexed statement.
    /// </summary>
    public Task<GenericDownload?> FindAsync(long projectId, GenericNames names, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<GenericDownload>("""
            select p.id as package_id, f.id as file_id, f.file_name, f.sha256, f.size, b.md5, b.sha1, b.sha512, f.created_at
            from packages p
            join package_files f on f.package_id = p.id and f.file_name = @FileName and f.status = 'default'
            join blobs b on b.sha256 = f.sha256
            where p.project_id = @ProjectId and p.type = 'generic' and p.name = @Name and p.version = @Version
              and p.status <> 'pending_destruction' and p.status in ('default', 'hidden', 'deprecated')
            order by f.id desc
            limit 1
            """, new { ProjectId = projectId, Name = names.PackageName, names.Version, FileName = names.StoredName }), cancellationToken);

    /// <summary>
    /// What <see cref="GenericNames.Latest"/> stands for: the version of that very name, if there is one that may be fetched;
    /// otherwise the one that was created last among those with status default. Null when there is neither.
    /// </summary>
    public Task<string?> LatestVersionAsync(long projectId, string name, CancellationToken cancellationToken) =>
        database.ReadAsync(async session =>
        {
            var parameters = new { ProjectId = projectId, Name = name, GenericNames.Latest };
            return await session.FirstOrDefaultAsync<string>("""
                select version from packages
                where project_id = @ProjectId and type = 'generic' and name = @Name and version = @Latest
                  and status <> 'pending_destruction' and status in ('default', 'hidden', 'deprecated')
                """, parameters)
                ?? await session.FirstOrDefaultAsync<string>($"""
                select version from packages p
                where p.project_id = @ProjectId and p.name = @Name and p.type = 'generic' and p.status = 'default' and {PackageListing.OnDisplay}
                order by p.created_at desc, p.id desc
                limit 1
                """, parameters);
        }, cancellationToken);

    /// <summary>
    /// Adds the file, finding or making its package: atomic, so any number of first uploads into one version all succeed.
    /// Null when the package has a file of this name and must not have two. The same content again is no second file:
    /// then the one that is there is answered.
    /// </summary>
    public async Task<PackageFile?> AddAsync(NewPackageFile file, CancellationToken cancellationToken)
    {
        try
        {
            return await database.WriteAsync(session => AddAsync(session, file), cancellationToken);
        }
        catch (DuplicateFileException)
        {
            return null;
        }
    }

    /// <summary>The same as a part of a transaction.</summary>
    /// <exception cref="DuplicateFileException">The package has a file of this name and must not have two.</exception>
    internal async Task<PackageFile> AddAsync(Session session, NewPackageFile file)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        await BlobRows.SaveAsync(session, file.Blob, now);
        // Whoever adds to the same package waits here until this one is done, so that both see each other's file.
        var package = await session.SingleAsync<PackageRow>("""
            insert into packages (project_id, type, name, version, status, creator_id, created_at, updated_at)
            values (@ProjectId, 'generic', @Name, @Version, coalesce(@Status, 'default'), @CreatorId, @Now, @Now)
            on conflict (project_id, type, name, version) where status <> 'pending_destruction'
            do update set status = coalesce(@Status, packages.status), updated_at = excluded.updated_at
            returning id, created_at
            """, new { file.ProjectId, Name = file.Names.PackageName, file.Names.Version, file.Status, file.CreatorId, Now = now });
        var packageId = package.Id;
        if (package.CreatedAt == now) await PackageNames.AddAsync(session, file.ProjectId, file.Names.PackageName);
        var digests = file.Blob.Digests;
        var settings = await PackageSettingsStore.OfProjectAsync(session, file.ProjectId);
        if (!settings.AllowDuplicatesIn(file.Names.PackageName, file.Names.Version)
            && await NewestAsync(session, packageId, file.Names.StoredName) is { } there)
            return there.Sha256 == digests.Sha256.Hex ? there : throw new DuplicateFileException();
        var fileId = await session.SingleAsync<long>("""
            insert into package_files
              (package_id, file_name, sha256, size, status, creator_id, credential_kind, credential_id, created_at, updated_at)
            values (@PackageId, @FileName, @Sha256, @Size, 'default', @CreatorId, @CredentialKind, @CredentialId, @Now, @Now)
            returning id
            """, new
        {
            PackageId = packageId, FileName = file.Names.StoredName, Sha256 = digests.Sha256.Hex, Size = file.Blob.Length,
            file.CreatorId, CredentialKind = file.With?.Kind, CredentialId = file.With?.Id, Now = now,
        });
        if (file.Happened is not null) await audit.AddAsync(session, file.Happened);
        return new PackageFile(fileId, packageId, file.Names.StoredName, digests.Sha256.Hex, file.Blob.Length, PackageStatus.Default,
            now, now, digests.Md5, digests.Sha1, digests.Sha512);
    }

    private static Task<PackageFile?> NewestAsync(Session session, long packageId, string fileName) =>
        session.FirstOrDefaultAsync<PackageFile>($"""
            select {PackageStore.FileColumns} from package_files f join blobs b on b.sha256 = f.sha256
            where f.package_id = @PackageId and f.file_name = @FileName and f.status = 'default'
            order by f.id desc
            limit 1
            """, new { PackageId = packageId, FileName = fileName });

    private sealed record PackageRow(long Id, long CreatedAt);
}

/// <summary>Undoes what a transaction did to a package before the duplicate was found.</summary>
internal sealed class DuplicateFileException : Exception;
