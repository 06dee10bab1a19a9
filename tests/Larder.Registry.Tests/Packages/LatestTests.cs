using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class LatestTestsOnSqlite(SqliteServer fixture) : LatestTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class LatestTestsOnPostgres(PostgresServer fixture) : LatestTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary><c>latest</c> in place of a version, when a file is fetched: Larder's own.</summary>
public abstract class LatestTests(LarderServer server) : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private Project project = null!;

    public async ValueTask InitializeAsync() => project = await server.CreateProjectAsync(cancel);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        root.Dispose();
        return default;
    }

    [Fact]
    public async Task Latest_is_the_version_created_last_whatever_its_number()
    {
        await PublishAsync("2.0", "10.0", "1.9");
        await root.PutFileAsync(project, "app/2.0/later.txt", "x", cancel); // a file that comes later makes no version newer
        var latest = await root.GetFileAsync(project, "app/latest/dir/a.txt", cancel);
        (latest.Status, latest.Text).ShouldBe((200, "1.9"));
        latest.Header("Content-Location").ShouldBe($"{server.BaseAddress}api/v4/projects/{project.Id}/packages/generic/app/1.9/dir/a.txt");
        latest.Header("Cache-Control").ShouldBe("no-cache");
        (await root.GetFileAsync(project, "app/latest/dir%2Fa.txt", cancel)).Text.ShouldBe("1.9");

        var head = await root.AskAsync("HEAD", $"/projects/{project.Id}/packages/generic/app/latest/dir/a.txt", cancel);
        (head.Status, head.Header("Content-Length"), head.Header("Content-Location")).ShouldBe((200, "3", latest.Header("Content-Location")));
        (await root.GetFileAsync(project, "app/1.9/dir/a.txt", cancel)).Header("Content-Location").ShouldBe("");
    }

    [Fact]
    public async Task Versions_of_one_instant_are_told_apart_by_their_order()
    {
        foreach (var version in new[] { "1.0", "2.0" }) await root.PutFileAsync(project, $"app/{version}/dir/a.txt", version, cancel);
        (await LatestAsync()).ShouldBe("2.0");
    }

    [Fact]
    public async Task Hidden_version_becomes_the_latest_when_it_is_shown()
    {
        await PublishAsync("1.0", "2.0?status=hidden");
        (await LatestAsync()).ShouldBe("1.0");
        await root.PutFileAsync(project, "app/2.0/done?status=default", "", cancel);
        (await LatestAsync()).ShouldBe("2.0?status=hidden");
    }

    [Theory]
    [InlineData("deprecated")]
    [InlineData("error")]
    [InlineData("pending_destruction")]
    public async Task Version_of_another_status_than_default_is_passed_over(string status)
    {
        await PublishAsync("1.0", "2.0");
        await server.Get<Database>().WriteAsync(session => session.ExecuteAsync(
            "update packages set status = @status where project_id = @Id and version = '2.0'", new { status, project.Id }), cancel);
        (await LatestAsync()).ShouldBe("1.0");
    }

    [Fact]
    public async Task File_that_the_latest_version_lacks_is_404()
    {
        await PublishAsync("1.0");
        await root.PutFileAsync(project, "app/2.0/other.txt", "x", cancel);
        (await root.GetFileAsync(project, "app/latest/dir/a.txt", cancel)).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await root.GetFileAsync(project, "nothing/latest/dir/a.txt", cancel)).Text.ShouldBe("""{"message":"404 Not found"}""");
    }

    [Fact]
    public async Task Version_that_is_really_called_latest_goes_before()
    {
        await PublishAsync("latest", "1.0");
        (await LatestAsync()).ShouldBe("latest");
        (await root.AskAsync("DELETE", $"/projects/{project.Id}/packages/{await root.PackageIdAsync(project, "app", "latest", cancel)}", cancel)).Status.ShouldBe(204);
        (await LatestAsync()).ShouldBe("1.0");
    }

    [Fact]
    public async Task Latest_asks_for_the_same_rights_as_the_version_itself()
    {
        await PublishAsync("1.0");
        using var nobody = server.ClientFor((string?)null);
        (await nobody.GetFileAsync(project, "app/latest/dir/a.txt", cancel)).Status.ShouldBe(401);
        using var stranger = server.ClientFor(await server.CreateUserAsync(cancel));
        (await stranger.GetFileAsync(project, "app/latest/dir/a.txt", cancel)).Status.ShouldBe(404);
    }

    private async Task<string> LatestAsync() => (await root.GetFileAsync(project, "app/latest/dir/a.txt", cancel)).Text;

    private async Task PublishAsync(params string[] versions)
    {
        foreach (var version in versions)
        {
            var (number, query) = version.Split('?') is [var before, var after] ? (before, "?" + after) : (version, "");
            (await root.PutFileAsync(project, $"app/{number}/dir/a.txt{query}", version, cancel)).Status.ShouldBe(201);
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
