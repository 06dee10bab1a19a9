using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Packages;

/// <summary>Which packages a listing shows, and in what order.</summary>
public sealed record PackageFilter
{
    // Each is a condition of its own, and SQLite has an end to how deep they may be.
    private const int MostWords = 16;

    /// <summary>One of <see cref="PackageListing.Orders"/>.</summary>
    public string OrderBy { get; init; } = "created_at";

    /// <summary>Newest or last first.</summary>
    public bool Descending { get; init; }

    /// <summary>Only this type.</summary>
    public string? Type { get; init; }

    /// <summary>Words, each of which the name must contain, whatever the case.</summary>
    public string? NameWords { get; init; }

    /// <summary>Whether these are more words than can be looked for.</summary>
    public static bool HasTooManyWords(string? words) => WordsOf(words).Length > MostWords;

    /// <summary>Each of them.</summary>
    internal static string[] WordsOf(string? words) =>
        (words ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Exactly this version.</summary>
    public string? Version { get; init; }

    /// <summary>Exactly this status; null for those that are on display: default, deprecated and error.</summary>
    public string? Status { get; init; }
}

/// <summary>A package in the listing of a group, with what must be known of its project.</summary>
public sealed record GroupPackage
{
    /// <summary>The row.</summary>
    public required Package Package { get; init; }

    /// <summary>The full path of its project.</summary>
    public required string ProjectPath { get; init; }

    /// <summary>Whether the caller may delete it.</summary>
    public required bool MayDelete { get; init; }
}

/// <summary>The statements of a listing of a project.</summary>
/// <param name="PageOfMany">The page where more rows fit than are counted.</param>
/// <param name="PageOfFew">The page where fewer do.</param>
/// <param name="Count">How many fit, up to <see cref="Page.CountLimit"/>.</param>
/// <param name="Parameters">Of all three.</param>
public sealed record ListingStatements(string PageOfMany, string PageOfFew, string Count, Dapper.DynamicParameters Parameters);

/// <summary>
/// Pages of packages, of a project or of a whole group. In a project every order has an index that ends in the order itself,
/// so a page costs the same in a project of a hundred packages and of a hundred thousand. Parts of names are looked for among the
/// names, of which there is one however many versions a package has: few packages are then sorted, and where there are many, the
/// walk in the order itself meets a page of them soon.
/// </summary>
public sealed class PackageListing
{
    /// <summary>SQL: package <c>p</c> is on display. Word for word the condition of the partial indexes, or they would not be used.</summary>
    internal const string OnDisplay = "p.status in ('default', 'deprecated', 'error')";

    private const string ByProjectPath = "project_path";

    // Crossed, so that SQLite begins with the names. Their index has the name itself, so it is lower-cased here rather than read from the row.
    private const string PackagesByName = "package_names k cross join packages p where p.project_id = k.project_id and p.name = k.name";

    // The columns behind the first decide among equals; each list is the rest of an index that begins with project_id.
    private static readonly Dictionary<string, string[]> Columns = new()
    {
        ["created_at"] = ["p.created_at", "p.id"],
        ["name"] = ["p.name", "p.created_at", "p.id"],
        ["version"] = ["p.version", "p.created_at", "p.id"],
        ["type"] = ["p.type", "p.name", "p.version"],
        [ByProjectPath] = ["v.full_path", "p.created_at", "p.id"],
    };

    private readonly Database database;
    private readonly PermissionTable permissions;
    private readonly TimeProvider time;

    // Listings found to have more rows than are counted. Counting up to there costs more than the page; whoever walks through
    // such a listing need not pay it on each page.
    private readonly ShortMemory<(long ProjectId, PackageFilter Filter), bool> tooLong;

    internal PackageListing(Database database, PermissionTable permissions, TimeProvider time)
    {
        this.database = database;
        this.permissions = permissions;
        this.time = time;
        tooLong = new(capacity: 1000, time);
    }

    /// <summary>What the packages of a group may be ordered by; those of a project by all but <c>project_path</c>.</summary>
    public static IReadOnlyCollection<string> Orders => Columns.Keys;

    /// <summary>One page of a project's packages, and how many there are in all (counted up to <see cref="Page.CountLimit"/>).</summary>
    public Task<(IReadOnlyList<Package> Packages, long Total)> OfProjectAsync(
        long projectId, PackageFilter filter, Page page, CancellationToken cancellationToken)
    {
        var statements = OfProject(projectId, filter, page);
        var counted = (projectId, filter with { OrderBy = "", Descending = false });
        var moment = tooLong.Now();
        return database.ReadAsync(async session =>
        {
            var isTooLong = tooLong.TryGet(counted, out _);
            var total = isTooLong ? Page.CountLimit : await session.SingleAsync<long>(statements.Count, statements.Parameters);
            if (total >= Page.CountLimit && !isTooLong) tooLong.Remember(counted, true, moment);
            var rows = await session.QueryAsync<Package>(total < Page.CountLimit ? statements.PageOfFew : statements.PageOfMany, statements.Parameters);
            return (rows, total);
        }, cancellationToken);
    }

