using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Tests.Packages;
using Larder.Testing;

namespace Larder.Registry.Tests.Graph;

public sealed class GraphQueryTestsOnSqlite(SqliteServer fixture) : GraphQueryTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class GraphQueryTestsOnPostgres(PostgresServer fixture) : GraphQueryTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Queries: generic-packages contract section 5.</summary>
public abstract class GraphQueryTests(LarderServer server) : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private Namespace group = null!;
    private Project project = null!;

    public async ValueTask InitializeAsync()
    {
        group = await server.CreateGroupAsync(cancel);
        project = await server.CreateProjectAsync(cancel, group: group);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        root.Dispose();
        return default;
    }

    [Fact]
    public async Task Project_shows_its_packages_and_its_policy()
    {
        await PutAsync("app/1.0/a.txt");
        var id = await root.PackageIdAsync(project, "app", "1.0", cancel);
        var answer = await root.AskGraphAsync($$"""
            { project(fullPath: "{{project.FullPath}}") {
                id name path fullPath visibility description createdAt
                packagesCleanupPolicy { keepNDuplicatedPackageFiles deleteGenericPackagesNotDownloadedInDays nextRunAt }
                packages { count nodes { id name version packageType status statusMessage createdAt protectionRuleExists
                  _links { webPath } userPermissions { destroyPackage } project { name } } } } }
            """, cancel);
        answer.Status.ShouldBe(200);
        answer.Message.Content.Headers.ContentType!.ToString().ShouldBe("application/json; charset=utf-8");
        answer.Text.ShouldBe($$$$$"""
            {"data":{"project":{"id":"gid://gitlab/Project/{{{{{project.Id}}}}}","name":"{{{{{project.Name}}}}}","path":"{{{{{project.Path}}}}}","fullPath":"{{{{{project.FullPath}}}}}","visibility":"private","description":"","createdAt":"2026-01-02T03:04:05Z","packagesCleanupPolicy":{"keepNDuplicatedPackageFiles":"ALL_PACKAGE_FILES","deleteGenericPackagesNotDownloadedInDays":null,"nextRunAt":null},"packages":{"count":1,"nodes":[{"id":"gid://gitlab/Packages::Package/{{{{{id}}}}}","name":"app","version":"1.0","packageType":"GENERIC","status":"DEFAULT","statusMessage":null,"createdAt":"2026-01-02T03:04:05Z","protectionRuleExists":false,"_links":{"webPath":"/{{{{{project.FullPath}}}}}/-/packages/{{{{{id}}}}}"},"userPermissions":{"destroyPackage":true},"project":{"name":"{{{{{project.Name}}}}}"}}]}}}}
            """);
    }

    [Fact]
    public async Task Package_shows_its_files_and_other_versions()
    {
        await PutAsync("app/1.0/a.txt", "first");
        await PutAsync("app/1.0/dir/b.txt", "second");
        await PutAsync("app/2.0/a.txt");
        var id = await root.PackageIdAsync(project, "app", "1.0", cancel);
        var answer = await root.AskGraphAsync("""
            query details($id: PackagesPackageID!) { package(id: $id) {
              name lastDownloadedAt versions { nodes { version } }
              packageFiles { count nodes { id fileName size downloadPath fileMd5 fileSha1 fileSha256 createdAt } } } }
            """, cancel, new { id = $"gid://gitlab/Packages::Package/{id}" });
        var package = answer.Json.GetProperty("data").GetProperty("package");
        package.GetProperty("versions").GetProperty("nodes")[0].GetProperty("version").GetString().ShouldBe("2.0");
        var files = package.GetProperty("packageFiles");
        files.GetProperty("count").GetInt32().ShouldBe(2);
        // The newest first.
        var file = files.GetProperty("nodes")[1];
        (file.GetProperty("fileName").GetString(), file.GetProperty("size").GetString()).ShouldBe(("a.txt", "5"));
        file.GetProperty("fileMd5").GetString().ShouldBe("8b04d5e3775d298e78455efc5ca404d5");
        files.GetProperty("nodes")[0].GetProperty("fileName").GetString().ShouldBe("dir%2Fb.txt");
        using var download = await root.GetAsync(new Uri(file.GetProperty("downloadPath").GetString()!, UriKind.Relative), cancel);
        (await download.Content.ReadAsStringAsync(cancel)).ShouldBe("first");
    }

    [Fact]
    public async Task Group_shows_the_packages_of_its_projects()
    {
        var inner = await server.CreateProjectAsync(cancel, group: await server.CreateGroupAsync(cancel, parent: group));
        await PutAsync("app/1.0/a.txt");
        (await root.PutFileAsync(inner, "tool/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
        var all = await NamesAsync($$$$$"""{ group(fullPath: "{{{{{group.FullPath}}}}}") { packages(sort: NAME_ASC) { nodes { name project { fullPath } } } } }""", "group");
        all.ShouldBe(["app", "tool"]);
        var some = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(inner, some, AccessLevel.Reporter, cancel);
        using var client = server.ClientFor(some);
        var answer = await client.AskGraphAsync($$"""{ group(fullPath: "{{group.FullPath}}") { id packages { count } packageSettings { genericDuplicatesAllowed } } }""", cancel);
        answer.Text.ShouldBe($$$$$"""{"data":{"group":{"id":"gid://gitlab/Group/{{{{{group.Id}}}}}","packages":null,"packageSettings":null}}}""");
    }

    [Fact]
    public async Task Packages_are_filtered_and_sorted()
    {
        foreach (var path in new[] { "beta/1.0/a.txt", "alpha/2.0/a.txt", "alpha/1.0/a.txt?status=hidden", "gamma/3.0/a.txt" }) await PutAsync(path);
        Task<string[]> ListAsync(string arguments) =>
            NamesAsync($$"""{ project(fullPath: "{{project.FullPath}}") { packages{{arguments}} { nodes { name } } } }""", "project");
        (await ListAsync("(sort: NAME_ASC)")).ShouldBe(["alpha", "beta", "gamma"]);
        (await ListAsync("(sort: NAME_DESC)")).ShouldBe(["gamma", "beta", "alpha"]);
        (await ListAsync("(sort: VERSION_ASC)")).ShouldBe(["beta", "alpha", "gamma"]);
        (await ListAsync("(sort: TYPE_ASC, packageName: \"ALPH\")")).ShouldBe(["alpha"]);
        (await ListAsync("(packageVersion: \"1.0\")")).ShouldBe(["beta"]);
        (await ListAsync("(status: HIDDEN)")).ShouldBe(["alpha"]);
        (await ListAsync("(packageType: NPM)")).ShouldBe([]);
        (await ListAsync("(packageType: GENERIC, includeVersionless: true, sort: CREATED_ASC)")).ShouldBe(["beta", "alpha", "gamma"]);
        (await ListAsync("")).ShouldBe(["gamma", "alpha", "beta"]);
    }

    [Fact]
    public async Task Pages_follow_each_other_also_where_their_size_changes()
    {
        for (var i = 0; i < 7; i++) await PutAsync($"app/{i}.0/a.txt");
        async Task<(string[] Versions, string? End, bool More)> PageAsync(int first, string? after)
        {
            var answer = await root.AskGraphAsync("""
                query ($path: ID!, $first: Int, $after: String) { project(fullPath: $path) {
                  packages(first: $first, after: $after, sort: CREATED_ASC) {
                    edges { cursor node { version } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }
                """, cancel, new { path = project.FullPath, first, after });
            var packages = answer.Json.GetProperty("data").GetProperty("project").GetProperty("packages");
            var info = packages.GetProperty("pageInfo");
            info.GetProperty("hasPreviousPage").GetBoolean().ShouldBe(after is not null);
            var edges = packages.GetProperty("edges").EnumerateArray().ToList();
            if (edges.Count > 0) edges[^1].GetProperty("cursor").GetString().ShouldBe(info.GetProperty("endCursor").GetString());
            return ([.. edges.Select(edge => edge.GetProperty("node").GetProperty("version").GetString()!)],
                info.GetProperty("endCursor").GetString(), info.GetProperty("hasNextPage").GetBoolean());
        }
        var one = await PageAsync(3, null);
        (string.Join(' ', one.Versions), one.More).ShouldBe(("0.0 1.0 2.0", true));
        var two = await PageAsync(2, one.End);
        (string.Join(' ', two.Versions), two.More).ShouldBe(("3.0 4.0", true));
        var three = await PageAsync(2, two.End);
        (string.Join(' ', three.Versions), three.More).ShouldBe(("5.0 6.0", false));
        var four = await PageAsync(5, two.End);
        (string.Join(' ', four.Versions), four.More).ShouldBe(("5.0 6.0", false));
        (await PageAsync(3, three.End)).Versions.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("anonymous", "private", false, false)]
    [InlineData("stranger", "private", false, false)]
    [InlineData("guest", "private", true, false)]
    [InlineData("reporter", "private", true, true)]
    [InlineData("anonymous", "public", true, true)]
    public async Task What_the_caller_may_not_see_is_null(string caller, string visibility, bool seesProject, bool seesPackages)
    {
        var home = await server.CreateGroupAsync(cancel, visibility: visibility);
        var shown = await server.CreateProjectAsync(cancel, visibility: visibility, group: home);
        (await root.PutFileAsync(shown, "app/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
        var id = await root.PackageIdAsync(shown, "app", "1.0", cancel);
        var user = caller == "anonymous" ? null : await server.CreateUserAsync(cancel);
        if (Enum.TryParse<AccessLevel>(caller, ignoreCase: true, out var level)) await server.AddMemberAsync(home, user!, level, cancel);
        using var client = server.ClientFor(user?.Token);
        var answer = await client.AskGraphAsync($$"""
            { project(fullPath: "{{shown.FullPath}}") { packages { count } packagesCleanupPolicy { nextRunAt } }
              package(id: "gid://gitlab/Packages::Package/{{id}}") { name userPermissions { destroyPackage } } }
            """, cancel);
        var packages = seesPackages ? """{"count":1}""" : "null";
        var project = seesProject ? $$$"""{"packages":{{{packages}}},"packagesCleanupPolicy":null}""" : "null";
        var package = seesPackages ? """{"name":"app","userPermissions":{"destroyPackage":false}}""" : "null";
        answer.Text.ShouldBe($$$"""{"data":{"project":{{{project}}},"package":{{{package}}} }}""".Replace(" }}", "}}"));
    }

    [Fact]
    public async Task Package_says_whether_a_rule_protects_it()
    {
        await PutAsync("app/1.0/a.txt");
        var query = $$"""{ project(fullPath: "{{project.FullPath}}") { packages { nodes { protectionRuleExists } } } }""";
        (await root.AskGraphAsync(query, cancel)).Text.ShouldContain("false");
        await root.AskAsync("POST", $"/projects/{project.Id}/packages/protection/rules", cancel,
            new { package_name_pattern = "a*", package_type = "generic", minimum_access_level_for_push = "owner" });
        (await root.AskGraphAsync(query, cancel)).Text.ShouldContain("true");
    }

    [Fact]
    public async Task Names_that_lead_nowhere_are_null() => (await root.AskGraphAsync("""
        { a: project(fullPath: "no/where") { id } b: group(fullPath: "nowhere") { id } c: namespace(fullPath: "nowhere") { id }
          d: package(id: "gid://gitlab/Packages::Package/999999") { id } }
        """, cancel)).Text.ShouldBe("""{"data":{"a":null,"b":null,"c":null,"d":null}}""");

    [Fact]
    public async Task Personal_namespace_is_a_namespace_and_no_group()
    {
        var user = await server.CreateUserAsync(cancel);
        var answer = await server.ClientFor(user).AskGraphAsync($$"""
            { namespace(fullPath: "{{user.Username}}") { fullPath packageSettings { genericDuplicatesAllowed genericDuplicateExceptionRegex } }
              group(fullPath: "{{user.Username}}") { id } }
            """, cancel);
        answer.Text.ShouldBe($$$"""{"data":{"namespace":{"fullPath":"{{{user.Username}}}","packageSettings":{"genericDuplicatesAllowed":true,"genericDuplicateExceptionRegex":""}},"group":null}}""");
    }

    private async Task PutAsync(string path, string content = "bytes") => (await root.PutFileAsync(project, path, content, cancel)).Status.ShouldBe(201);

    private async Task<string[]> NamesAsync(string query, string place)
    {
        var answer = await root.AskGraphAsync(query, cancel);
        answer.Json.TryGetProperty("errors", out _).ShouldBeFalse(answer.Text);
        return [.. answer.Json.GetProperty("data").GetProperty(place).GetProperty("packages").GetProperty("nodes").EnumerateArray()
            .Select(node => node.GetProperty("name").GetString()!)];
    }
}
