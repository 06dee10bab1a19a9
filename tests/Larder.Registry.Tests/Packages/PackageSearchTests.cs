using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class PackageSearchTestsOnSqlite(SqliteServer fixture) : PackageSearchTests(fixture.Server), IClassFixture<SqliteServer>
{
    protected override async Task<string> PlanAsync(string sql, object parameters) =>
        string.Join('\n', (await Server.Get<Database>().ReadAsync(session => session.QueryAsync<Step>($"explain query plan {sql}", parameters), Cancel)).Select(step => step.Detail));

    private sealed record Step(long Id, long Parent, long NotUsed, string Detail);
}

public sealed class PackageSearchTestsOnPostgres(PostgresServer fixture) : PackageSearchTests(fixture.Server), IClassFixture<PostgresServer>
{
    protected override async Task<string> PlanAsync(string sql, object parameters) => string.Join('\n', await Server.Get<Database>().ReadAsync(async session =>
    {
        await session.ExecuteAsync("analyze packages; analyze package_names");
        return await session.QueryAsync<string>($"explain {sql}", parameters);
    }, Cancel));
}

/// <summary>Search by name over everything that one may list.</summary>
public abstract class PackageSearchTests(LarderServer server)
{
    private const int Many = 100_000;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected LarderServer Server => server;

    protected abstract Task<string> PlanAsync(string sql, object parameters);

    private PackageSearch Search => server.Get<PackageSearch>();

    [Fact]
    public async Task Each_name_is_found_once_with_its_newest_version_and_the_best_first()
    {
        var project = await server.CreateProjectAsync(Cancel);
        var word = "w" + server.NewName("x").Replace("-", "", StringComparison.Ordinal);
        foreach (var (name, version) in (List<(string, string)>)[($"a-{word}", "1"), ($"{word}-tool", "1"), (word.ToUpperInvariant(), "1"), (word, "2"), (word, "1")])
            await PublishAsync(project, name, version);
        var found = await Search.FindAsync(Root, word, 10, Cancel);
        found.Select(one => (one.Package.Name, one.Package.Version)).ShouldBe([(word.ToUpperInvariant(), "1"), (word, "1"), ($"{word}-tool", "1"), ($"a-{word}", "1")]);
        found.ShouldAllBe(one => one.ProjectPath == project.FullPath);
        (await Search.FindAsync(Root, $"TOOL {word}", 10, Cancel)).ShouldHaveSingleItem();
        for (var most = 1; most <= 4; most++) // a name that begins with it never gives way to one that only contains it
            (await Search.FindAsync(Root, word, most, Cancel)).Select(one => one.Package.Id).ShouldBe(found.Take(most).Select(one => one.Package.Id));
        foreach (var nothing in (string[])["%", "_", "\\", $"{word}%", string.Join(' ', Enumerable.Repeat("a", 100))])
            (await Search.FindAsync(Root, nothing, 10, Cancel)).ShouldBeEmpty(nothing);
    }

    [Fact]
    public async Task Nobody_finds_what_a_listing_would_not_show()
    {
        var word = server.NewName("secret");
        var group = await server.CreateGroupAsync(Cancel, visibility: Visibility.Public);
        var projects = new List<Project>();
        foreach (var visibility in (string[])[Visibility.Private, Visibility.Internal, Visibility.Public])
            foreach (var access in (string[])[RegistryAccess.Disabled, RegistryAccess.Private, RegistryAccess.Enabled, RegistryAccess.Public])
                projects.Add(await server.CreateProjectAsync(Cancel, visibility: visibility, group: group, registryAccess: access));
        foreach (var project in projects) await InsertAsync(project, word, 1);
        var member = await server.CreateUserAsync(Cancel);
        await server.AddMemberAsync(projects[0], member, AccessLevel.Reporter, Cancel);
        await server.AddMemberAsync(projects[1], member, AccessLevel.Reporter, Cancel);
        var stranger = await server.CreateUserAsync(Cancel);
        foreach (var caller in (Caller[])[Caller.Anonymous, Root, Of(stranger), Of(member)])
        {
            var expected = new List<string>();
            foreach (var project in projects)
                if (await server.Get<Gate>().AllowsAsync(caller, Permission.ListPackages, project, Cancel)) expected.Add(project.FullPath);
            (await Search.FindAsync(caller, word, 50, Cancel)).Select(one => one.ProjectPath).Order().ShouldBe(expected.Order());
        }
    }

