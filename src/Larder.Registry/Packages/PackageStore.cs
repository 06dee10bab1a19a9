using System.Globalization;
using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.Packages;

/// <summary>Which packages a listing shows, and in what order.</summary>
public sealed record PackageFilter
{
    /// <summary>The projects to look in.</summary>
    public required IReadOnlyList<long> ProjectIds { get; init; }

    /// <summary><c>created_at</c>, <c>name</c>, <c>version</c>, <c>type</c> or <c>project_path</c>.</summary>
    public string OrderBy { get; init; } = "created_at";

    /// <summary>Newest or last first.</summary>
    public bool Descending { get; init; }

    /// <summary>Only this type.</summary>
    public string? Type { get; init; }

    /// <summary>Words, each of which the name must contain, whatever the case.</summary>
    public string? NameWords { get; init; }

    /// <summary>Exactly this version.</summary>
    public string? Version { get; init; }

    /// <summary>Exactly this status; null for those that are on display: default, deprecated and error.</summary>
    public string? Status { get; init; }
}

/// <summary>Listing, showing and deleting packages and their files.</summary>
public sealed class PackageStore(Database database, TimeProvider time)
{
    private const string PackageColumns =
        "p.id, p.project_id, p.type, p.name, p.version, p.status, p.creator_id, p.created_at, p.updated_at, p.last_downloaded_at";

    /// <summary>Columns of <c>package_files f</c> and its <c>blobs b</c> in the order of <see cref="PackageFile"/>.</summary>
    internal const string FileColumns = """
        f.id, f.package_id, f.file_name, f.sha256, f.size, f.status, f.created_at, f.updated_at, b.md5, b.sha1, b.sha512
        """;

    private static readonly Dictionary<string, string> PackageOrders = new()
    {
        ["created_at"] = "p.created_at", ["name"] = "p.name", ["version"] = "p.version", ["type"] = "p.type", ["project_path"] = "j.full_path",
    };

    private static readonly Dictionary<string, string> FileOrders = new()
    {
        ["id"] = "f.id", ["created_at"] = "f.created_at", ["file_name"] = "f.file_name",
    };

    /// <summary>What a listing may be ordered by, besides <c>project_path</c> in a group.</summary>
    public static IReadOnlyCollection<string> Orders => PackageOrders.Keys;

    /// <summary>What a listing of files may be ordered by.</summary>
    public static IReadOnlyCollection<string> OrdersOfFiles => FileOrders.Keys;

    /// <summary>One page, and how many there are in all (counted up to <see cref="Page.CountLimit"/>).</summary>
    public Task<(IReadOnlyList<Package> Packages, long Total)> ListAsync(PackageFilter filter, Page page, CancellationToken cancellationToken)
    {
        var words = (filter.NameWords ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var parameters = new Dapper.DynamicParameters(new
        {
            ProjectId = filter.ProjectIds[0], filter.Type, filter.Version, filter.Status, page.Size, page.Offset, CountLimit = Page.CountLimit,
        });
        var where = $"{InProjects(filter.ProjectIds)} and p.version <> ''" + (filter.Status is null ? " and p.status in ('default', 'deprecated', 'error')" : " and p.status = @Status")
            + (filter.Type is null ? "" : " and p.type = @Type") + (filter.Version is null ? "" : " and p.version = @Version");
        for (var i = 0; i < words.Length; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"Word{i}");
            where += $" and lower(p.name) like @{name} escape '!'";
            parameters.Add(name, $"%{EscapeLike(words[i].ToLowerInvariant())}%");
        }
        var direction = filter.Descending ? "desc" : "asc";
        var order = $"{PackageOrders[filter.OrderBy]} {direction}, p.id {direction}";
        var join = filter.OrderBy == "project_path" ? "join projects j on j.id = p.project_id" : "";
        return database.ReadAsync(async session =>
        {
            var total = await session.SingleAsync<long>(
                $"select count(*) from (select 1 from packages p where {where} limit @CountLimit) as counted", parameters);
            var rows = await session.QueryAsync<Package>(
                $"select {PackageColumns} from packages p {join} where {where} order by {order} limit @Size offset @Offset", parameters);
            return (rows, total);
        }, cancellationToken);
    }

    // The two databases share no spelling for a list as a parameter; numbers of our own rows are safe as text.
    private static string InProjects(IReadOnlyCollection<long> ids) =>
        ids.Count == 1 ? "p.project_id = @ProjectId" : $"p.project_id in ({string.Join(',', ids)})";

    /// <summary>A package that may be shown (default or deprecated), or one that is in <c>error</c>; null for every other.</summary>
    public Task<Package?> FindAsync(long projectId, long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<Package>($"""
            select {PackageColumns} from packages p
            where p.id = @Id and p.project_id = @ProjectId and p.status in ('default', 'deprecated', 'error')
            """, new { Id = id, ProjectId = projectId }), cancellationToken);

    /// <summary>Other versions of the same name that are on display, newest first.</summary>
    public Task<IReadOnlyList<Package>> OtherVersionsAsync(Package package, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync<Package>($"""
            select {PackageColumns} from packages p
            where p.project_id = @ProjectId and p.type = @Type and p.name = @Name and p.id <> @Id
              and p.status <> 'pending_destruction' and p.status in ('default', 'deprecated')
            order by p.id desc
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

    /// <summary>One file of a package, or null.</summary>
    public Task<PackageFile?> FindFileAsync(long packageId, long id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<PackageFile>($"""
            select {FileColumns} from package_files f join blobs b on b.sha256 = f.sha256
            where f.id = @Id and f.package_id = @PackageId and f.status = 'default'
            """, new { Id = id, PackageId = packageId }), cancellationToken);

    /// <summary>Deletes the package: its name is free at once, however many files it has; bytes go later. False when it was gone.</summary>
    public Task<bool> DeleteAsync(Package package, CancellationToken cancellationToken) => MarkAsync("packages", package.Id, cancellationToken);

    /// <summary>Deletes a file; the package stays. False when it was gone.</summary>
    public Task<bool> DeleteFileAsync(PackageFile file, CancellationToken cancellationToken) => MarkAsync("package_files", file.Id, cancellationToken);

    private Task<bool> MarkAsync(string table, long id, CancellationToken cancellationToken) =>
        database.WriteAsync(async session => await session.ExecuteAsync($"""
            update {table} set status = 'pending_destruction', updated_at = @Now where id = @Id and status <> 'pending_destruction'
            """, new { Id = id, Now = time.GetUtcNow().ToUnixTimeMilliseconds() }) == 1, cancellationToken);

    private static string EscapeLike(string word) => word
        .Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal);
}
