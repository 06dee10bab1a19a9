using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class PackageListingTestsOnSqlite(SqliteServer fixture) : PackageListingTests(fixture.Server), IClassFixture<SqliteServer>
{
    // One row a step: "SEARCH p USING INDEX …", and "USE TEMP B-TREE FOR ORDER BY" where everything is sorted.
    protected override async Task<string> PlanAsync(string sql, object parameters) =>
        string.Join('\n', (await Server.Get<Database>().ReadAsync(session => session.QueryAsync<Step>($"explain query plan {sql}", parameters), Cancel)).Select(step => step.Detail));

    protected override string Sorting => "TEMP B-TREE";

    protected override string OfIndexAlone => "COVERING INDEX";

    protected override string OfNames => @"SEARCH k USING COVERING INDEX sqlite_autoindex_package_names_1 \(project_id=\?\)";

    protected override Task GatherStatisticsAsync() => Task.CompletedTask; // Larder runs SQLite without them

    private sealed record Step(long Id, long Parent, long NotUsed, string Detail);
}

public sealed class PackageListingTestsOnPostgres(PostgresServer fixture) : PackageListingTests(fixture.Server), IClassFixture<PostgresServer>
{
    // Reading the whole table is a fair choice while it holds little else than this project; the question is what an index can do.
    protected override async Task<string> PlanAsync(string sql, object parameters) => string.Join('\n', await Server.Get<Database>().ReadAsync(async session =>
    {
        await session.ExecuteAsync("set enable_seqscan = off; set enable_bitmapscan = off");
        var plan = await session.QueryAsync<string>($"explain {sql}", parameters);
        await session.ExecuteAsync("reset enable_seqscan; reset enable_bitmapscan");
        return plan;
    }, Cancel));

    protected override string Sorting => "Sort";

    protected override string OfIndexAlone => "Index Only Scan";

    protected override string OfNames => "package_names_(pkey|key)";

    // What autovacuum does by itself when many rows have come.
    protected override Task GatherStatisticsAsync() =>
        Server.Get<Database>().ReadAsync(session => session.ExecuteAsync("vacuum analyze packages, package_names"), Cancel);
}

/// <summary>Listings of many packages, and who sees what in a group: generic-packages contract sections 4.1, 4.2 and 4.8.</summary>
public abstract class PackageListingTests(LarderServer server)
{
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected LarderServer Server => server;

    protected abstract string Sorting { get; }

    protected abstract string OfIndexAlone { get; }

    protected abstract string OfNames { get; }

    protected abstract Task<string> PlanAsync(string sql, object parameters);

    protected abstract Task GatherStatisticsAsync();

    [Fact]
    public async Task Page_of_a_project_is_read_from_an_index_whatever_the_order()
    {
        var project = await ProjectWithAsync(packages: 20_000);
        await GatherStatisticsAsync();
        foreach (var order in PackageListing.Orders.Except(["project_path"]))
        {
            foreach (var descending in new[] { false, true })
            {
                var listing = PackageListing.OfProject(
                    project.Id, new PackageFilter { OrderBy = order, Descending = descending }, new Page(1, 20));
                listing.PageOfFew.ShouldBe(listing.PageOfMany);
                var plan = await PlanAsync(listing.PageOfMany, listing.Parameters);
                plan.ShouldContain("index", Case.Insensitive, order);
                plan.ShouldNotContain(Sorting, Case.Sensitive, order);
            }
        }
        foreach (var filter in new PackageFilter[] { new(), new() { Type = "generic" } })
        {
            var listing = PackageListing.OfProject(project.Id, filter, new Page(1, 20));
            (await PlanAsync(listing.Count, listing.Parameters)).ShouldContain(OfIndexAlone);
        }
        var hidden = PackageListing.OfProject(project.Id, new PackageFilter { Status = "hidden" }, new Page(1, 20));
        var planOfHidden = await PlanAsync(hidden.PageOfMany, hidden.Parameters);
        planOfHidden.ShouldContain("packages_by_status");
        planOfHidden.ShouldNotContain(Sorting);
    }

