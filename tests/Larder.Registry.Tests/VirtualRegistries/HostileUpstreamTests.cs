using System.Globalization;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

/// <summary>
/// Anybody may publish to a public repository, and a repository may be anybody's: what an upstream sends in headers and
/// documents is a stranger's text.
/// </summary>
public sealed class HostileUpstreamTests(SqliteServer fixture) : IClassFixture<SqliteServer>, IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private static int addresses;
    private readonly LarderServer server = fixture.Server;
    private readonly HttpClient root = fixture.Server.ClientFor(LarderServer.RootToken);
    private readonly ScriptedUpstream upstream = new();
    private string registry = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        const string api = "/virtual_registries/packages/maven";
        var group = await server.CreateGroupAsync(Token);
        registry = (await root.AskAsync("POST", $"/groups/{group.Id}/-{api}/registries", Token, new { name = "maven" }))["id"]!;
        var host = $"hostile-{Interlocked.Increment(ref addresses)}.example";
        server.Upstreams.Map(host, $"198.51.100.{addresses}", upstream.Port);
        (await root.AskAsync("POST", $"{api}/registries/{registry}/upstreams", Token, new { name = "evil\r\nX-Evil: 1", url = $"http://{host}" })).Status.ShouldBe(201);
    }

    public async ValueTask DisposeAsync()
    {
        root.Dispose();
        await upstream.DisposeAsync();
        server.Upstreams.Escapes.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("text/pl\u00e4in", "application/octet-stream")]
    [InlineData("text/plain; name=\"\u0007\"", "application/octet-stream")]
    [InlineData("multipart/mixed; boundary=x", "application/octet-stream")]
    [InlineData("Multipart/Mixed; boundary=x", "application/octet-stream")]
    [InlineData("application/java-archive", "application/java-archive")]
    public async Task Content_type_that_no_server_may_send_is_not_sent(string sent, string served)
    {
        upstream.File("/" + Jar, [1, 2, 3], ("Content-Type", sent));
        var cold = await GetAsync(Jar);
        (cold.Status, cold.Header("Content-Type")).ShouldBe((200, served));
        await StoredAsync(Jar);
        var warm = await GetAsync(Jar);
        (warm.Status, warm.Header("Content-Type")).ShouldBe((200, served));
    }

    [Theory]
    [InlineData("\"\u00e4\"")]
    [InlineData("\"a\u0001\"")]
    public async Task Validator_that_cannot_be_sent_back_is_not_kept(string etag)
    {
        upstream.File("/" + Jar, [1, 2, 3], ("ETag", etag), ("Last-Modified", "Th\u00fcrsday"));
        (await GetAsync(Jar)).Status.ShouldBe(200);
        await StoredAsync(Jar);
        server.Time.Advance(TimeSpan.FromHours(25));
        var again = await GetAsync(Jar);
        (again.Status, again.Header("Warning")).ShouldBe((200, ""));
        upstream.Requests.Count.ShouldBe(2);
        upstream.Requests[1].Headers.Keys.ShouldNotContain("if-none-match");
    }

    [Fact]
    public async Task Name_of_an_upstream_cannot_add_a_header()
    {
        upstream.Status("/" + Jar, 500);
        var refused = await GetAsync(Jar);
        refused.Status.ShouldBe(503);
        refused.Header("X-Evil").ShouldBe("");
    }

    [Fact]
    public async Task File_of_one_byte_that_is_not_what_was_announced_is_503()
    {
        upstream.File("/" + Jar, [1], ("X-Checksum-Sha1", new string('0', 40)));
        var refused = await GetAsync(Jar);
        (refused.Status, refused.Header("Content-Type"), refused.Header("x-checksum-sha1")).ShouldBe((503, "application/problem+json", ""));
    }

    [Fact]
    public async Task Metadata_nested_without_end_is_no_metadata()
    {
        var deep = string.Concat(Enumerable.Repeat("<a>", 200_000)) + string.Concat(Enumerable.Repeat("</a>", 200_000));
        upstream.File("/org/acme/tool/maven-metadata.xml", System.Text.Encoding.ASCII.GetBytes($"<metadata>{deep}</metadata>"));
        (await GetAsync("org/acme/tool/maven-metadata.xml")).Status.ShouldBe(503);
    }

    [Fact]
    public async Task Head_of_an_answer_without_end_is_a_failure()
    {
        upstream.File("/" + Jar, [1], ("X-Long", new string('a', 100_000)));
        (await GetAsync(Jar)).Text.ShouldContain("the head of its answer is too large");
    }

    private Task<Answer> GetAsync(string path) => root.AskAsync("GET", $"/virtual_registries/packages/maven/{registry}/{path}", Token);

    // The row is written behind the answer.
    private async Task StoredAsync(string path)
    {
        MavenPath.TryParse(path, out var parsed).ShouldBeTrue();
        var id = long.Parse(registry, CultureInfo.InvariantCulture);
        await Eventually.UntilAsync(async () =>
            (await server.Get<CacheEntryStore>().CandidatesAsync(id, parsed, Token)).Any(candidate => candidate.Entry is not null));
    }
}
