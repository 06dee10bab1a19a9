using Larder.Testing;

namespace Larder.Registry.Tests.Access;

/// <summary>What access tokens that worked once are told, to the letter (generic-packages contract section 1.7).</summary>
public sealed class TokenStateTests : IAsyncLifetime
{
    private const string Expired = "Token is expired. You can either do re-authorization or token refresh.";
    private const string Revoked = "Token was revoked. You have to re-authorize from the user.";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private LarderServer server = null!;
    private World world = null!;

    public async ValueTask InitializeAsync()
    {
        server = await LarderServer.StartAsync(cancel);
        world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Theory]
    [InlineData("personal")]
    [InlineData("project")]
    public async Task Token_expires_at_midnight_utc(string kind)
    {
        var developer = world.Users["developer"];
        var path = kind == "personal" ? $"/users/{developer.Id}/personal_access_tokens" : $"/projects/{world.Project.Id}/access_tokens";
        var made = await server.ClientFor(LarderServer.RootToken).AskAsync(
            "POST", path, cancel, new { name = "t", scopes = new[] { "api" }, access_level = 30, expires_at = "2026-01-03" });
        var token = made["token"]!;
        server.Time.SetUtcNow(new DateTimeOffset(2026, 1, 2, 23, 59, 59, TimeSpan.Zero));
        (await world.AskAsync(Credentials.Header(token), "GET", world.File, cancel)).Status.ShouldBe(200);
        server.Time.SetUtcNow(new DateTimeOffset(2026, 1, 3, 0, 0, 0, TimeSpan.Zero));
        foreach (var credentials in new[] { Credentials.Header(token), Credentials.Bearer(token), Credentials.Basic("any", token), Credentials.Query(token) })
            await ShouldBeToldAsync(credentials, Expired);
        (await world.AskAsync(Credentials.Header(token), "DELETE", "/personal_access_tokens/self", cancel)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Revoked_token_is_told_so()
    {
        var developer = world.Users["developer"];
        (await server.ClientFor(developer).AskAsync("DELETE", "/personal_access_tokens/self", cancel)).Status.ShouldBe(204);
        await ShouldBeToldAsync(Credentials.Header(developer.Token), Revoked);
        var maven = await world.AskAsync(Credentials.Basic(developer.Username, developer.Token), "GET", world.Artifact, cancel);
        maven.Status.ShouldBe(401);
        maven.Header("WWW-Authenticate").ShouldBe("Basic realm=\"GitLab Virtual Registry\"");
    }

    [Fact]
    public async Task Token_of_too_little_scope_is_told_which_would_do()
    {
        var developer = world.Users["developer"];
        var token = await server.CreateTokenAsync(developer.Id, cancel, "read_user");
        async Task ShouldSayAsync(string method, string path, string scopes)
        {
            var refused = await world.AskAsync(Credentials.Header(token), method, path, cancel);
            refused.Status.ShouldBe(403);
            refused.Text.ShouldBe($$"""
                {"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"{{scopes}}"}
                """);
            refused.Header("WWW-Authenticate").ShouldBe("");
        }

        await ShouldSayAsync("GET", world.File, "api read_api");
        await ShouldSayAsync("PUT", world.File, "api");
        await ShouldSayAsync("GET", world.Artifact, "api read_api read_virtual_registry");
        // Before anything is looked up.
        await ShouldSayAsync("GET", "/projects/999999/packages", "api read_api");
    }

    private async Task ShouldBeToldAsync(Action<HttpRequestMessage> credentials, string description)
    {
        foreach (var (method, path) in new[] { ("GET", world.File), ("PUT", world.File), ("GET", $"/projects/{world.Project.Id}/packages") })
        {
            var refused = await world.AskAsync(credentials, method, path, cancel);
            refused.Status.ShouldBe(401);
            refused.Text.ShouldBe($$"""{"error":"invalid_token","error_description":"{{description}}"}""");
            refused.Header("WWW-Authenticate").ShouldStartWith("Bearer ");
        }
    }
}
