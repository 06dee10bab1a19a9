using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class UploadTestsOnSqlite(SqliteServer fixture) : UploadTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class UploadTestsOnPostgres(PostgresServer fixture) : UploadTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>What is there for clients that look for it, and refused: Maven contract sections 3 and 6.2.</summary>
public abstract class UploadTests(LarderServer server) : IAsyncLifetime
{
    private const string Upload = "org/acme/tool/1.0/tool-1.0.jar/upload";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private RegistryWorld world = null!;
    private long registry;

    public async ValueTask InitializeAsync()
    {
        world = await RegistryWorld.CreateAsync(server);
        registry = await world.AddRegistryAsync();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Fact]
    public async Task Upload_is_forbidden_to_everybody()
    {
        var answer = await world.AskAsync("POST", $"/{registry}/{Upload}", new { file = "x" });
        (answer.Status, answer.Text).ShouldBe((403, """{"message":"403 Forbidden"}"""));
        using var nobody = server.ClientFor((string?)null);
        var anonymous = await nobody.AskAsync("POST", $"/virtual_registries/packages/maven/{registry}/{Upload}", cancel);
        (anonymous.Status, anonymous.Header("WWW-Authenticate")).ShouldBe((401, "Basic realm=\"GitLab Virtual Registry\""));
        (await world.AskAsync("POST", $"/999999/{Upload}")).Status.ShouldBe(404);
        (await world.AskAsync("POST", $"/{registry}/org//acme/upload")).Text.ShouldBe("""{"error":"path should be a valid file path"}""");
        (await world.AskAsync("POST", $"/{registry}/org/acme/tool.jar")).Text.ShouldBe("""{"error":"405 Not Allowed"}""");
        (await world.AskAsync("PUT", $"/{registry}/org/acme/tool.jar")).Text.ShouldBe("""{"error":"405 Not Allowed"}""");
    }

    [Fact]
    public async Task Local_upstream_gets_a_clear_answer()
    {
        var answer = await world.AskAsync("POST", $"/registries/{registry}/local/upstreams", new { name = "ours", local_project_id = 1 });
        (answer.Status, answer["message"]).ShouldBe(
            (501, "501 Not Implemented - local upstreams serve Maven packages of a project or group, and this server keeps none"));
        (await world.AskAsync("POST", "/registries/999999/local/upstreams", new { name = "ours" })).Status.ShouldBe(404);
        foreach (var method in new[] { "GET", "PATCH", "DELETE" })
            (await world.AskAsync(method, "/local/upstreams/1")).Text.ShouldBe("""{"message":"404 Not found"}""");
    }
}