    [Fact]
    public async Task Part_of_a_name_is_looked_for_among_names_and_found_in_every_order()
    {
        var project = await ProjectWithAsync(packages: 20_000); // of 50 names
        await GatherStatisticsAsync();
        var rare = new PackageFilter { NameWords = "APP-7", Descending = true };
        var listing = PackageListing.OfProject(project.Id, rare, new Page(1, 20));
        foreach (var sql in (string[])[listing.Count, listing.PageOfFew])
        {
            var plan = await PlanAsync(sql, listing.Parameters);
            plan.ShouldMatch(OfNames);
            plan.ShouldContain("packages_by_name");
        }
        var common = PackageListing.OfProject(project.Id, new PackageFilter { NameWords = "a" }, new Page(1, 20));
        (await PlanAsync(common.PageOfMany, common.Parameters)).ShouldNotContain(Sorting);

        // Few: 400 of each of app-7 itself. Many: all of them, more than are counted.
        foreach (var order in PackageListing.Orders.Except(["project_path"]))
        {
            foreach (var words in (string[])["app-7", "a", "P-1 app", "nothing-like-it"])
            {
                var filter = new PackageFilter { NameWords = words, OrderBy = order };
                var expected = await ExpectedAsync(project, words, order);
                var (rows, total) = await server.Get<PackageListing>().OfProjectAsync(project.Id, filter, new Page(2, 100), Cancel);
                rows.Select(row => row.Id).ShouldBe(expected.Skip(100).Take(100), $"{order} {words}");
                total.ShouldBe(Math.Min(expected.Count, Page.CountLimit), $"{order} {words}");
            }
        }
    }

    // The same by hand.
    private async Task<List<long>> ExpectedAsync(Project project, string words, string order)
    {
        var all = await server.Get<Database>().ReadAsync(session => session.QueryAsync<NamedPackage>(
            "select id, name, version from packages where project_id = @Id", new { project.Id }), Cancel);
        var found = all.Where(row => words.ToLowerInvariant().Split(' ').All(word => row.Name.Contains(word, StringComparison.Ordinal)));
        return [.. (order switch
        {
            "name" => found.OrderBy(row => row.Name, StringComparer.Ordinal).ThenBy(row => row.Id),
            "version" => found.OrderBy(row => row.Version, StringComparer.Ordinal).ThenBy(row => row.Id),
            "type" => found.OrderBy(row => row.Name, StringComparer.Ordinal).ThenBy(row => row.Version, StringComparer.Ordinal),
            _ => found.OrderBy(row => row.Id),
        }).Select(row => row.Id)];
    }

    private sealed record NamedPackage(long Id, string Name, string Version);

    [Fact]
    public async Task Listing_too_long_to_count_has_an_end_all_the_same()
    {
        var project = await ProjectWithAsync(packages: 10_030);
        using var root = server.ClientFor(LarderServer.RootToken);
        var first = await root.AskAsync("GET", $"/projects/{project.Id}/packages?per_page=100", Cancel);
        (first.Header("X-Total"), first.Header("X-Total-Pages"), first.Header("X-Next-Page")).ShouldBe(("", "", "2"));
        first.Header("Link").ShouldNotContain("rel=\"last\"");
        var last = await root.AskAsync("GET", $"/projects/{project.Id}/packages?per_page=100&page=101", Cancel);
        last.Json.GetArrayLength().ShouldBe(30);
        last.Header("X-Next-Page").ShouldBe("");
        last.Header("Link").ShouldNotContain("rel=\"next\"");
        last.Header("X-Prev-Page").ShouldBe("100");
    }

    [Fact]
    public async Task Group_shows_each_caller_what_the_projects_themselves_would()
    {
        var group = await server.CreateGroupAsync(Cancel, visibility: Visibility.Public);
        var inner = await server.CreateGroupAsync(Cancel, visibility: Visibility.Public, parent: group);
        var projects = new List<Project>();
        foreach (var visibility in new[] { Visibility.Private, Visibility.Internal, Visibility.Public })
        {
            foreach (var access in new[] { RegistryAccess.Disabled, RegistryAccess.Private, RegistryAccess.Enabled, RegistryAccess.Public })
            {
                var project = await server.CreateProjectAsync(Cancel, visibility: visibility, group: projects.Count % 2 == 0 ? group : inner, registryAccess: access);
                projects.Add(project);
                await InsertAsync(project, 1);
            }
        }
        foreach (var (name, client) in await CallersAsync(group, inner, projects[0]))
        {
            var ofGroup = await client.AskAsync("GET", $"/groups/{group.Id}/packages?per_page=100", Cancel);
            var expected = new List<(long, bool)>();
            foreach (var project in projects)
            {
                var listed = await client.AskAsync("GET", $"/projects/{project.Id}/packages", Cancel);
                if (listed.Status == 200) expected.AddRange(Shown(listed));
            }
            Shown(ofGroup).Order().ShouldBe(expected.Order(), name);
            ofGroup.Header("X-Total").ShouldBe($"{expected.Count}", name);
            client.Dispose();
        }
    }

