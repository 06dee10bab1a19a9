using System.Globalization;
using System.Runtime.CompilerServices;
using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.Packages;

/// <summary>Showing and deleting packages, and their files.</summary>
public sealed class PackageStore(Database database, TimeProvider time)
{
    /// <summary>Columns of <c>packages p</c> in the order of <see cref="Package"/>.</summary>
    internal const string PackageColumns =
        "p.id, p.project_id, p.type, p.name, p.version, p.status, p.creator_id, p.created_at, p.updated_at, p.last_downloaded_at";

    /// <summary>Columns of <c>package_files f</c> and its <c>blobs b</c> in the order of <see cref="PackageFile"/>.</summary>
    internal const string FileColumns = """
        f.id, f.package_id, f.file_name, f.sha256, f.size, f.status, f.created_at, f.updated_at, b.md5, b.sha1, b.sha512
        """;

    private static readonly Dictionary<string, string> FileOrders = new()
    {
        ["id"] = "f.id", ["created_at"] = "f.created_at", ["file_name"] = "f.file_name",
    };

    /// <summary>What a listing of files may be ordered by.</summary>
    public static IReadOnlyCollection<string> OrdersOfFiles => FileOrders.Keys;

    /// <summary>A package that may be shown (default or deprecated), or one that is in <c>error</c>; null for every other.</summary>
    public Task<Package?> FindAsync(long projectId, long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<Package>($"""
            select {PackageColumns} from packages p
            where p.id = @Id and p.project_id = @ProjectId and {PackageListing.OnDisplay}
            """, new { Id = id, ProjectId = projectId }), cancellationToken);

    /// <summary>A package of any project and status, unless it is deleted.</summary>
    public Task<Package?> FindByIdAsync(long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<Package>(
            $"select {PackageColumns} from packages p where p.id = @Id and p.status <> 'pending_destruction'", new { Id = id }), cancellationToken);

    /// <summary>Other versions of the same name that are on display, newest first.</summary>
    public Task<IReadOnlyList<Package>> OtherVersionsAsync(Package package, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<Package>($"""
            select {PackageColumns} from packages p
            where p.project_id = @ProjectId and p.type = @Type and p.name = @Name and p.id <> @Id
              and {PackageListing.OnDisplay} and p.status <> 'error'
            order by p.created_at desc, p.id desc
            limit 100
            """, new { package.ProjectId, package.Type, package.Name, package.Id }), cancellationToken);

    /// <summary>One page of a package's files, and how many there are in all.</summary>
    public Task<(IReadOnlyList<PackageFile> Files, long Total)> FilesAsync(
        long packageId, string orderBy, bool descending, Page page, CancellationToken cancellationToken) =>
        database.ReadAsync(async session =>
        {
            var parameters = new { PackageId = packageId, page.Size, page.Offset, CountLimit = Page.CountLimit };
            var direction = descending ? "desc" : "asc";
            var total = await session.SingleAsync<long>("""
                select count(*) from (
                  select 1 from package_files where package_id = @PackageId and status = 'default' limit @CountLimit) as counted
                """, parameters);
            var rows = await session.QueryAsync<PackageFile>($"""
                select {FileColumns} from package_files f join blobs b on b.sha256 = f.sha256
                where f.package_id = @PackageId and f.status = 'default'
                order by {FileOrders[orderBy]} {direction}, f.id {direction}
                limit @Size offset @Offset
                """, parameters);
            return (rows, total);
        }, cancellationToken);

    /// <summary>Who published these files, and with what.</summary>
    public Task<IReadOnlyList<Publication>> PublicationsAsync(IReadOnlyList<PackageFile> files, CancellationToken cancellationToken) =>
        files.Count == 0 ? Task.FromResult<IReadOnlyList<Publication>>([]) : database.ReadAsync(session => session.QueryAsync<Publication>($"""
            select f.id as file_id, u.username, f.credential_kind as kind, coalesce(t.name, d.name, j.full_path) as credential_name
            from package_files f
            left join users u on u.id = f.creator_id
            left join personal_access_tokens t
              on t.id = f.credential_id and f.credential_kind in ('{PublishedWith.PersonalAccessToken}', '{PublishedWith.ResourceToken}')
            left join deploy_tokens d on d.id = f.credential_id and f.credential_kind = '{PublishedWith.DeployToken}'
            left join projects j on j.id = f.credential_id and f.credential_kind = '{PublishedWith.Job}'
            where f.id in ({string.Join(',', files.Select(file => file.Id.ToString(CultureInfo.InvariantCulture)))})
            """), cancellationToken);