    [Fact]
    public async Task Deleted_and_hidden_packages_are_not_found_and_upkeep_puts_names_right()
    {
        var project = await server.CreateProjectAsync(Cancel);
        var (gone, hidden, other) = (server.NewName("gone"), server.NewName("hidden"), server.NewName("other"));
        await PublishAsync(project, gone, "1");
        await PublishAsync(project, hidden, "1", "?status=hidden");
        await PublishAsync(project, other, "1");
        var package = (await Search.FindAsync(Root, gone, 1, Cancel)).ShouldHaveSingleItem().Package;
        await server.Get<PackageStore>().DeleteAsync(package, Cancel);
        (await Search.FindAsync(Root, gone, 1, Cancel)).ShouldBeEmpty();
        (await Search.FindAsync(Root, hidden, 1, Cancel)).ShouldBeEmpty();

        await server.Get<Database>().WriteAsync(session => session.ExecuteAsync("delete from package_names where name = @Name", new { Name = other }), Cancel);
        await server.Get<PackageNames>().RunAsync(Cancel);
        (await Search.FindAsync(Root, other, 1, Cancel)).ShouldHaveSingleItem();
        (await NamesAsync(project)).ShouldBe([hidden, other], ignoreOrder: true);
        await server.Get<Removals>().RemoveProjectAsync(project.Id, Cancel);
        (await NamesAsync(project)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Search_over_a_hundred_thousand_packages_reads_names_and_not_packages()
    {
        var project = await server.CreateProjectAsync(Cancel);
        await InsertAsync(project, "many", Many);
        var (sql, parameters) = Search.Statement(Of(await server.CreateUserAsync(Cancel)), "any-77", 26);
        var plan = await PlanAsync(sql, parameters);
        plan.ShouldContain("package_names_key"); // in the order of the result, so that it can end early
        plan.ShouldContain("packages_by_name"); // the newest version of each name
        plan.ShouldMatch("SEARCH p USING INTEGER PRIMARY KEY|Index Scan using packages_pkey"); // and then its row
        (await Search.FindAsync(Root, "any-77", 26, Cancel)).Count.ShouldBe(26);
        (await Search.FindAsync(Root, "nothing-like-it", 26, Cancel)).ShouldBeEmpty();

        // Upkeep goes through them too, several steps long: a look through all of a project for each name would not end.
        await server.Get<Database>().WriteAsync(session => session.ExecuteAsync(
            "delete from package_names where project_id = @Id and name like 'many-99%'", new { project.Id }), Cancel);
        await server.Get<PackageNames>().RunAsync(Cancel);
        (await NamesAsync(project)).Count.ShouldBe(Many);
    }

    private static Caller Root => new(CallerKind.User, 1, "root", true, Scopes.Api, null);

    private static Caller Of(TestUser user) => new(CallerKind.User, user.Id, user.Username, false, Scopes.Api, null);

    private async Task PublishAsync(Project project, string name, string version, string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{project.Id}/packages/generic/{name}/{version}/a.txt{query}")
        {
            Content = new StringContent("content"),
        };
        using var root = server.ClientFor(LarderServer.RootToken);
        (await root.AskAsync(request, Cancel)).Status.ShouldBe(201);
        server.Time.Advance(TimeSpan.FromMilliseconds(1));
    }

    private Task<IReadOnlyList<string>> NamesAsync(Project project) => server.Get<Database>().ReadAsync(session => session.QueryAsync<string>(
        "select name from package_names where project_id = @Id", new { project.Id }), Cancel);

    // As two statements: thousands of uploads would take minutes.
    private Task InsertAsync(Project project, string name, int count) => server.Get<Database>().WriteAsync(async session =>
    {
        var parameters = new { ProjectId = project.Id, Name = name, Count = count };
        await session.ExecuteAsync("""
            with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < @Count)
            insert into packages (project_id, type, name, version, status, created_at, updated_at)
            select @ProjectId, 'generic', @Name || '-' || i, '1.0', 'default', 1767000000000 + i, 1767000000000 from numbers
            """, parameters);
        await session.ExecuteAsync("""
            insert into package_names (project_id, name, name_key)
            select project_id, name, lower(name) from packages where project_id = @ProjectId
            """, parameters);
    }, Cancel);
}
