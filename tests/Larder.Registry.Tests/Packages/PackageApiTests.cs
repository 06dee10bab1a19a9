using System.Text;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Registry.Upkeep;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class PackageApiTestsOnSqlite(SqliteServer fixture) : PackageApiTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class PackageApiTestsOnPostgres(PostgresServer fixture) : PackageApiTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>The packages API: generic-packages contract section 4.</summary>
public abstract class PackageApiTests(LarderServer server) : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private Namespace group = null!;
    private Project project = null!;

    private string Packages => $"/projects/{project.Id}/packages";

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
    public async Task Package_has_the_shape_of_the_contract()
    {
        await PublishAsync("app/1.0/a.txt");
        await PublishAsync("app/2.0/a.txt");
        var listed = (await root.AskAsync("GET", Packages, cancel)).Json[0];
        var id = listed.GetProperty("id").GetInt64();
        listed.EnumerateObject().Select(member => member.Name).ShouldBe(
            ["id", "name", "version", "package_type", "status", "_links", "created_at", "last_downloaded_at", "creator_id", "tags"]);
        listed.GetProperty("created_at").GetString()!.ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$");
        listed.GetProperty("_links").GetProperty("delete_api_path").GetString().ShouldBe($"{server.BaseAddress}api/v4{Packages}/{id}");
        listed.GetProperty("_links").GetProperty("web_path").GetString().ShouldBe($"/{project.FullPath}/-/packages/{id}");

        var single = await root.AskAsync("GET", $"{Packages}/{id}", cancel);
        single["name"].ShouldBe("app");
        single.Json.GetProperty("versions").EnumerateArray().ShouldHaveSingleItem().GetProperty("version").GetString().ShouldBe("2.0");
    }

    [Fact]
    public async Task Delete_link_is_shown_to_those_who_may_delete()
    {
        await PublishAsync("app/1.0/a.txt");
        var developer = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(project, developer, AccessLevel.Developer, cancel);
        using var client = server.ClientFor(developer);
        var listed = (await client.AskAsync("GET", Packages, cancel)).Json[0];
        listed.GetProperty("_links").TryGetProperty("delete_api_path", out _).ShouldBeFalse();
        (await client.AskAsync("DELETE", $"{Packages}/{listed.GetProperty("id")}", cancel)).Text.ShouldBe("""{"message":"403 Forbidden"}""");
    }

    [Fact]
    public async Task Filters_and_sorts_choose_what_is_listed()
    {
        foreach (var path in new[] { "Alpha-tool/2.0/a", "beta_tool/1.0/a", "gamma/1.0/a" })
        {
            await PublishAsync(path);
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }
        (await NamesAsync("")).ShouldBe(["Alpha-tool", "beta_tool", "gamma"]);
        (await NamesAsync("?sort=desc")).ShouldBe(["gamma", "beta_tool", "Alpha-tool"]);
        (await NamesAsync("?order_by=name&sort=desc")).ShouldBe(["gamma", "beta_tool", "Alpha-tool"]);
        (await NamesAsync("?order_by=version&sort=desc")).ShouldBe(["Alpha-tool", "gamma", "beta_tool"]);
        (await NamesAsync("?order_by=type")).Length.ShouldBe(3);
        (await NamesAsync("?package_name=TOOL")).ShouldBe(["Alpha-tool", "beta_tool"]);
        (await NamesAsync("?package_name=tool%20alpha")).ShouldBe(["Alpha-tool"]);
        (await NamesAsync("?package_name=a_tool")).ShouldBe(["beta_tool"]); // _ is a letter here, no wildcard
        (await NamesAsync("?package_name=%25")).ShouldBe([]);
        (await NamesAsync("?package_version=1.0")).ShouldBe(["beta_tool", "gamma"]);
        (await NamesAsync("?package_type=generic")).Length.ShouldBe(3);
        (await NamesAsync("?package_type=maven")).ShouldBe([]);
        (await NamesAsync("?status=error")).ShouldBe([]);
        (await NamesAsync("?include_versionless=true")).Length.ShouldBe(3);
    }

    [Theory]
    [InlineData("package_type=flatpak", "package_type does not have a valid value")]
    [InlineData("order_by=size", "order_by does not have a valid value")]
    [InlineData("order_by=project_path", "order_by does not have a valid value")]
    [InlineData("sort=up", "sort does not have a valid value")]
    [InlineData("status=lost", "status does not have a valid value")]
    [InlineData("include_versionless=maybe", "include_versionless is invalid")]
    [InlineData("sort=up&package_type=flatpak", "sort does not have a valid value, package_type does not have a valid value")]
    [InlineData("per_page=0", "per_page has a value not allowed")]
    [InlineData("per_page=x", "per_page is invalid")]
    public async Task Unknown_value_is_400_in_words(string query, string error) =>
        (await root.AskAsync("GET", $"{Packages}?{query}", cancel)).Text.ShouldBe($$"""{"error":"{{error}}"}""");

    [Fact]
    public async Task Pages_carry_the_headers_that_clients_follow()
    {
        for (var i = 0; i < 5; i++) await PublishAsync($"app{i}/1.0/a");
        var second = await root.AskAsync("GET", $"{Packages}?per_page=2&page=2&order_by=name&private_token={LarderServer.RootToken}", cancel);
        second.Json.EnumerateArray().Select(package => package.GetProperty("name").GetString()).ShouldBe(["app2", "app3"]);
        foreach (var (name, value) in new[] { ("X-Total", "5"), ("X-Total-Pages", "3"), ("X-Per-Page", "2"), ("X-Page", "2"), ("X-Next-Page", "3"), ("X-Prev-Page", "1") })
            second.Header(name).ShouldBe(value, name);
        var links = second.Header("Link");
        links.ShouldContain($"<{server.BaseAddress}api/v4{Packages}?per_page=2&page=3&order_by=name>; rel=\"next\"");
        foreach (var relation in new[] { "prev", "first", "last" }) links.ShouldContain($"rel=\"{relation}\"");
        links.ShouldNotContain("private_token");
        (await root.AskAsync("GET", $"{Packages}?page=9", cancel)).Text.ShouldBe("[]");
        (await root.AskAsync("GET", $"{Packages}?per_page=1000", cancel)).Header("X-Per-Page").ShouldBe("100");
    }

    [Fact]
    public async Task Group_lists_what_its_projects_hold_and_the_caller_may_see()
    {
        var inner = await server.CreateGroupAsync(cancel, parent: group);
        var other = await server.CreateProjectAsync(cancel, group: inner);
        await PublishAsync("app/1.0/a");
        await PublishAsync("inner/1.0/a", other);
        (await GroupNamesAsync(root, "")).ShouldBe(["app", "inner"]);
        (await GroupNamesAsync(root, "?exclude_subgroups=true")).ShouldBe(["app"]);
        (await GroupNamesAsync(root, "?order_by=project_path&sort=desc")).Length.ShouldBe(2);
        var answer = await root.AskAsync("GET", $"/groups/{group.FullPath}/packages", cancel);
        answer.Json[0].GetProperty("project_path").GetString().ShouldBe(project.FullPath);

        using var nobody = server.ClientFor((string?)null);
        (await nobody.AskAsync("GET", $"/groups/{group.Id}/packages", cancel)).Text.ShouldBe("""{"message":"404 Group Not Found"}""");
    }

    [Theory]
    [InlineData("default", true, 200, true)]
    [InlineData("deprecated", true, 200, true)]
    [InlineData("error", true, 404, false)]
    [InlineData("hidden", false, 404, false)]
    [InlineData("processing", false, 404, false)]
    [InlineData("pending_destruction", false, 404, false)]
    public async Task Status_decides_where_a_package_is_seen(string status, bool listed, int shown, bool webPath)
    {
        await PublishAsync("app/1.0/a.txt");
        await PublishAsync("app/2.0/a.txt");
        var id = await FirstIdAsync();
        var file = (await root.AskAsync("GET", $"{Packages}/{id}/package_files", cancel)).Json[0].GetProperty("id");
        await server.Get<Database>().WriteAsync(
            session => session.ExecuteAsync("update packages set status = @status where id = @id", new { status, id }), cancel);

        (await root.AskAsync("GET", Packages, cancel)).Json.GetArrayLength().ShouldBe(listed ? 2 : 1);
        var only = (await root.AskAsync("GET", $"{Packages}?status={status}&sort=asc", cancel)).Json[0];
        (only.GetProperty("id").GetInt64(), only.GetProperty("status").GetString()).ShouldBe((id, status));
        only.GetProperty("_links").TryGetProperty("web_path", out _).ShouldBe(webPath);
        foreach (var path in new[] { "", "/package_files", $"/package_files/{file}/download", "/pipelines" })
        {
            var answer = await root.AskAsync("GET", $"{Packages}/{id}{path}", cancel);
            answer.Status.ShouldBe(shown, path);
            if (status == "error") answer.Text.ShouldBe("""{"message":"Package not found"}""");
        }
        var other = (await root.AskAsync("GET", $"{Packages}?package_version=2.0", cancel)).Json[0].GetProperty("id");
        (await root.AskAsync("GET", $"{Packages}/{other}", cancel)).Json.GetProperty("versions").GetArrayLength().ShouldBe(shown == 200 ? 1 : 0);
        foreach (var path in new[] { $"/package_files/{file}", "" })
            (await root.AskAsync("DELETE", $"{Packages}/{id}{path}", cancel)).Status.ShouldBe(shown == 200 ? 204 : 404, path);
    }

    [Fact]
    public async Task Versions_are_the_others_of_the_same_name_newest_first()
    {
        foreach (var version in new[] { "1.0", "3.0", "2.0" })
        {
            await PublishAsync($"app/{version}/a.txt");
            await PublishAsync($"app2/{version}/a.txt");
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }
        var versions = (await root.AskAsync("GET", $"{Packages}/{await root.PackageIdAsync(project, "app", "3.0", cancel)}", cancel)).Json.GetProperty("versions");
        versions.EnumerateArray().Select(version => version.GetProperty("version").GetString()).ShouldBe(["2.0", "1.0"]);
        versions[0].EnumerateObject().Select(member => member.Name).ShouldBe(["id", "version", "created_at", "tags"]);
    }

    [Fact]
    public async Task Files_are_listed_sorted_and_downloaded_by_id()
    {
        await PublishAsync("app/1.0/b.txt", content: "bb");
        await PublishAsync("app/1.0/a.txt", content: "aa");
        var package = await FirstIdAsync();
        var files = await root.AskAsync("GET", $"{Packages}/{package}/package_files?order_by=file_name", cancel);
        files.Json.EnumerateArray().Select(file => file.GetProperty("file_name").GetString()).ShouldBe(["a.txt", "b.txt"]);
        files.Header("X-Total").ShouldBe("2");
        var id = files.Json[0].GetProperty("id");
        (await root.AskAsync("GET", $"{Packages}/{package}/package_files/{id}/download", cancel)).Text.ShouldBe("aa");
        var head = await root.AskAsync("HEAD", $"{Packages}/{package}/package_files/{id}/download", cancel);
        (head.Status, head.Header("Content-Length"), head.Header("X-Checksum-Sha256")).ShouldBe((200, "2", files.Json[0].GetProperty("file_sha256").GetString()));
        (await root.AskAsync("GET", $"{Packages}/{package}/package_files/999999/download", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("GET", $"{Packages}/{package}/package_files?order_by=created_at&sort=desc&per_page=1", cancel))
            .Json.EnumerateArray().ShouldHaveSingleItem().GetProperty("file_name").GetString().ShouldBe("a.txt");
        (await root.AskAsync("GET", $"{Packages}/{package}/package_files?per_page=1", cancel)).Header("X-Next-Page").ShouldBe("2");
        (await root.AskAsync("GET", $"{Packages}/{package}/package_files?order_by=size", cancel)).Status.ShouldBe(400);
        (await root.AskAsync("GET", $"{Packages}/{package}/pipelines", cancel)).Text.ShouldBe("[]");
        (await root.AskAsync("GET", $"{Packages}/{package}/pipelines?per_page=21", cancel)).Text.ShouldBe("""{"error":"per_page does not have a valid value"}""");
    }

    [Fact]
    public async Task Deleted_package_frees_its_name_at_once()
    {
        await PublishAsync("app/1.0/a.txt", content: "old");
        var id = await FirstIdAsync();
        (await root.AskAsync("DELETE", $"{Packages}/{id}", cancel)).Status.ShouldBe(204);
        (await root.AskAsync("GET", $"{Packages}/generic/app/1.0/a.txt", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("GET", $"{Packages}/{id}", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("DELETE", $"{Packages}/{id}", cancel)).Text.ShouldBe("""{"message":"404 Not found"}""");
        await PublishAsync("app/1.0/b.txt", content: "new");
        (await FirstIdAsync()).ShouldBeGreaterThan(id);
        (await root.AskAsync("GET", $"{Packages}/generic/app/1.0/a.txt", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Deleted_file_leaves_the_package()
    {
        await PublishAsync("app/1.0/a.txt");
        var package = await FirstIdAsync();
        var file = (await root.AskAsync("GET", $"{Packages}/{package}/package_files", cancel)).Json[0].GetProperty("id");
        (await root.AskAsync("DELETE", $"{Packages}/{package}/package_files/{file}", cancel)).Status.ShouldBe(204);
        (await root.AskAsync("DELETE", $"{Packages}/{package}/package_files/{file}", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("GET", $"{Packages}/{package}/package_files", cancel)).Text.ShouldBe("[]");
        (await root.AskAsync("GET", $"{Packages}/{package}", cancel)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Deletion_honours_If_Unmodified_Since()
    {
        await PublishAsync("app/1.0/a.txt");
        var path = $"/api/v4{Packages}/{await FirstIdAsync()}";
        foreach (var (since, status) in new[] { ("Thu, 01 Jan 2004 00:00:00 GMT", 412), ("Fri, 01 Jan 2100 00:00:00 GMT", 204) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, path);
            request.Headers.TryAddWithoutValidation("If-Unmodified-Since", since);
            (await root.AskAsync(request, cancel)).Status.ShouldBe(status);
        }
    }

    [Fact]
    public async Task Id_that_is_no_number_and_package_of_another_project_are_refused()
    {
        await PublishAsync("app/1.0/a.txt");
        var id = await FirstIdAsync();
        var other = await server.CreateProjectAsync(cancel);
        (await root.AskAsync("GET", $"{Packages}/app", cancel)).Text.ShouldBe("""{"error":"package_id is invalid"}""");
        (await root.AskAsync("GET", $"/projects/{other.Id}/packages/{id}", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Permission_to_delete_is_asked_before_there_is_anything_to_delete()
    {
        var developer = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(project, developer, AccessLevel.Developer, cancel);
        using var client = server.ClientFor(developer);
        (await client.AskAsync("DELETE", $"{Packages}/999999", cancel)).Status.ShouldBe(403);
        (await root.AskAsync("DELETE", $"{Packages}/999999", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Downloads_are_written_down_in_batches_and_not_by_the_download()
    {
        await PublishAsync("app/1.0/a.txt");
        await root.AskAsync("GET", $"{Packages}/generic/app/1.0/a.txt", cancel);
        (await root.AskAsync("GET", Packages, cancel)).Json[0].GetProperty("last_downloaded_at").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        await server.Get<DownloadCounts>().FlushAsync(cancel);
        (await root.AskAsync("GET", Packages, cancel)).Json[0].GetProperty("last_downloaded_at").GetDateTimeOffset()
            .ShouldBe(server.Time.GetUtcNow(), TimeSpan.FromMilliseconds(1));

        server.Time.Advance(TimeSpan.FromMinutes(1));
        var package = await FirstIdAsync();
        var file = (await root.AskAsync("GET", $"{Packages}/{package}/package_files", cancel)).Json[0].GetProperty("id");
        await root.AskAsync("GET", $"{Packages}/{package}/package_files/{file}/download", cancel);
        await server.Get<DownloadCounts>().FlushAsync(cancel);
        (await root.AskAsync("GET", Packages, cancel)).Json[0].GetProperty("last_downloaded_at").GetDateTimeOffset()
            .ShouldBe(server.Time.GetUtcNow(), TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task Integrity_check_finds_nothing_wrong()
    {
        await PublishAsync("app/1.0/a.txt", content: "checked");
        await foreach (var problem in server.Get<IntegrityCheck>().RunAsync(new CheckRequest(), progress: null, cancel))
            problem.Digest.ShouldNotBe(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("checked"u8)));
    }

    private async Task PublishAsync(string path, Project? into = null, string content = "content")
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{(into ?? project).Id}/packages/generic/{path}")
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(content)),
        };
        (await root.AskAsync(request, cancel)).Status.ShouldBe(201);
    }

    private async Task<long> FirstIdAsync() => (await root.AskAsync("GET", Packages, cancel)).Json[0].GetProperty("id").GetInt64();

    private async Task<string?[]> NamesAsync(string query) => Names(await root.AskAsync("GET", Packages + query, cancel));

    private async Task<string?[]> GroupNamesAsync(HttpClient client, string query) =>
        Names(await client.AskAsync("GET", $"/groups/{group.Id}/packages{query}", cancel));

    private static string?[] Names(Answer answer)
    {
        answer.Status.ShouldBe(200, answer.Text);
        return [.. answer.Json.EnumerateArray().Select(package => package.GetProperty("name").GetString())];
    }
}
