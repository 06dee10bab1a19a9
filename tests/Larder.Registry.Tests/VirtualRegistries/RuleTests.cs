using Larder.Registry.Access;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class RuleTestsOnSqlite(SqliteServer fixture) : RuleTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class RuleTestsOnPostgres(PostgresServer fixture) : RuleTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Which files an upstream may supply: the routes of rules, and what they do to downloads.</summary>
public abstract class RuleTests(LarderServer server) : IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private const string Metadata = "org/acme/tool/maven-metadata.xml";
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
    public async Task Rule_is_made_read_changed_and_deleted()
    {
        var (_, id) = await world.AddUpstreamAsync(registry);
        var made = await AddAsync(id, "deny", "wildcard", "group_id", "org.acme*");
        made.Status.ShouldBe(201, made.Text);
        made.Json.EnumerateObject().Select(member => member.Name).ShouldBe(
            ["id", "upstream_id", "rule_type", "pattern_type", "target_coordinate", "pattern", "created_at", "updated_at"]);
        (await world.AskAsync("GET", $"/upstreams/{id}/rules")).Text.ShouldBe($"[{made.Text}]");
        (await world.AskAsync("GET", $"/upstreams/{id}/rules/{made["id"]}")).Text.ShouldBe(made.Text);
        var changed = await world.AskAsync("PATCH", $"/upstreams/{id}/rules/{made["id"]}", new { pattern_type = "regex", pattern = "^org" });
        (changed.Status, changed["rule_type"], changed["pattern_type"], changed["pattern"]).ShouldBe((200, "deny", "regex", "^org"));
        (await world.AskAsync("DELETE", $"/upstreams/{id}/rules/{made["id"]}")).Status.ShouldBe(204);
        (await world.AskAsync("GET", $"/upstreams/{id}/rules/{made["id"]}")).Status.ShouldBe(404);
        (await world.AskAsync("GET", $"/upstreams/{id}/rules")).Text.ShouldBe("[]");
    }

    [Fact]
    public async Task Rule_that_breaks_a_rule_is_refused_in_words()
    {
        var (_, id) = await world.AddUpstreamAsync(registry);
        foreach (var (json, error) in new (object, string)[]
        {
            (new { }, """{"error":"rule_type is missing, pattern_type is missing, target_coordinate is missing, pattern is missing"}"""),
            (Rule("x", "y", "z", "a"), """{"error":"rule_type does not have a valid value, pattern_type does not have a valid value, target_coordinate does not have a valid value"}"""),
            (Rule("deny", "wildcard", "version", " "), """{"error":"pattern is empty"}"""),
            (Rule("deny", "wildcard", "version", new string('a', 256)), """{"message":{"pattern":["is too long (maximum is 255 characters)"]}}"""),
            (Rule("deny", "regex", "version", "(a)\\1"), """{"message":{"pattern":["is not a regular expression that matches in linear time"]}}"""),
        })
        {
            var refused = await world.AskAsync("POST", $"/upstreams/{id}/rules", json);
            (refused.Status, refused.Text).ShouldBe((400, error));
        }
        var first = await AddAsync(id, "deny", "wildcard", "version", "1");
        (await AddAsync(id, "deny", "wildcard", "version", "1")).Text.ShouldBe("""{"message":{"pattern":["has already been taken"]}}""");
        for (var i = 2; i <= 20; i++) (await AddAsync(id, "deny", "wildcard", "version", $"{i}")).Status.ShouldBe(201);
        (await AddAsync(id, "deny", "wildcard", "version", "21")).Text
            .ShouldBe("""{"message":{"base":["Maximum of 20 rules per upstream has been reached"]}}""");
        (await world.AskAsync("PATCH", $"/upstreams/{id}/rules/{first["id"]}", new { })).Status.ShouldBe(400);
        (await world.AskAsync("PATCH", $"/upstreams/{id}/rules/{first["id"]}", new { pattern = "2" })).Text
            .ShouldBe("""{"message":{"pattern":["has already been taken"]}}""");
        (await world.AskAsync("PATCH", $"/upstreams/{id}/rules/{first["id"]}", new { rule_type = "x" })).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Rules_of_an_upstream_are_found_there_only_and_changed_by_maintainers()
    {
        var (_, one) = await world.AddUpstreamAsync(registry);
        var (_, two) = await world.AddUpstreamAsync(registry);
        var rule = (await AddAsync(one, "deny", "wildcard", "version", "1"))["id"];
        foreach (var method in new[] { "GET", "DELETE" })
        {
            (await world.AskAsync(method, $"/upstreams/{two}/rules/{rule}")).Status.ShouldBe(404);
            (await world.AskAsync(method, $"/upstreams/{one}/rules/x")).Text.ShouldBe("""{"error":"rule_id is invalid"}""");
        }
        var developer = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(world.Group, developer, AccessLevel.Developer, cancel);
        using var client = server.ClientFor(developer);
        var path = $"/virtual_registries/packages/maven/upstreams/{one}/rules";
        (await client.AskAsync("GET", path, cancel)).Status.ShouldBe(200);
        (await client.AskAsync("POST", path, cancel, Rule("deny", "wildcard", "version", "2"))).Status.ShouldBe(403);
        (await client.AskAsync("PATCH", $"{path}/{rule}", cancel, new { pattern = "2" })).Status.ShouldBe(403);
        (await client.AskAsync("DELETE", $"{path}/{rule}", cancel)).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Denied_upstream_is_passed_over_also_with_what_it_has_supplied_before()
    {
        var (one, oneId) = await world.AddUpstreamAsync(registry);
        var (two, _) = await world.AddUpstreamAsync(registry);
        one.File("/" + Jar, "one"u8.ToArray());
        two.File("/" + Jar, "two"u8.ToArray());
        await world.CacheAsync(registry, Jar);
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("one");

        var rule = (await AddAsync(oneId, "deny", "wildcard", "group_id", "org.acme"))["id"];
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("two");
        server.Log.ShouldContain(line => line.Contains($"4004 Upstream {oneId} (upstream) may not supply {Jar}: denied by rule {rule}", StringComparison.Ordinal));

        (await world.AskAsync("DELETE", $"/upstreams/{oneId}/rules/{rule}")).Status.ShouldBe(204);
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("one"); // no absence was learned from the denial
        one.Count("/" + Jar).ShouldBe(1);
    }

    [Fact]
    public async Task Denied_upstream_is_never_asked_and_a_file_that_all_may_not_supply_is_404()
    {
        var (one, oneId) = await world.AddUpstreamAsync(registry);
        one.File("/" + Jar, "one"u8.ToArray());
        await AddAsync(oneId, "allow", "wildcard", "group_id", "com.acme*");
        foreach (var path in new[] { Jar, Jar + ".sha1", Metadata }) (await world.GetAsync(registry, path)).Status.ShouldBe(404, path);
        one.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Denied_versions_are_left_out_of_that_upstreams_part_of_merged_metadata()
    {
        var (one, oneId) = await world.AddUpstreamAsync(registry);
        var (two, _) = await world.AddUpstreamAsync(registry);
        one.File("/" + Metadata, Document("1.0", "1.1", "2.0"));
        two.File("/" + Metadata, Document("0.9", "2.0"));
        (await VersionsAsync()).ShouldBe("1.0 1.1 2.0 0.9");

        var rule = (await AddAsync(oneId, "deny", "wildcard", "version", "1.1"))["id"];
        (await VersionsAsync()).ShouldBe("1.0 2.0 0.9");
        await world.AskAsync("PATCH", $"/upstreams/{oneId}/rules/{rule}", new { pattern = "*" });
        (await VersionsAsync()).ShouldBe("0.9 2.0");
    }

    [Fact]
    public async Task Newest_versions_of_filtered_metadata_are_of_those_that_stay()
    {
        var (one, oneId) = await world.AddUpstreamAsync(registry);
        one.File("/" + Metadata, Document("1.0", "2.0", "3.0-SNAPSHOT", "4.0"));
        await AddAsync(oneId, "deny", "wildcard", "version", "4.*");
        var text = (await world.GetAsync(registry, Metadata)).Text;
        text.ShouldContain("<latest>3.0-SNAPSHOT</latest>");
        text.ShouldContain("<release>2.0</release>");
        text.ShouldNotContain("4.0");
    }

    private async Task<string> VersionsAsync() => string.Join(' ', System.Xml.Linq.XDocument.Parse((await world.GetAsync(registry, Metadata)).Text)
        .Descendants("version").Select(version => version.Value));

    private static byte[] Document(params string[] versions) => new MavenMetadata
    {
        GroupId = "org.acme", ArtifactId = "tool", LastUpdated = "20260101000000", Versions = versions, Latest = versions[^1], Release = versions[^1],
    }.Write();

    private Task<Answer> AddAsync(long upstream, string ruleType, string patternType, string target, string pattern) =>
        world.AskAsync("POST", $"/upstreams/{upstream}/rules", Rule(ruleType, patternType, target, pattern));

    private static object Rule(string ruleType, string patternType, string target, string pattern) =>
        new { rule_type = ruleType, pattern_type = patternType, target_coordinate = target, pattern };
}
