using Larder.Registry.Access;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class ConnectionTestsOnSqlite(SqliteServer fixture) : ConnectionTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class ConnectionTestsOnPostgres(PostgresServer fixture) : ConnectionTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Testing connections to upstreams: Maven contract section 4.</summary>
public abstract class ConnectionTests(LarderServer server) : IAsyncLifetime
{
    private const string Dummy = "/com/company/app/maven-metadata.xml";
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private RegistryWorld world = null!;

    public async ValueTask InitializeAsync() => world = await RegistryWorld.CreateAsync(server);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Theory]
    [InlineData(200, """{"success":true}""")]
    [InlineData(404, """{"success":true}""")]
    [InlineData(401, """{"success":false,"result":"Error: 401 - Unauthorized"}""")]
    [InlineData(403, """{"success":false,"result":"Error: 403 - Forbidden"}""")]
    [InlineData(410, """{"success":false,"result":"Error: 410 - Gone"}""")]
    public async Task Answer_of_the_upstream_is_judged(int status, string expected)
    {
        var registry = await world.AddRegistryAsync();
        var (upstream, id) = await world.AddUpstreamAsync(registry);
        upstream.Status(Dummy, status);
        var answer = await world.AskAsync("GET", $"/upstreams/{id}/test");
        (answer.Status, answer.Text).ShouldBe((200, expected));
        upstream.Requests.ShouldHaveSingleItem().Method.ShouldBe("HEAD");
    }

    [Fact]
    public async Task Upstream_is_tested_with_a_file_that_it_has_supplied()
    {
        var registry = await world.AddRegistryAsync();
        var (upstream, id) = await world.AddUpstreamAsync(registry);
        upstream.File("/" + Jar, "file"u8.ToArray());
        await world.CacheAsync(registry, Jar);
        upstream.ForgetRequests();
        (await world.AskAsync("GET", $"/upstreams/{id}/test")).Text.ShouldBe("""{"success":true}""");
        (await world.AskAsync("POST", $"/upstreams/{id}/test")).Text.ShouldBe("""{"success":true}""");
        upstream.Requests.Select(request => (request.Method, request.Path)).ShouldBe([("HEAD", "/" + Jar), ("HEAD", "/" + Jar)]);
    }

    [Fact]
    public async Task Another_address_is_not_told_which_files_are_here()
    {
        var registry = await world.AddRegistryAsync();
        var (upstream, id) = await world.AddUpstreamAsync(registry);
        var (elsewhere, url) = world.NewUpstream();
        upstream.File("/" + Jar, "file"u8.ToArray());
        await world.CacheAsync(registry, Jar);
        (await world.AskAsync("POST", $"/upstreams/{id}/test", new { url })).Text.ShouldBe("""{"success":true}""");
        elsewhere.Requests.ShouldHaveSingleItem().Path.ShouldBe(Dummy);
    }

    [Fact]
    public async Task Upstream_that_knows_no_HEAD_is_asked_by_GET()
    {
        var (upstream, id) = await world.AddUpstreamAsync(await world.AddRegistryAsync());
        upstream.On(Dummy, (request, answer) => answer.HeadAsync(request.Method == "HEAD" ? 405 : 200, ("Content-Length", "0")));
        (await world.AskAsync("GET", $"/upstreams/{id}/test")).Text.ShouldBe("""{"success":true}""");
    }

    [Fact]
    public async Task Upstream_that_is_gone_is_no_error_of_the_test()
    {
        var (upstream, id) = await world.AddUpstreamAsync(await world.AddRegistryAsync());
        upstream.Stop();
        for (var i = 0; i < 6; i++) // more often than a host fails before it rests
        {
            var answer = await world.AskAsync("GET", $"/upstreams/{id}/test");
            (answer.Status, answer["success"], answer["result"]).ShouldBe((200, "False", "Error: no connection: ConnectionRefused"));
        }
        upstream.Start();
        (await world.AskAsync("GET", $"/upstreams/{id}/test")).Text.ShouldBe("""{"success":true}""");
    }

    [Fact]
    public async Task Redirect_to_a_private_address_is_blocked()
    {
        var (upstream, id) = await world.AddUpstreamAsync(await world.AddRegistryAsync());
        server.Upstreams.Map("internal.example", "10.0.0.1", 1);
        upstream.Status(Dummy, 302, ("Location", "http://internal.example/"));
        (await world.AskAsync("GET", $"/upstreams/{id}/test"))["result"]!.ShouldStartWith("Error: URL is blocked: ");
    }

    [Fact]
    public async Task Address_is_tested_before_there_is_an_upstream()
    {
        var (upstream, url) = world.NewUpstream();
        upstream.On(Dummy, (request, answer) => answer.HeadAsync(
            request.Headers.GetValueOrDefault("authorization") == Basic("me:secret") ? 404 : 401, ("Content-Length", "0")));
        (await world.AskGroupAsync("POST", "/upstreams/test", new { url })).Text
            .ShouldBe("""{"success":false,"result":"Error: 401 - Unauthorized"}""");
        var good = await world.AskGroupAsync("POST", "/upstreams/test", new { url, username = "me", password = "secret" });
        (good.Status, good.Text).ShouldBe((200, """{"success":true}"""));
        server.Log.ShouldNotContain(line => line.Contains("secret", StringComparison.Ordinal));

        foreach (var (json, error) in new (object, string)[]
        {
            (new { }, """{"error":"url is missing"}"""),
            (new { url = "" }, """{"error":"url is empty"}"""),
            (new { url, username = "me" }, """{"error":"username, password provide all or none of parameters"}"""),
            (new { url = "http://127.0.0.1" }, """{"message":{"url":["is blocked: Requests to localhost are not allowed"]}}"""),
            (new { url = "http://nowhere.example" }, """{"message":{"url":["is blocked: Host cannot be resolved or invalid"]}}"""),
        })
        {
            var refused = await world.AskGroupAsync("POST", "/upstreams/test", json);
            (refused.Status, refused.Text).ShouldBe((400, error));
        }
        await world.AddUpstreamAsync(await world.AddRegistryAsync(), new { url, name = "saved" });
        (await world.AskGroupAsync("POST", "/upstreams/test", new { url })).Text
            .ShouldBe("""{"message":{"group":["already has a remote upstream with the same url and credentials"]}}""");
    }

    // Saved is me:one; "/elsewhere" is another URL.
    [Theory]
    [InlineData(null, null, null, "me:one at /")]
    [InlineData("/", null, null, "me:one at /")]
    [InlineData(null, "me", "", "me:one at /")]
    [InlineData(null, "me", null, "me:one at /")]
    [InlineData("/elsewhere", null, null, "nobody at /elsewhere")]
    [InlineData("/elsewhere", "me", null, """{"message":{"password":["can't be blank"]}}""")]
    [InlineData("/elsewhere", "you", "two", "you:two at /elsewhere")]
    [InlineData(null, "me", "two", "me:two at /")]
    [InlineData(null, "you", null, """{"message":{"password":["can't be blank"]}}""")]
    [InlineData(null, null, "two", """{"message":{"username":["can't be blank"]}}""")]
    [InlineData(null, "", "", "nobody at /")]
    public async Task Saved_upstream_is_tested_with_changes_by_the_table(string? path, string? username, string? password, string outcome)
    {
        var (upstream, url) = world.NewUpstream();
        var id = await world.AddUpstreamAsync(await world.AddRegistryAsync(), new { url, name = "saved", username = "me", password = "one" });
        var json = new Dictionary<string, string>();
        if (path is not null) json["url"] = url + path;
        if (username is not null) json["username"] = username;
        if (password is not null) json["password"] = password;
        var answer = await world.AskAsync("POST", $"/upstreams/{id}/test", json);
        if (outcome.StartsWith('{'))
        {
            (answer.Status, answer.Text).ShouldBe((400, outcome));
            upstream.Requests.ShouldBeEmpty();
            return;
        }
        answer.Text.ShouldBe("""{"success":true}""");
        var seen = upstream.Requests.ShouldHaveSingleItem();
        var sender = seen.Headers.TryGetValue("authorization", out var sent)
            ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(sent["Basic ".Length..])) : "nobody";
        $"{sender} at {seen.Path[..^Dummy.Length]}".TrimEnd('/').ShouldBe(outcome.TrimEnd('/'));
    }

    [Fact]
    public async Task Empty_url_is_refused()
    {
        var (_, id) = await world.AddUpstreamAsync(await world.AddRegistryAsync());
        (await world.AskAsync("POST", $"/upstreams/{id}/test", new { url = "" })).Text.ShouldBe("""{"error":"url is empty"}""");
    }

    [Fact]
    public async Task Guest_tests_what_is_saved_and_a_maintainer_any_address()
    {
        var (_, id) = await world.AddUpstreamAsync(await world.AddRegistryAsync());
        var (_, url) = world.NewUpstream();
        foreach (var (level, expected) in new[] { (AccessLevel.Guest, 403), (AccessLevel.Maintainer, 200) })
        {
            var user = await server.CreateUserAsync(cancel);
            await server.AddMemberAsync(world.Group, user, level, cancel);
            using var client = server.ClientFor(user);
            const string maven = "/virtual_registries/packages/maven";
            (await client.AskAsync("GET", $"{maven}/upstreams/{id}/test", cancel)).Status.ShouldBe(200);
            (await client.AskAsync("POST", $"{maven}/upstreams/{id}/test", cancel)).Status.ShouldBe(expected);
            (await client.AskAsync("POST", $"/groups/{world.Group.Id}/-{maven}/upstreams/test", cancel, new { url })).Status.ShouldBe(expected);
        }
    }

    private static string Basic(string pair) => "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(pair));
}
