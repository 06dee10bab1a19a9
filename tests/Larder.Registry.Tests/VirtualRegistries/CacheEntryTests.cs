using System.Text;
using Larder.Registry.Access;
using Larder.Registry.Upkeep;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class CacheEntryTestsOnSqlite(SqliteServer fixture) : CacheEntryTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class CacheEntryTestsOnPostgres(PostgresServer fixture) : CacheEntryTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Listing, searching and deleting cache entries: Maven contract section 5.</summary>
public abstract class CacheEntryTests(LarderServer server) : IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private RegistryWorld world = null!;
    private ScriptedUpstream upstream = null!;
    private long registry;
    private long id;

    public async ValueTask InitializeAsync()
    {
        world = await RegistryWorld.CreateAsync(server);
        registry = await world.AddRegistryAsync();
        (upstream, id) = await world.AddUpstreamAsync(registry);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Fact]
    public async Task Entry_has_its_shape()
    {
        upstream.File("/" + Jar, "file"u8.ToArray(), ("ETag", "\"abc\""), ("Content-Type", "application/java-archive"));
        await world.CacheAsync(registry, Jar);
        await world.GetAsync(registry, Jar);
        await server.Get<DownloadCounts>().FlushAsync(cancel);
        // The server may be flushing by itself.
        await Eventually.UntilAsync(async () => (await ListAsync("")).Json[0].GetProperty("downloads_count").GetInt64() > 0);
        var entry = (await ListAsync("")).Json.EnumerateArray().ShouldHaveSingleItem();
        entry.EnumerateObject().Select(member => member.Name).ShouldBe(
        [
            "id", "group_id", "upstream_id", "upstream_checked_at", "file_md5", "file_sha1", "size", "relative_path", "content_type",
            "upstream_etag", "created_at", "updated_at", "downloads_count", "downloaded_at",
        ]);
        string Text(string name) => entry.GetProperty(name).ToString();
        Encoding.UTF8.GetString(Convert.FromBase64String(Text("id").Replace('-', '+').Replace('_', '/'))).ShouldBe($"{id} /{Jar}");
        (Text("group_id"), Text("upstream_id"), Text("size"), Text("relative_path")).ShouldBe(($"{world.Group.Id}", $"{id}", "4", "/" + Jar));
        (Text("file_md5"), Text("file_sha1")).ShouldBe(("8c7dd922ad47494fc02c388e12c00eac", "971c419dd609331343dee105fffd0f4608dc0bf2"));
        (Text("content_type"), Text("upstream_etag"), Text("downloads_count")).ShouldBe(("application/java-archive", "\"abc\"", "1"));
        entry.GetProperty("upstream_checked_at").GetDateTimeOffset().ShouldBe(server.Time.GetUtcNow());
    }

    [Fact]
    public async Task Entries_are_listed_newest_first_in_pages()
    {
        foreach (var name in new[] { "a", "b", "c" }) await CacheAsync($"org/{name}.jar");
        var first = await ListAsync("?per_page=2");
        Paths(first).ShouldBe(["/org/c.jar", "/org/b.jar"]);
        (first.Header("X-Total"), first.Header("X-Total-Pages"), first.Header("X-Page"), first.Header("X-Per-Page"), first.Header("X-Next-Page"), first.Header("X-Prev-Page"))
            .ShouldBe(("3", "2", "1", "2", "2", ""));
        foreach (var relation in new[] { "next", "first", "last" }) first.Header("Link").ShouldContain($"rel=\"{relation}\"");
        Paths(await ListAsync("?per_page=2&page=2")).ShouldBe(["/org/a.jar"]);
        Paths(await ListAsync("?page=9")).ShouldBeEmpty();
        (await ListAsync("?per_page=0")).Text.ShouldBe("""{"error":"per_page has a value not allowed"}""");
        (await ListAsync("?per_page=x")).Text.ShouldBe("""{"error":"per_page is invalid"}""");
        (await ListAsync("?per_page=1000")).Header("X-Per-Page").ShouldBe("100");
    }

    [Fact]
    public async Task Entries_are_walked_by_key()
    {
        for (var i = 0; i < 5; i++) await CacheAsync($"org/{i}.jar");
        var seen = new List<string>();
        var next = $"/virtual_registries/packages/maven/upstreams/{id}/cache_entries?pagination=keyset&per_page=2";
        while (next.Length > 0)
        {
            var page = await world.Root.AskAsync("GET", next, cancel);
            page.Status.ShouldBe(200, page.Text);
            seen.AddRange(Paths(page)!);
            var link = page.Header("Link");
            next = link.Length == 0 ? "" : link[(link.IndexOf("/api/v4", StringComparison.Ordinal) + 7)..link.IndexOf('>', StringComparison.Ordinal)];
        }
        seen.ShouldBe(["/org/4.jar", "/org/3.jar", "/org/2.jar", "/org/1.jar", "/org/0.jar"]);
    }

    [Theory]
    [InlineData("", "d c b a")]
    [InlineData("   ", "d c b a")]
    [InlineData("ACME", "b a")]
    [InlineData("acme tool", "a")]
    [InlineData("tool acme", "a")]
    [InlineData("\"acme/tool\"", "a")]
    [InlineData("\"acme tool\"", "")]
    [InlineData("\"acme/t", "a")]
    [InlineData("%", "")]
    [InlineData("_", "c")]
    [InlineData("\\", "")]
    [InlineData("nowhere", "")]
    public async Task Entries_are_searched(string search, string expected)
    {
        foreach (var path in new[] { "org/acme/tool/a.jar", "org/acme/lib/b.jar", "org/other_one/c.jar", "com/d.jar" }) await CacheAsync(path);
        var answer = await ListAsync($"?search={Uri.EscapeDataString(search)}");
        string.Join(' ', Paths(answer).Select(path => Path.GetFileNameWithoutExtension(path))).ShouldBe(expected);
        answer.Header("X-Total").ShouldBe($"{(expected.Length == 0 ? 0 : expected.Split(' ').Length)}");
        string.Join(' ', Paths(await ListAsync($"?pagination=keyset&search={Uri.EscapeDataString(search)}")).Select(path => Path.GetFileNameWithoutExtension(path)))
            .ShouldBe(expected);
    }

    [Fact]
    public async Task Search_has_a_bound()
    {
        (await ListAsync($"?search={string.Join('+', Enumerable.Range(0, 17))}")).Text.ShouldBe("""{"error":"search is too long"}""");
        (await ListAsync($"?search={new string('a', 1025)}")).Text.ShouldBe("""{"error":"search is too long"}""");
    }

    [Theory]
    [InlineData("listed")]
    [InlineData("unpadded")]
    [InlineData("without the slash")]
    [InlineData("row")]
    public async Task Entry_is_deleted_by_every_form_of_its_id_and_the_next_download_asks_again(string form)
    {
        await CacheAsync(Jar);
        (await world.GetAsync(registry, Jar)).Status.ShouldBe(200); // now in the node's memory
        var listed = (await ListAsync("")).Json[0].GetProperty("id").GetString()!;
        var row = (await world.CandidatesAsync(registry, Jar))[0].Entry!.Id;
        var name = form switch
        {
            "listed" => listed,
            "unpadded" => listed.TrimEnd('='),
            "without the slash" => Base64($"{id} {Jar}"),
            _ => Base64($"{world.Group.Id} {row}"),
        };
        (await world.AskAsync("DELETE", $"/cache_entries/{name}")).Status.ShouldBe(204);
        Paths(await ListAsync("")).ShouldBeEmpty();
        (await world.GetAsync(registry, Jar)).Status.ShouldBe(200);
        upstream.Count("/" + Jar).ShouldBe(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Id_is_understood_in_either_alphabet(bool urlSafe)
    {
        const string path = "org/~~~/a.jar"; // one of the three becomes the character in which the alphabets differ
        await CacheAsync(path);
        var name = Base64($"{id} /{path}");
        name.ShouldContain("+");
        (await world.AskAsync("DELETE", $"/cache_entries/{(urlSafe ? name.Replace('+', '-') : name)}")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task Id_that_names_nothing_is_404_and_what_is_none_is_400()
    {
        await CacheAsync(Jar);
        foreach (var name in new[] { Base64($"{id} /org/none.jar"), Base64("999999 /" + Jar), Base64($"{world.Group.Id} 999999"), Base64(Jar), Base64("x y"), "" })
            (await world.AskAsync("DELETE", $"/cache_entries/{name}")).Status.ShouldBe(404, name);
        (await world.AskAsync("DELETE", "/cache_entries/***")).Text.ShouldBe("""{"error":"id is invalid"}""");
        await using var elsewhere = await RegistryWorld.CreateAsync(server);
        var row = (await world.CandidatesAsync(registry, Jar))[0].Entry!.Id;
        (await world.AskAsync("DELETE", $"/cache_entries/{Base64($"{elsewhere.Group.Id} {row}")}")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Deletion_takes_a_maintainer_and_an_entry_that_has_not_changed()
    {
        await CacheAsync(Jar);
        var name = Base64($"{id} /{Jar}");
        var developer = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(world.Group, developer, AccessLevel.Developer, cancel);
        using var client = server.ClientFor(developer);
        (await client.AskAsync("DELETE", $"/virtual_registries/packages/maven/cache_entries/{name}", cancel)).Status.ShouldBe(403);
        (await client.AskAsync("GET", $"/virtual_registries/packages/maven/upstreams/{id}/cache_entries", cancel)).Status.ShouldBe(200);
        var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/v4/virtual_registries/packages/maven/cache_entries/{name}");
        request.Headers.IfUnmodifiedSince = server.Time.GetUtcNow().AddMinutes(-1);
        (await world.Root.AskAsync(request, cancel)).Status.ShouldBe(412);
    }

    [Fact]
    public async Task Purged_entries_are_not_listed()
    {
        await CacheAsync(Jar);
        (await world.AskAsync("DELETE", $"/upstreams/{id}/cache")).Status.ShouldBe(204);
        var list = await ListAsync("");
        (list.Text, list.Header("X-Total")).ShouldBe(("[]", "0"));
        (await world.AskAsync("DELETE", $"/cache_entries/{Base64($"{id} /{Jar}")}")).Status.ShouldBe(404);
    }

    private async Task CacheAsync(string path)
    {
        upstream.File("/" + path, "file"u8.ToArray());
        await world.CacheAsync(registry, path);
    }

    private Task<Answer> ListAsync(string query) => world.AskAsync("GET", $"/upstreams/{id}/cache_entries{query}");

    private static IEnumerable<string> Paths(Answer answer) =>
        answer.Json.EnumerateArray().Select(entry => entry.GetProperty("relative_path").GetString()!);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