    [Fact]
    public async Task Group_is_listed_in_every_order_a_page_at_a_time()
    {
        var group = await server.CreateGroupAsync(Cancel);
        var (b, a) = (await server.CreateProjectAsync(Cancel, "b-" + server.NewName("x"), group: group), await server.CreateProjectAsync(Cancel, "a-" + server.NewName("x"), group: group));
        await InsertAsync(b, 3);
        await InsertAsync(a, 3);
        using var root = server.ClientFor(LarderServer.RootToken);
        foreach (var order in PackageListing.Orders)
        {
            var ids = new List<long>();
            for (var page = "1"; page.Length > 0;)
            {
                var answer = await root.AskAsync("GET", $"/groups/{group.Id}/packages?order_by={order}&per_page=2&page={page}", Cancel);
                ids.AddRange(answer.Json.EnumerateArray().Select(package => package.GetProperty("id").GetInt64()));
                page = answer.Header("X-Next-Page");
            }
            ids.Distinct().Count().ShouldBe(6, order);
        }
        var byPath = await root.AskAsync("GET", $"/groups/{group.Id}/packages?order_by=project_path", Cancel);
        byPath.Json.EnumerateArray().Select(package => package.GetProperty("project_path").GetString())
            .ShouldBe([a.FullPath, a.FullPath, a.FullPath, b.FullPath, b.FullPath, b.FullPath]);
    }

    [Theory]
    [InlineData("order_by=size", "order_by does not have a valid value")]
    [InlineData("exclude_subgroups=perhaps", "exclude_subgroups is invalid")]
    public async Task Unknown_value_is_400_in_a_group_too(string query, string error)
    {
        var group = await server.CreateGroupAsync(Cancel);
        using var root = server.ClientFor(LarderServer.RootToken);
        (await root.AskAsync("GET", $"/groups/{group.Id}/packages?{query}", Cancel)).Text.ShouldBe($$"""{"error":"{{error}}"}""");
    }

    private static IEnumerable<(long Id, bool MayDelete)> Shown(Answer answer)
    {
        answer.Status.ShouldBe(200, answer.Text);
        return answer.Json.EnumerateArray().Select(package =>
            (package.GetProperty("id").GetInt64(), package.GetProperty("_links").TryGetProperty("delete_api_path", out _)));
    }

    private async Task<List<(string Name, HttpClient Client)>> CallersAsync(Namespace group, Namespace inner, Project project)
    {
        var callers = new List<(string, HttpClient)> { ("nobody", server.ClientFor((string?)null)), ("root", server.ClientFor(LarderServer.RootToken)) };
        callers.Add(("stranger", server.ClientFor(await server.CreateUserAsync(Cancel))));
        foreach (var level in Enum.GetValues<AccessLevel>().Where(level => level != AccessLevel.None))
        {
            var (ofGroup, ofInner, ofProject) = (await server.CreateUserAsync(Cancel), await server.CreateUserAsync(Cancel), await server.CreateUserAsync(Cancel));
            await server.AddMemberAsync(group, ofGroup, level, Cancel);
            await server.AddMemberAsync(inner, ofInner, level, Cancel);
            await server.AddMemberAsync(project, ofProject, level, Cancel);
            callers.AddRange([($"{level} of the group", server.ClientFor(ofGroup)), ($"{level} of the inner group", server.ClientFor(ofInner)),
                ($"{level} of a project", server.ClientFor(ofProject))]);
        }
        return callers;
    }

    private async Task<Project> ProjectWithAsync(int packages)
    {
        var project = await server.CreateProjectAsync(Cancel);
        await InsertAsync(project, packages);
        return project;
    }

    // As one statement: thousands of uploads would take minutes.
    private Task InsertAsync(Project project, int packages) => server.Get<Database>().WriteAsync(async session =>
    {
        await session.ExecuteAsync("""
            with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < @Packages)
            insert into packages (project_id, type, name, version, status, created_at, updated_at)
            select @ProjectId, 'generic', 'app-' || (i % 50), '1.0.' || i, 'default', 1767000000000 + i * 1000, 1767000000000 from numbers
            """, new { ProjectId = project.Id, Packages = packages });
        await session.ExecuteAsync("""
            insert into package_names (project_id, name, name_key) select distinct project_id, name, lower(name) from packages where project_id = @Id
            """, new { project.Id });
    }, Cancel);
}
