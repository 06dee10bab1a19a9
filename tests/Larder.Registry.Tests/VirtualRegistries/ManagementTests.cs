using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class ManagementTestsOnSqlite(SqliteServer fixture) : ManagementTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class ManagementTestsOnPostgres(PostgresServer fixture) : ManagementTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Making and reading registries and upstreams: Maven contract sections 1.5 and 1.6.</summary>
public abstract class ManagementTests(LarderServer server) : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private Namespace group = null!;

    private string Registries => $"/groups/{group.Id}/-/virtual_registries/packages/maven/registries";

    public async ValueTask InitializeAsync()
    {
        group = await server.CreateGroupAsync(cancel);
        server.Upstreams.Map("repo.example", "203.0.113.7", 1);
        server.Upstreams.Map("repo1.maven.org", "203.0.113.8", 1);
        server.Upstreams.Map("internal.example", "10.0.0.1", 1);
        server.Upstreams.Map("metadata.example", "169.254.169.254", 1);
        server.Upstreams.Map("localhost", "127.0.0.1", 1);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        root.Dispose();
        return default;
    }

    [Fact]
    public async Task Registry_is_made_listed_and_read_with_its_upstreams()
    {
        var made = await root.AskAsync("POST", Registries, cancel, new { name = "maven", description = "all of it" });
        made.Status.ShouldBe(201);
        made.Json.EnumerateObject().Select(member => member.Name).ShouldBe(["id", "group_id", "name", "description", "created_at", "updated_at"]);
        (made["group_id"], made["name"], made["description"]).ShouldBe(($"{group.Id}", "maven", "all of it"));
        (await root.AskAsync("GET", Registries, cancel)).Text.ShouldBe($"[{made.Text}]");
        (await root.AskAsync("GET", Registries.Replace($"{group.Id}", group.FullPath, StringComparison.Ordinal), cancel)).Json.GetArrayLength().ShouldBe(1);

        var upstream = await AddUpstreamAsync(made["id"]!, new { url = "http://repo.example", name = "repo" });
        var read = await root.AskAsync("GET", $"/virtual_registries/packages/maven/registries/{made["id"]}", cancel);
        var place = read.Json.GetProperty("registry_upstreams").EnumerateArray().ShouldHaveSingleItem();
        (place.GetProperty("upstream_id").ToString(), place.GetProperty("position").GetInt32()).ShouldBe((upstream["id"], 1));
    }

    [Fact]
    public async Task Registry_breaks_no_rule_of_its_group()
    {
        (await root.AskAsync("POST", Registries, cancel, new { })).Text.ShouldBe("""{"error":"name is missing"}""");
        (await root.AskAsync("POST", Registries, cancel, new { name = " " })).Text.ShouldBe("""{"error":"name is empty"}""");
        (await root.AskAsync("POST", Registries, cancel, new { name = new string('a', 256) })).Status.ShouldBe(400);
        (await root.AskAsync("POST", Registries, cancel, new { name = "a", description = new string('a', 1025) })).Status.ShouldBe(400);
        await CreateRegistryAsync("a");
        (await root.AskAsync("POST", Registries, cancel, new { name = "a" })).Text.ShouldBe("""{"message":{"name":["has already been taken"]}}""");
        for (var i = 1; i < 20; i++) await CreateRegistryAsync($"a{i}");
        (await root.AskAsync("POST", Registries, cancel, new { name = "one too many" })).Text
            .ShouldBe("""{"message":{"base":["20 registries is the maximum allowed per top-level group."]}}""");
    }

    [Fact]
    public async Task Registries_belong_to_top_level_groups()
    {
        var inner = await server.CreateGroupAsync(cancel, parent: group);
        (await root.AskAsync("GET", $"/groups/{inner.Id}/-/virtual_registries/packages/maven/registries", cancel)).Status.ShouldBe(403);
        (await root.AskAsync("GET", "/groups/foo/-/virtual_registries/packages/maven/registries", cancel)).Text.ShouldBe("""{"message":"404 Group Not Found"}""");
        (await root.AskAsync("GET", "/virtual_registries/packages/maven/registries/999999", cancel)).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await root.AskAsync("GET", "/virtual_registries/packages/maven/registries/x", cancel)).Text.ShouldBe("""{"error":"id is invalid"}""");
    }

    [Fact]
    public async Task Upstream_has_its_shape_its_place_and_no_password()
    {
        var registry = await CreateRegistryAsync("maven");
        var made = await AddUpstreamAsync(registry, new { url = " HTTP://Repo.Example:80/maven2// ", name = "repo", description = "d", username = "me", password = "secret", cache_validity_hours = 48, metadata_cache_validity_hours = 1 });
        made.Status.ShouldBe(201, made.Text);
        (made["url"], made["username"], made["cache_validity_hours"], made["metadata_cache_validity_hours"])
            .ShouldBe(("http://repo.example/maven2", "me", "48", "1"));
        made.Json.GetProperty("registry_upstream").GetProperty("position").GetInt32().ShouldBe(1);
        var read = await root.AskAsync("GET", $"/virtual_registries/packages/maven/upstreams/{made["id"]}", cancel);
        read.Json.GetProperty("registry_upstreams").GetArrayLength().ShouldBe(1);
        foreach (var text in new[] { made.Text, read.Text }) text.ShouldNotContain("secret");
        server.Log.ShouldNotContain(line => line.Contains("secret", StringComparison.Ordinal));
        var row = await server.Get<UpstreamStore>().FindAsync(long.Parse(made["id"]!, System.Globalization.CultureInfo.InvariantCulture), cancel);
        row!.Password!.ShouldNotContain("secret");
        server.Get<UpstreamPasswords>().Reveal(row.Password).ShouldBe("secret");
    }

    [Fact]
    public async Task Upstreams_are_listed_by_position_up_to_twenty()
    {
        var registry = await CreateRegistryAsync("maven");
        for (var i = 1; i <= 20; i++)
            (await AddUpstreamAsync(registry, new { url = $"http://repo.example/{i}", name = $"{i}" })).Json.GetProperty("registry_upstream").GetProperty("position").GetInt32().ShouldBe(i);
        (await AddUpstreamAsync(registry, new { url = "http://repo.example/21", name = "21" })).Text
            .ShouldBe("""{"message":{"registry_upstreams.position":["must be less than or equal to 20"]}}""");
        (await root.AskAsync("GET", $"/virtual_registries/packages/maven/registries/{registry}/upstreams", cancel)).Json.EnumerateArray()
            .Select(upstream => upstream.GetProperty("name").GetString()).ShouldBe(Enumerable.Range(1, 20).Select(i => $"{i}"));
    }

    [Theory]
    [InlineData("""{"name":"a"}""", """{"error":"url is missing"}""")]
    [InlineData("""{"url":"http://repo.example"}""", """{"error":"name is missing"}""")]
    [InlineData("""{"url":"","name":""}""", """{"error":"url is empty, name is empty"}""")]
    [InlineData("""{"url":"http://repo.example","name":"a","username":"me"}""", """{"error":"username, password provide all or none of parameters"}""")]
    [InlineData("""{"url":"http://repo.example","name":"a","username":"me","password":""}""", """{"message":{"password":["can't be blank"]}}""")]
    [InlineData("""{"url":"http://repo.example","name":"a","username":"","password":"x"}""", """{"message":{"username":["can't be blank"]}}""")]
    [InlineData("""{"url":"http://repo.example","name":"a","cache_validity_hours":-1}""", """{"message":{"cache_validity_hours":["must be greater than or equal to 0"]}}""")]
    [InlineData("""{"url":"http://repo.example","name":"a","metadata_cache_validity_hours":0}""", """{"message":{"metadata_cache_validity_hours":["must be greater than 0"]}}""")]
    [InlineData("""{"url":"http://repo.example","name":"a","cache_validity_hours":"x"}""", """{"error":"cache_validity_hours is invalid"}""")]
    [InlineData("{", """{"error":"The request body is not valid JSON, url is missing, name is missing"}""")]
    public async Task Upstream_that_breaks_a_rule_is_refused_in_words(string body, string error)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v4/virtual_registries/packages/maven/registries/{await CreateRegistryAsync("maven")}/upstreams")
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
        };
        var answer = await root.AskAsync(request, cancel);
        (answer.Status, answer.Text).ShouldBe((400, error));
    }

    [Theory]
    [InlineData("ftp://repo.example", "is blocked: Only allowed schemes are http, https")]
    [InlineData("repo.example", "must be a valid URL")]
    [InlineData("http://", "must be a valid URL")]
    [InlineData("http://<b>.example", "must be a valid URL")]
    [InlineData("http://user:word@repo.example", "must be a valid URL")]
    [InlineData("http://repo.example/?a=b", "must be a valid URL")]
    [InlineData("http://localhost/maven2", "is blocked: Requests to localhost are not allowed")]
    [InlineData("http://127.0.0.1:8080", "is blocked: Requests to localhost are not allowed")]
    [InlineData("http://2130706433/", "is blocked: Requests to localhost are not allowed")]
    [InlineData("http://[::1]/", "is blocked: Requests to localhost are not allowed")]
    [InlineData("http://internal.example", "is blocked: Requests to the local network are not allowed")]
    [InlineData("http://192.168.1.1", "is blocked: Requests to the local network are not allowed")]
    [InlineData("http://[fd00::1]", "is blocked: Requests to the local network are not allowed")]
    [InlineData("http://metadata.example", "is blocked: Requests to the link local network are not allowed")]
    [InlineData("http://nowhere.example", "is blocked: Host cannot be resolved or invalid")]
    public async Task Url_that_breaks_a_rule_is_refused_in_words(string url, string problem) =>
        (await AddUpstreamAsync(await CreateRegistryAsync("maven"), new { url, name = "a" })).Json.GetProperty("message").GetProperty("url")[0]
            .GetString().ShouldBe(problem);

    [Fact]
    public async Task Same_url_and_credentials_are_taken_once_in_a_group()
    {
        var registry = await CreateRegistryAsync("maven");
        await AddUpstreamAsync(registry, new { url = "http://repo.example/a", name = "a", username = "me", password = "one" });
        foreach (var url in new[] { "http://repo.example/a", "https://repo.example/a/" })
            (await AddUpstreamAsync(registry, new { url, name = "b", username = "me", password = "one" })).Text
                .ShouldBe("""{"message":{"group":["already has a remote upstream with the same url and credentials"]}}""");
        (await AddUpstreamAsync(registry, new { url = "http://repo.example/a", name = "b", username = "me", password = "two" })).Status.ShouldBe(201);
        (await AddUpstreamAsync(registry, new { url = "http://repo.example/a", name = "b" })).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Maven_Central_is_valid_for_ever()
    {
        var made = await AddUpstreamAsync(await CreateRegistryAsync("maven"), new { url = "https://repo1.maven.org/maven2", name = "Central", cache_validity_hours = 5 });
        made["cache_validity_hours"].ShouldBe("0");
        made["metadata_cache_validity_hours"].ShouldBe("24");
    }

    [Fact]
    public async Task Guests_read_and_maintainers_manage()
    {
        var registry = await CreateRegistryAsync("maven");
        foreach (var (level, read, write) in new[] { (AccessLevel.Guest, 200, 403), (AccessLevel.Developer, 200, 403), (AccessLevel.Maintainer, 200, 201) })
        {
            var user = await server.CreateUserAsync(cancel);
            await server.AddMemberAsync(group, user, level, cancel);
            using var client = server.ClientFor(user);
            (await client.AskAsync("GET", $"/virtual_registries/packages/maven/registries/{registry}", cancel)).Status.ShouldBe(read, $"{level}");
            (await client.AskAsync("POST", Registries, cancel, new { name = $"{level}" })).Status.ShouldBe(write, $"{level}");
        }
        using var nobody = server.ClientFor((string?)null);
        (await nobody.AskAsync("GET", Registries, cancel)).Text.ShouldBe("""{"message":"401 Unauthorized"}""");
        using var stranger = server.ClientFor(await server.CreateUserAsync(cancel));
        (await stranger.AskAsync("GET", Registries, cancel)).Text.ShouldBe("""{"message":"404 Group Not Found"}""");
    }

    private async Task<string> CreateRegistryAsync(string name)
    {
        var made = await root.AskAsync("POST", Registries, cancel, new { name });
        made.Status.ShouldBe(201, made.Text);
        return made["id"]!;
    }

    private Task<Answer> AddUpstreamAsync(string registry, object upstream) =>
        root.AskAsync("POST", $"/virtual_registries/packages/maven/registries/{registry}/upstreams", cancel, upstream);
}
