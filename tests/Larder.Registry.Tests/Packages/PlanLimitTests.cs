using System.Net.Sockets;
using System.Text;
using Larder.Registry.Packages;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class PlanLimitTestsOnSqlite(SqliteServer fixture) : PlanLimitTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class PlanLimitTestsOnPostgres(PostgresServer fixture) : PlanLimitTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Plan limits: generic-packages contract section 2.5.</summary>
public abstract class PlanLimitTests(LarderServer server) : IAsyncLifetime
{
    private const string Limits = "/application/plan_limits";
    private const string Refusal = "400 Bad request - File is too large";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    // The limits are of the whole server: each test begins with those of a fresh one.
    public async ValueTask InitializeAsync() => await SetAsync(5L << 30);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        root.Dispose();
        return default;
    }

    [Fact]
    public async Task Limits_are_those_of_a_fresh_GitLab()
    {
        var limits = (await root.AskAsync("GET", Limits, cancel)).Json;
        limits.EnumerateObject().Select(limit => limit.Name).ShouldBe(PlanLimits.Names);
        limits.GetProperty("generic_packages_max_file_size").GetInt64().ShouldBe(5368709120);
        limits.GetProperty("conan_max_file_size").GetInt64().ShouldBe(3221225472);
        limits.GetProperty("npm_max_file_size").GetInt64().ShouldBe(524288000);
        limits.GetProperty("helm_max_file_size").GetInt64().ShouldBe(5242880);
        limits.GetProperty("terraform_module_max_file_size").GetInt64().ShouldBe(1073741824);
        (await root.AskAsync("GET", $"{Limits}?plan_name=default", cancel)).Text.ShouldBe(limits.GetRawText());
    }

    [Fact]
    public async Task What_is_set_is_kept_and_the_rest_stays()
    {
        var changed = await root.AskAsync("PUT", Limits, cancel, new { plan_name = "default", generic_packages_max_file_size = 6_000_000_000, ci_pipeline_schedules = 7 });
        changed.Status.ShouldBe(200);
        (changed["generic_packages_max_file_size"], changed["ci_pipeline_schedules"], changed["npm_max_file_size"]).ShouldBe(("6000000000", "7", "524288000"));
        (await root.AskAsync("PUT", $"{Limits}?plan_name=default&ci_pipeline_schedules=10", cancel))["generic_packages_max_file_size"].ShouldBe("6000000000");
        (await root.AskAsync("GET", Limits, cancel))["ci_pipeline_schedules"].ShouldBe("10");
    }

    [Theory]
    [InlineData("""{"generic_packages_max_file_size":1}""", """{"error":"plan_name is missing"}""")]
    [InlineData("""{"plan_name":"gold"}""", """{"error":"plan_name does not have a valid value"}""")]
    [InlineData("""{"plan_name":"default","npm_max_file_size":"much"}""", """{"error":"npm_max_file_size is invalid"}""")]
    [InlineData("""{"plan_name":"default","npm_max_file_size":1,"generic_packages_max_file_size":-1}""", """{"message":{"generic_packages_max_file_size":["must be greater than or equal to 0"]}}""")]
    public async Task Limit_that_makes_no_sense_changes_nothing(string body, string error)
    {
        var before = (await root.AskAsync("GET", Limits, cancel)).Text;
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4{Limits}") { Content = new StringContent(body, null, "application/json") };
        var answer = await root.AskAsync(request, cancel);
        (answer.Status, answer.Text).ShouldBe((400, error));
        (await root.AskAsync("GET", Limits, cancel)).Text.ShouldBe(before);
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData(false, 403)]
    [InlineData(true, 200)]
    public async Task Limits_are_for_administrators(bool? admin, int status)
    {
        using var client = server.ClientFor(admin is null ? null : (await server.CreateUserAsync(cancel, admin: admin.Value)).Token);
        (await client.AskAsync("GET", Limits, cancel)).Status.ShouldBe(status);
        (await client.AskAsync("PUT", Limits, cancel, new { plan_name = "default", ci_active_jobs = 0 })).Status.ShouldBe(status);
    }

    [Fact]
    public async Task Unknown_plan_has_no_limits_to_show() =>
        (await root.AskAsync("GET", $"{Limits}?plan_name=gold", cancel)).Text.ShouldBe("""{"error":"plan_name does not have a valid value"}""");

    [Fact]
    public async Task Limit_holds_for_the_next_upload_and_0_is_none()
    {
        var project = await server.CreateProjectAsync(cancel);
        await SetAsync(5);
        (await root.PutFileAsync(project, "app/1/a.txt", "12345", cancel)).Status.ShouldBe(201);
        (await root.PutFileAsync(project, "app/1/b.txt", "123456", cancel))["message"].ShouldBe(Refusal);
        await SetAsync(6);
        (await root.PutFileAsync(project, "app/1/b.txt", "123456", cancel)).Status.ShouldBe(201);
        await SetAsync(0);
        (await root.PutFileAsync(project, "app/1/c.txt", new string('x', 100_000), cancel)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Endless_body_is_answered_once_it_is_over_the_limit()
    {
        var project = await server.CreateProjectAsync(cancel);
        await SetAsync(5);
        using var connection = new TcpClient();
        await connection.ConnectAsync(server.BaseAddress.Host, server.BaseAddress.Port, cancel);
        // Six bytes in one chunk, and no end after it.
        await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"PUT /api/v4/projects/{project.Id}/packages/generic/app/1/a.txt HTTP/1.1\r\nHost: x\r\n"
            + $"PRIVATE-TOKEN: {LarderServer.RootToken}\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n"), cancel);
        using var reader = new StreamReader(connection.GetStream());
        (await reader.ReadLineAsync(cancel)).ShouldBe("HTTP/1.1 400 Bad Request");
        (await root.GetFileAsync(project, "app/1/a.txt", cancel)).Status.ShouldBe(404);
    }

    private async Task SetAsync(long bytes) =>
        (await root.AskAsync("PUT", Limits, cancel, new { plan_name = "default", generic_packages_max_file_size = bytes })).Status.ShouldBe(200);
}