    /// <summary>
    /// One page of the packages of those projects of a group in which the caller may list them, and how many there are in all:
    /// the database decides which projects these are, the same as <see cref="Gate"/> does for a single one.
    /// </summary>
    public Task<(IReadOnlyList<GroupPackage> Packages, long Total)> OfGroupAsync(
        Namespace group, bool includeSubgroups, Caller caller, PackageFilter filter, Page page, CancellationToken cancellationToken)
    {
        var (where, parameters) = Where(filter, page, GoesThroughNames(filter) ? "k" : "p");
        parameters.AddDynamicParams(new
        {
            GroupId = group.Id, Inside = group.Lineage + "/%", IncludeSubgroups = includeSubgroups ? 1L : 0L,
            UserId = caller.UserId ?? 0, IsAdmin = caller.IsAdmin ? 1L : 0L, Now = time.GetUtcNow().ToUnixTimeMilliseconds(),
            ListLevel = (long)permissions[Permission.ListPackages].Level, DestroyLevel = (long)permissions[Permission.DestroyPackage].Level,
        });
        // Materialized: who may what is decided once for each project, not for each of its packages.
        const string visible = $"""
            with visible as materialized (
              select p.id, p.full_path, case when {VisibleRows.DestroyPackages} then 1 else 0 end as may_delete
              from projects p join namespaces n on n.id = p.namespace_id
              where (n.id = @GroupId or (@IncludeSubgroups = 1 and n.lineage like @Inside)) and {VisibleRows.ListPackages})
            """;
        var rows = GoesThroughNames(filter)
            ? $"from visible v cross join {PackagesByName} and k.project_id = v.id and {where}"
            : $"from visible v join packages p on p.project_id = v.id where {where}";
        return database.ReadAsync(async session =>
        {
            var found = await session.QueryAsync<GroupRow>($"""
                {visible}
                select {PackageStore.PackageColumns}, v.full_path as project_path, v.may_delete {rows}
                order by {Order(filter)} limit @Size offset @Offset
                """, parameters);
            var total = await session.SingleAsync<long>(
                $"{visible} select count(*) from (select 1 {rows} limit @CountLimit) as counted", parameters);
            return ((IReadOnlyList<GroupPackage>)[.. found.Select(row => row.Read())], total);
        }, cancellationToken);
    }

    /// <summary>The statements of <see cref="OfProjectAsync"/>; a test asks both databases how they would run them.</summary>
    public static ListingStatements OfProject(long projectId, PackageFilter filter, Page page)
    {
        const string part = "limit @Size offset @Offset";
        var (where, parameters) = Where(filter, page, "p");
        parameters.Add("ProjectId", projectId);
        var (order, rows) = (Order(filter), $"from packages p where p.project_id = @ProjectId and {where}");
        var many = $"select {PackageStore.PackageColumns} {rows} order by {order} {part}";
        var few = many;
        if (GoesThroughNames(filter))
        {
            rows = $"from {PackagesByName} and k.project_id = @ProjectId and {Where(filter, page, "k").Sql}";
            // Sorted by what the index of names holds; only then are the rows read.
            few = $"select {PackageStore.PackageColumns} from packages p where p.id in (select p.id {rows} order by {order} {part}) order by {order}";
        }
        return new(many, few, $"select count(*) from (select 1 {rows} limit @CountLimit) as counted", parameters);
    }

    // What is deleted may have lost its name, and a status and a version have an index of their own.
    private static bool GoesThroughNames(PackageFilter filter) =>
        filter is { Status: null, Version: null } && PackageFilter.WordsOf(filter.NameWords).Length > 0;

    /// <param name="filter">What is wanted.</param>
    /// <param name="page">Of which.</param>
    /// <param name="named">What has the name: the package <c>p</c>, or <c>k</c> of <see cref="PackagesByName"/>.</param>
    private static (string Sql, Dapper.DynamicParameters Parameters) Where(PackageFilter filter, Page page, string named)
    {
        var parameters = new Dapper.DynamicParameters(new { filter.Type, filter.Version, filter.Status, page.Size, page.Offset, Page.CountLimit });
        var conditions = new List<string> { filter.Status is null ? OnDisplay : "p.status = @Status" };
        // Says nothing new of what is on display; without it the order by type finds no index.
        if (filter is { Status: null, OrderBy: "type" }) conditions.Add("p.status <> 'pending_destruction'");
        if (filter.Type is not null) conditions.Add("p.type = @Type");
        if (filter.Version is not null) conditions.Add("p.version = @Version");
        foreach (var word in PackageFilter.WordsOf(filter.NameWords))
        {
            var parameter = string.Create(CultureInfo.InvariantCulture, $"Word{conditions.Count}");
            conditions.Add($@"lower({named}.name) like @{parameter} escape '\'");
            parameters.Add(parameter, LikePattern.Containing(word));
        }
        return (string.Join(" and ", conditions), parameters);
    }

    private static string Order(PackageFilter filter) =>
        string.Join(", ", Columns[filter.OrderBy].Select(column => $"{column} {(filter.Descending ? "desc" : "asc")}"));

    private sealed class GroupRow : PackageRow
    {
        public string ProjectPath { get; init; } = "";
        public long MayDelete { get; init; }

        public GroupPackage Read() => new() { Package = Package, ProjectPath = ProjectPath, MayDelete = MayDelete != 0 };
    }
}
