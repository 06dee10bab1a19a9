using Larder.Testing;

namespace Larder.Registry.Tests.Access;

/// <summary>What ends on one node of two on the same database ends on the other within five seconds.</summary>
public sealed class RevocationTests : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private LarderServer here = null!;
    private LarderServer there = null!;

    public async ValueTask InitializeAsync()
    {
        var database = await PostgresCluster.CreateDatabaseAsync();
        here = await LarderServer.StartAsync(cancel, database);
        there = await LarderServer.StartAsync(cancel, database);
    }

    public async ValueTask DisposeAsync()
    {
        await there.DisposeAsync();
        await here.DisposeAsync();
    }

    [Theory]
    [InlineData("personal access token", 401)]
    [InlineData("project access token", 401)]
    [InlineData("deploy token", 401)]
    [InlineData("job token", 401)]
    [InlineData("blocked user", 403)]
    [InlineData("membership", 404)]
    public async Task Ends_at_once_here_and_within_five_seconds_there(string what, int status)
    {
        var world = await World.CreateAsync(here, cancel);
        var root = here.ClientFor(LarderServer.RootToken);
        var (credential, method, path) = await PrepareAsync(world, root, what);
        foreach (var node in new[] { here, there }) (await PublishAsync(node, world, credential)).ShouldBe(201);
        (await root.AskAsync(method, path, cancel)).Status.ShouldBeOneOf(201, 204);
        (await PublishAsync(here, world, credential)).ShouldBe(status);
        there.Time.Advance(TimeSpan.FromSeconds(5));
        (await PublishAsync(there, world, credential)).ShouldBe(status);
    }

    // A credential that may publish, and the call that ends it.
    private async Task<(Action<HttpRequestMessage> Credential, string Method, string Path)> PrepareAsync(World world, HttpClient root, string what)
    {
        var developer = world.Users["developer"];
        var project = $"/projects/{world.Project.Id}";
        switch (what)
        {
            case "personal access token":
                var self = await here.ClientFor(developer).AskAsync("GET", "/personal_access_tokens/self", cancel);
                return (Credentials.Header(developer.Token), "DELETE", $"/personal_access_tokens/{self["id"]}");
            case "project access token":
                var access = await root.AskAsync("POST", $"{project}/access_tokens", cancel, new { name = "t", scopes = new[] { "api" }, access_level = 30 });
                return (Credentials.Header(access["token"]!), "DELETE", $"{project}/access_tokens/{access["id"]}");
            case "deploy token":
                var deploy = await root.AskAsync("POST", $"{project}/deploy_tokens", cancel, new { name = "t", scopes = new[] { "write_package_registry" } });
                return (Credentials.Deploy(deploy["token"]!), "DELETE", $"{project}/deploy_tokens/{deploy["id"]}");
            case "job token":
                var job = await root.AskAsync("POST", $"{project}/job_tokens", cancel, new { user_id = developer.Id });
                return (Credentials.Job(job["token"]!), "DELETE", $"{project}/job_tokens/{job["id"]}");
            case "blocked user":
                return (Credentials.Header(developer.Token), "POST", $"/users/{developer.Id}/block");
            default:
                return (Credentials.Header(developer.Token), "DELETE", $"/groups/{world.Group.Id}/members/{developer.Id}");
        }
    }

    private async Task<int> PublishAsync(LarderServer node, World world, Action<HttpRequestMessage> credential)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{node.BaseAddress}api/v4{world.File}") { Content = new StringContent("bytes") };
        credential(request);
        return (await node.ClientFor((string?)null).AskAsync(request, cancel)).Status;
    }
}