    /// <summary>One file of a package, or null.</summary>
    public Task<PackageFile?> FindFileAsync(long packageId, long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<PackageFile>($"""
            select {FileColumns} from package_files f join blobs b on b.sha256 = f.sha256
            where f.id = @Id and f.package_id = @PackageId and f.status = 'default'
            """, new { Id = id, PackageId = packageId }), cancellationToken);

    /// <summary>All files of a package by name, of each name the newest; read a few hundred at a time.</summary>
    public async IAsyncEnumerable<PackageFile> NewestFilesAsync(long packageId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int some = 500;
        for (var after = ""; ;)
        {
            var last = after;
            var rows = await database.ReadAsync(session => session.QueryAsync<PackageFile>($"""
                select {FileColumns} from package_files f join blobs b on b.sha256 = f.sha256
                where f.package_id = @PackageId and f.status = 'default' and f.file_name > @Last
                  and not exists (select 1 from package_files newer where newer.package_id = f.package_id
                    and newer.file_name = f.file_name and newer.status = 'default' and newer.id > f.id)
                order by f.file_name
                limit @Some
                """, new { PackageId = packageId, Last = last, Some = some }), cancellationToken);
            foreach (var row in rows) yield return row;
            if (rows.Count < some) yield break;
            after = rows[^1].FileName;
        }
    }

    /// <summary>A file of any package, unless it is deleted.</summary>
    public Task<PackageFile?> FindFileByIdAsync(long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<PackageFile>(
            $"select {FileColumns} from package_files f join blobs b on b.sha256 = f.sha256 where f.id = @Id and f.status = 'default'",
            new { Id = id }), cancellationToken);

    /// <summary>Whether there is a newer file of the same name in the same package: that is the one that clients are served.</summary>
    public Task<bool> HasNewerFileAsync(PackageFile file, CancellationToken cancellationToken) =>
        database.ReadAsync(async session => await session.SingleAsync<long>("""
            select count(*) from (
              select 1 from package_files where package_id = @PackageId and file_name = @FileName and status = 'default' and id > @Id limit 1) as newer
            """, new { file.PackageId, file.FileName, file.Id }) > 0, cancellationToken);

    /// <summary>Packages of these files, by their ids.</summary>
    public async Task<IReadOnlyDictionary<long, Package>> OfFilesAsync(IReadOnlyCollection<PackageFile> files, CancellationToken cancellationToken) =>
        files.Count == 0 ? new Dictionary<long, Package>() : (await database.ReadAsync(session => session.QueryAsync<Package>($"""
            select {PackageColumns} from packages p
            where p.id in ({string.Join(',', files.Select(file => file.PackageId).Distinct().Select(id => id.ToString(CultureInfo.InvariantCulture)))})
            """), cancellationToken)).ToDictionary(package => package.Id);

    /// <summary>Deletes the package: its name is free at once, however many files it has; bytes go later. False when it was gone.</summary>
    public Task<bool> DeleteAsync(Package package, CancellationToken cancellationToken) => MarkAsync("packages", package.Id, cancellationToken);

    /// <summary>Deletes a file; the package stays. False when it was gone.</summary>
    public Task<bool> DeleteFileAsync(PackageFile file, CancellationToken cancellationToken) => MarkAsync("package_files", file.Id, cancellationToken);

    private Task<bool> MarkAsync(string table, long id, CancellationToken cancellationToken) =>
        database.WriteAsync(async session => await session.ExecuteAsync($"""
            update {table} set status = 'pending_destruction', updated_at = @Now where id = @Id and status <> 'pending_destruction'
            """, new { Id = id, Now = time.GetUtcNow().ToUnixTimeMilliseconds() }) == 1, cancellationToken);
}
