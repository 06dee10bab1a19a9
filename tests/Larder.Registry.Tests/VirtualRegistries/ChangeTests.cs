using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.VirtualRegistries;
using Larder.Storage.Upstreams;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class ChangeTestsOnSqlite(SqliteServer fixture) : ChangeTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class ChangeTestsOnPostgres(PostgresServer fixture) : ChangeTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Changing, purging and deleting registries and upstreams: Maven contract sections 1.5 and 1.6.</summary>
public abstract class ChangeTests(LarderServer server) : IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private RegistryWorld world = null!;

    public async ValueTask InitializeAsync()
    {
        world = await RegistryWorld.CreateAsync(server);
        server.Upstreams.Map("repo.example", "203.0.113.7", 1);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Fact]
    public async Task Registry_is_changed()
    {
        var registry = await world.AddRegistryAsync();
        (await world.AskGroupAsync("POST", "/registries", new { name = "taken" })).Status.ShouldBe(201);
        server.Time.Advance(TimeSpan.FromSeconds(5));
        var changed = await world.AskAsync("PATCH", $"/registries/{registry}", new { name = "other", description = "text" });
        (changed.Status, changed.Text).ShouldBe((200, "200"));
        (await world.AskAsync("PATCH", $"/registries/{registry}", new { metadata_strategy = "first" })).Status.ShouldBe(200);
        var read = await world.AskAsync("GET", $"/registries/{registry}");
        (read["name"], read["description"], read["metadata_strategy"]).ShouldBe(("other", "text", "first"));
        read["updated_at"].ShouldNotBe(read["created_at"]);

        foreach (var (json, error) in new (object, string)[]
        {
            (new { }, """{"error":"name, description are missing, at least one parameter must be provided"}"""),
            (new { name = " " }, """{"error":"name is empty"}"""),
            (new { description = "" }, """{"error":"description is empty"}"""),
            (new { name = "taken" }, """{"message":{"name":["has already been taken"]}}"""),
            (new { name = new string('a', 256) }, """{"message":{"name":["is too long (maximum is 255 characters)"]}}"""),
        })
        {
            var refused = await world.AskAsync("PATCH", $"/registries/{registry}", json);
            (refused.Status, refused.Text).ShouldBe((400, error));
        }
        (await world.AskAsync("PATCH", "/registries/999999", new { name = "a" })).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Registry_goes_with_the_upstreams_that_it_alone_has()
    {
        var (registry, other) = (await world.AddRegistryAsync(), await world.AddRegistryAsync());
        var (own, ownId) = await world.AddUpstreamAsync(registry);
        var (_, sharedId) = await world.AddUpstreamAsync(registry);
        await world.AskAsync("POST", "/registry_upstreams", new { registry_id = other, upstream_id = sharedId });
        own.File("/" + Jar, "file"u8.ToArray());
        await world.CacheAsync(registry, Jar);

        (await world.AskAsync("DELETE", $"/registries/{registry}")).Status.ShouldBe(204);
        (await world.AskAsync("GET", $"/registries/{registry}")).Status.ShouldBe(404);
        (await world.GetAsync(registry, Jar)).Status.ShouldBe(404);
        (await world.AskAsync("GET", $"/upstreams/{ownId}")).Status.ShouldBe(404);
        (await world.AskAsync("GET", $"/upstreams/{sharedId}")).Json.GetProperty("registry_upstreams").GetArrayLength().ShouldBe(1);
        (await world.AskAsync("DELETE", $"/registries/{registry}")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Deletion_is_refused_when_the_row_has_changed_since()
    {
        var registry = await world.AddRegistryAsync();
        var (_, upstream) = await world.AddUpstreamAsync(registry);
        foreach (var path in new[] { $"/upstreams/{upstream}", $"/registries/{registry}" })
        {
            var refused = await DeleteAsync(path, server.Time.GetUtcNow().AddMinutes(-1));
            (refused.Status, refused.Text).ShouldBe((412, """{"message":"412 Precondition Failed"}"""));
            (await DeleteAsync(path, server.Time.GetUtcNow())).Status.ShouldBe(204);
        }
    }

    [Fact]
    public async Task Purge_empties_an_upstream_and_what_was_learned_from_it()
    {
        var registry = await world.AddRegistryAsync();
        var (upstream, id) = await world.AddUpstreamAsync(registry);
        upstream.File("/" + Jar, "old"u8.ToArray());
        await world.CacheAsync(registry, Jar);
        (await world.GetAsync(registry, "org/acme/none.jar")).Status.ShouldBe(404);
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("old");

        upstream.File("/" + Jar, "new"u8.ToArray());
        upstream.File("/org/acme/none.jar", "now"u8.ToArray());
        (await world.AskAsync("DELETE", $"/upstreams/{id}/cache")).Status.ShouldBe(204);
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("new");
        (await world.GetAsync(registry, "org/acme/none.jar")).Text.ShouldBe("now");
    }

    [Fact]
    public async Task Purge_of_a_registry_spares_upstreams_that_others_have_too()
    {
        var (registry, other) = (await world.AddRegistryAsync(), await world.AddRegistryAsync());
        var (shared, sharedId) = await world.AddUpstreamAsync(registry);
        var (own, _) = await world.AddUpstreamAsync(registry);
        await world.AskAsync("POST", "/registry_upstreams", new { registry_id = other, upstream_id = sharedId });
        shared.File("/org/acme/shared.jar", "1"u8.ToArray());
        own.File("/org/acme/own.jar", "1"u8.ToArray());
        await world.CacheAsync(registry, "org/acme/shared.jar");
        await world.CacheAsync(registry, "org/acme/own.jar");

        (await world.AskAsync("DELETE", $"/registries/{registry}/cache")).Status.ShouldBe(204);
        await world.CacheAsync(registry, "org/acme/shared.jar");
        await world.CacheAsync(registry, "org/acme/own.jar");
        (shared.Count("/org/acme/shared.jar"), own.Count("/org/acme/own.jar")).ShouldBe((1, 2));
    }

    [Theory]
    [InlineData("purge")]
    [InlineData("move")]
    [InlineData("delete")]
    public async Task Download_that_runs_across_a_change_of_its_upstream_leaves_no_entry(string change)
    {
        var registry = await world.AddRegistryAsync();
        var (upstream, id) = await world.AddUpstreamAsync(registry);
        var (elsewhere, url) = world.NewUpstream();
        var (asked, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        upstream.On("/" + Jar, async (_, answer) =>
        {
            asked.TrySetResult();
            await goOn.Task;
            await answer.HeadAsync(200, ("Content-Length", "3"));
            await answer.BodyAsync("old"u8.ToArray());
        });
        var running = world.GetAsync(registry, Jar);
        await asked.Task;
        (change switch
        {
            "purge" => await world.AskAsync("DELETE", $"/upstreams/{id}/cache"),
            "move" => await world.AskAsync("PATCH", $"/upstreams/{id}", new { url }),
            _ => await world.AskAsync("DELETE", $"/upstreams/{id}"),
        }).Status.ShouldBeOneOf(200, 204);

        // Who comes now does not join the download from before.
        upstream.File("/" + Jar, "new"u8.ToArray());
        elsewhere.File("/" + Jar, "new"u8.ToArray());
        var next = await world.GetAsync(registry, Jar);
        if (change == "delete") next.Status.ShouldBe(400);
        else next.Text.ShouldBe("new");
        goOn.SetResult();
        (await running).Text.ShouldBe("old");
        await Eventually.UntilAsync(() => server.Get<Downloads>().Snapshot().All(download => download.Key.UpstreamId != id));
        if (change == "delete")
            (await world.CandidatesAsync(registry, Jar)).ShouldBeEmpty();
        else
            (await world.GetAsync(registry, Jar)).Text.ShouldBe("new");
        var rows = await server.Get<Database>().ReadAsync(session => session.SingleAsync<long>(
            "select count(*) from maven_cache_entries where upstream_id = @Id", new { Id = id }), cancel);
        rows.ShouldBe(change == "delete" ? 0 : 1);
    }

    [Fact]
    public async Task Absence_that_was_asked_for_before_a_purge_is_not_remembered_after_it()
    {
        var registry = await world.AddRegistryAsync();
        var (one, oneId) = await world.AddUpstreamAsync(registry);
        var (two, _) = await world.AddUpstreamAsync(registry);
        var (asked, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        two.On("/" + Jar, async (_, answer) =>
        {
            asked.TrySetResult();
            await goOn.Task;
            await answer.HeadAsync(200, ("Content-Length", "3"));
            await answer.BodyAsync("two"u8.ToArray());
        });
        var running = world.GetAsync(registry, Jar);
        await asked.Task;
        one.File("/" + Jar, "one"u8.ToArray());
        (await world.AskAsync("DELETE", $"/upstreams/{oneId}/cache")).Status.ShouldBe(204);
        goOn.SetResult();
        (await running).Text.ShouldBe("two");
        await Eventually.UntilAsync(async () => (await world.CandidatesAsync(registry, Jar))[1].Entry is not null);
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("one");
    }

    [Fact]
    public async Task Upstream_is_changed_and_the_change_counts_at_once()
    {
        var registry = await world.AddRegistryAsync();
        var (upstream, id) = await world.AddUpstreamAsync(registry);
        upstream.File("/" + Jar, "old"u8.ToArray());
        await world.CacheAsync(registry, Jar);

        var renamed = await world.AskAsync("PATCH", $"/upstreams/{id}", new { name = "other", description = "", cache_validity_hours = 72, metadata_cache_validity_hours = 2 });
        (renamed.Status, renamed.Text).ShouldBe((200, "200"));
        var read = await world.AskAsync("GET", $"/upstreams/{id}");
        (read["name"], read["description"], read["cache_validity_hours"], read["metadata_cache_validity_hours"]).ShouldBe(("other", "", "72", "2"));
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("old");
        upstream.Count("/" + Jar).ShouldBe(1);

        var (elsewhere, url) = world.NewUpstream();
        elsewhere.File("/" + Jar, "new"u8.ToArray());
        (await world.AskAsync("PATCH", $"/upstreams/{id}", new { url })).Status.ShouldBe(200);
        (await world.GetAsync(registry, Jar)).Text.ShouldBe("new");
    }

    [Fact]
    public async Task Other_credentials_void_what_the_upstream_said_it_had_not()
    {
        var registry = await world.AddRegistryAsync();
        var (upstream, id) = await world.AddUpstreamAsync(registry);
        upstream.On("/" + Jar, (request, answer) => answer.HeadAsync(
            request.Headers.ContainsKey("authorization") ? 200 : 404, ("Content-Length", "0")));
        (await world.GetAsync(registry, Jar)).Status.ShouldBe(404);
        (await world.AskAsync("PATCH", $"/upstreams/{id}", new { username = "me", password = "secret" })).Status.ShouldBe(200);
        (await world.GetAsync(registry, Jar)).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("""{}""", """{"error":"name, description, url, username, password, cache_validity_hours, metadata_cache_validity_hours, verify_checksum_files are missing, at least one parameter must be provided"}""")]
    [InlineData("""{"name":""}""", """{"error":"name is empty"}""")]
    [InlineData("""{"url":" "}""", """{"error":"url is empty"}""")]
    [InlineData("""{"url":"ftp://repo.example"}""", """{"message":{"url":["is blocked: Only allowed schemes are http, https"]}}""")]
    [InlineData("""{"url":"http://nowhere.example"}""", """{"message":{"url":["is blocked: Host cannot be resolved or invalid"]}}""")]
    [InlineData("""{"metadata_cache_validity_hours":0}""", """{"message":{"metadata_cache_validity_hours":["must be greater than 0"]}}""")]
    [InlineData("""{"cache_validity_hours":"x"}""", """{"error":"cache_validity_hours is invalid"}""")]
    public async Task Change_that_breaks_a_rule_is_refused_in_words(string json, string error)
    {
        var (_, id) = await world.AddUpstreamAsync(await world.AddRegistryAsync());
        var answer = await world.AskAsync("PATCH", $"/upstreams/{id}", System.Text.Json.JsonDocument.Parse(json).RootElement);
        (answer.Status, answer.Text).ShouldBe((400, error));
    }

    // What the upstream has at first is me:one, at http://repo.example/a.
    [Theory]
    [InlineData("""{"url":"http://repo.example/b"}""", ":")]
    [InlineData("""{"url":"http://repo.example/b","username":"you"}""", ":")]
    [InlineData("""{"url":"http://repo.example/b","password":"two"}""", ":")]
    [InlineData("""{"url":"http://repo.example/b","username":"you","password":"two"}""", "you:two")]
    [InlineData("""{"url":"http://repo.example/b","username":"me","password":"two"}""", "me:two")]
    [InlineData("""{"url":"http://repo.example/b","username":"you","password":""}""", """{"message":{"password":["can't be blank"]}}""")]
    [InlineData("""{"url":"HTTP://repo.example:80/a/"}""", "me:one")]
    [InlineData("""{"name":"other"}""", "me:one")]
    [InlineData("""{"username":"me"}""", "me:one")]
    [InlineData("""{"username":"me","password":""}""", "me:one")]
    [InlineData("""{"username":"me","password":"two"}""", "me:two")]
    [InlineData("""{"username":"you","password":"two"}""", "you:two")]
    [InlineData("""{"username":"you"}""", """{"message":{"password":["can't be blank"]}}""")]
    [InlineData("""{"password":"two"}""", "me:two")]
    [InlineData("""{"password":""}""", "me:one")]
    [InlineData("""{"username":"","password":"two"}""", """{"message":{"username":["can't be blank"]}}""")]
    [InlineData("""{"username":""}""", """{"message":{"username":["can't be blank"]}}""")]
    [InlineData("""{"username":"","password":""}""", ":")]
    public async Task Credentials_change_by_the_table(string json, string outcome)
    {
        var id = await world.AddUpstreamAsync(await world.AddRegistryAsync(),
            new { url = "http://repo.example/a", name = "repo", username = "me", password = "one" });
        var answer = await world.AskAsync("PATCH", $"/upstreams/{id}", System.Text.Json.JsonDocument.Parse(json).RootElement);
        if (outcome.StartsWith('{'))
        {
            (answer.Status, answer.Text).ShouldBe((400, outcome));
            outcome = "me:one";
        }
        var row = await server.Get<UpstreamStore>().FindAsync(id, cancel);
        $"{row!.Username}:{server.Get<UpstreamPasswords>().Reveal(row.Password)}".ShouldBe(outcome);
    }

    [Fact]
    public async Task Password_alone_needs_a_username()
    {
        var (_, id) = await world.AddUpstreamAsync(await world.AddRegistryAsync());
        (await world.AskAsync("PATCH", $"/upstreams/{id}", new { password = "x" })).Text
            .ShouldBe("""{"message":{"username":["can't be blank"]}}""");
    }

    [Fact]
    public async Task Change_to_the_url_and_credentials_of_another_upstream_is_refused()
    {
        var registry = await world.AddRegistryAsync();
        await world.AddUpstreamAsync(registry, new { url = "http://repo.example/a", name = "a" });
        var id = await world.AddUpstreamAsync(registry, new { url = "http://repo.example/b", name = "b" });
        (await world.AskAsync("PATCH", $"/upstreams/{id}", new { url = "https://repo.example/a" })).Text
            .ShouldBe("""{"message":{"group":["already has a remote upstream with the same url and credentials"]}}""");
        (await world.AskAsync("PATCH", $"/upstreams/{id}", new { url = "https://repo.example/b" })).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Same_upstream_made_many_times_at_once_is_made_once()
    {
        var registry = await world.AddRegistryAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => world.AskAsync(
            "POST", $"/registries/{registry}/upstreams", new { url = "http://repo.example/a", name = "a" })));
        answers.Count(answer => answer.Status == 201).ShouldBe(1);
        (await world.PlacesAsync(registry)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Upstream_that_is_deleted_leaves_every_registry_without_a_gap()
    {
        var (registry, other) = (await world.AddRegistryAsync(), await world.AddRegistryAsync());
        var (_, first) = await world.AddUpstreamAsync(registry);
        var (_, second) = await world.AddUpstreamAsync(registry);
        foreach (var id in new[] { second, first }) await world.AskAsync("POST", "/registry_upstreams", new { registry_id = other, upstream_id = id });
        (await world.AskAsync("DELETE", $"/upstreams/{first}")).Status.ShouldBe(204);
        (await world.AskAsync("GET", $"/upstreams/{first}")).Status.ShouldBe(404);
        (await world.PlacesAsync(registry)).Select(place => (place.Upstream, place.Position)).ShouldBe([(second, 1)]);
        (await world.PlacesAsync(other)).Select(place => (place.Upstream, place.Position)).ShouldBe([(second, 1)]);
        (await world.AskGroupAsync("GET", "/upstreams")).Json.GetArrayLength().ShouldBe(1);
        (await world.AskAsync("DELETE", $"/upstreams/{first}/cache")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Upstreams_of_a_group_are_listed_in_pages_and_found_by_name()
    {
        var registry = await world.AddRegistryAsync();
        foreach (var name in new[] { "Central", "central mirror", "50%_off", "other" })
            await world.AddUpstreamAsync(registry, new { url = $"http://repo.example/{Uri.EscapeDataString(name)}", name });
        var page = await world.AskGroupAsync("GET", "/upstreams?per_page=3");
        Names(page).ShouldBe(["Central", "central mirror", "50%_off"]);
        (page.Header("X-Total"), page.Header("X-Total-Pages"), page.Header("X-Next-Page"), page.Header("X-Per-Page")).ShouldBe(("4", "2", "2", "3"));
        page.Json[0].EnumerateObject().Select(member => member.Name).ShouldBe(
            ["id", "group_id", "url", "name", "description", "cache_validity_hours", "metadata_cache_validity_hours", "username", "verify_checksum_files", "created_at", "updated_at"]);
        Names(await world.AskGroupAsync("GET", "/upstreams?per_page=3&page=2")).ShouldBe(["other"]);
        Names(await world.AskGroupAsync("GET", "/upstreams?upstream_name=CENTRAL")).ShouldBe(["Central", "central mirror"]);
        Names(await world.AskGroupAsync("GET", "/upstreams?upstream_name=%25_")).ShouldBe(["50%_off"]);
        (await world.AskGroupAsync("GET", "/upstreams?per_page=0")).Text.ShouldBe("""{"error":"per_page has a value not allowed"}""");
        var inner = await server.CreateGroupAsync(cancel, parent: world.Group);
        (await world.Root.AskAsync("GET", $"/groups/{inner.Id}/-/virtual_registries/packages/maven/upstreams", cancel)).Text
            .ShouldBe("""{"message":"400 Bad request - only available on top-level groups."}""");
    }

    [Fact]
    public async Task Only_maintainers_change_purge_and_delete()
    {
        var registry = await world.AddRegistryAsync();
        var (_, id) = await world.AddUpstreamAsync(registry);
        var place = (await world.PlacesAsync(registry))[0].Id;
        var developer = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(world.Group, developer, AccessLevel.Developer, cancel);
        using var client = server.ClientFor(developer);
        foreach (var (method, path, json) in new (string, string, object?)[]
        {
            ("PATCH", $"/registries/{registry}", new { name = "a" }), ("DELETE", $"/registries/{registry}", null),
            ("DELETE", $"/registries/{registry}/cache", null), ("PATCH", $"/upstreams/{id}", new { name = "a" }),
            ("DELETE", $"/upstreams/{id}", null), ("DELETE", $"/upstreams/{id}/cache", null),
            ("POST", "/registry_upstreams", new { registry_id = registry, upstream_id = id }),
            ("PATCH", $"/registry_upstreams/{place}", new { position = 1 }), ("DELETE", $"/registry_upstreams/{place}", null),
        })
        {
            (await client.AskAsync(method, $"/virtual_registries/packages/maven{path}", cancel, json)).Status.ShouldBe(403, $"{method} {path}");
        }
        (await client.AskAsync("GET", $"/groups/{world.Group.Id}/-/virtual_registries/packages/maven/upstreams", cancel)).Status.ShouldBe(200);
    }

    private static IEnumerable<string?> Names(Answer answer) => answer.Json.EnumerateArray().Select(upstream => upstream.GetProperty("name").GetString());

    private Task<Answer> DeleteAsync(string path, DateTimeOffset unmodifiedSince)
    {
        var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/v4/virtual_registries/packages/maven{path}");
        request.Headers.IfUnmodifiedSince = unmodifiedSince;
        return world.Root.AskAsync(request, cancel);
    }
}
