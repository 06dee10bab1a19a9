using System.Net;
using System.Security.Cryptography;
using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Larder.Registry.VirtualRegistries;
using Larder.Storage.Blobs;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class DownloadTestsOnSqlite(SqliteServer fixture) : DownloadTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class DownloadTestsOnPostgres(PostgresServer fixture) : DownloadTests(fixture.Server), IClassFixture<PostgresServer>;

public sealed class DownloadTestsOnPostgresAndS3(ClusterServer fixture) : DownloadTests(fixture.Server), IClassFixture<ClusterServer>;

/// <summary>The download endpoint against scripted upstreams: Maven contract section 2, and where Larder differs on purpose.</summary>
public abstract class DownloadTests(LarderServer server) : IAsyncLifetime
{
    private const string Metadata = "org/acme/tool/maven-metadata.xml";
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private static int addresses;
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private readonly ScriptedUpstream one = new();
    private readonly ScriptedUpstream two = new();
    private string registry = "";

    public async ValueTask InitializeAsync()
    {
        var group = await server.CreateGroupAsync(cancel);
        var made = await root.AskAsync("POST", $"/groups/{group.Id}/-/virtual_registries/packages/maven/registries", cancel, new { name = "maven" });
        registry = $"/virtual_registries/packages/maven/{made["id"]}";
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        root.Dispose();
        await one.DisposeAsync();
        await two.DisposeAsync();
        server.Upstreams.Escapes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Cold_file_is_streamed_and_the_warm_one_asks_nobody()
    {
        one.File("/" + Jar, Content(100_000), ("Content-Type", "application/java-archive"), ("X-Checksum-Sha1", Sha1(Content(100_000))));
        await AddUpstreamAsync(one);

        var cold = await GetAsync(Jar);
        cold.Status.ShouldBe(200);
        cold.Header("Content-Length").ShouldBe("100000");
        cold.Header("x-checksum-sha1").ShouldBe(Sha1(Content(100_000)));
        cold.Header("Content-Disposition").ShouldBe("attachment");
        cold.Header("Content-Security-Policy").ShouldBe("sandbox; default-src 'none'; require-trusted-types-for 'script'");
        await StoredAsync(Jar);

        using var warm = await root.GetAsync(new Uri(Url(Jar)), cancel);
        (await warm.Content.ReadAsByteArrayAsync(cancel)).ShouldBe(Content(100_000));
        var headers = new Answer((int)warm.StatusCode, "", warm);
        headers.Header("x-checksum-md5").ShouldBe(Convert.ToHexStringLower(MD5.HashData(Content(100_000))));
        headers.Header("x-checksum-sha1").ShouldBe(Sha1(Content(100_000)));
        headers.Header("x-checksum-sha256").ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Content(100_000))));
        headers.Header("Content-Type").ShouldBe("application/java-archive");
        headers.Header("X-Content-Type-Options").ShouldBe("nosniff");
        one.Requests.ShouldHaveSingleItem().Method.ShouldBe("GET");
    }

    [Fact]
    public async Task Twenty_clients_of_one_cold_file_make_one_request_and_one_that_leaves_harms_nobody()
    {
        var content = Content(50 << 20);
        one.File("/" + Jar, content);
        await AddUpstreamAsync(one);
        var expected = Convert.ToHexStringLower(SHA256.HashData(content));
        var joined = 0;
        var allJoined = new TaskCompletionSource(); // were one alone when it leaves, the download would be given up

        var clients = Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
        {
            using var answer = await root.GetAsync(new Uri(Url(Jar)), HttpCompletionOption.ResponseHeadersRead, cancel);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            if (Interlocked.Increment(ref joined) == 20) allJoined.SetResult();
            await using var body = await answer.Content.ReadAsStreamAsync(cancel);
            if (i == 0)
            {
                await allJoined.Task.WaitAsync(cancel);
                return expected; // leaves with the body unread
            }
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(body, cancel));
        }, cancel));

        (await Task.WhenAll(clients)).Distinct().ShouldBe([expected]);
        one.Count("/" + Jar).ShouldBe(1);
    }

    [Theory]
    [InlineData(".sha1")]
    [InlineData(".md5")]
    [InlineData(".sha256")]
    [InlineData(".sha512")]
    public async Task Checksum_is_ours_also_when_the_file_was_never_asked_for(string suffix)
    {
        one.File("/" + Jar, Content(1000));
        one.File("/" + Jar + suffix, "a lie"u8.ToArray());
        await AddUpstreamAsync(one);
        var expected = suffix switch
        {
            ".sha1" => Sha1(Content(1000)),
            ".md5" => Convert.ToHexStringLower(MD5.HashData(Content(1000))),
            ".sha256" => Convert.ToHexStringLower(SHA256.HashData(Content(1000))),
            _ => Convert.ToHexStringLower(SHA512.HashData(Content(1000))),
        };
        var cold = await GetAsync(Jar + suffix);
        (cold.Status, cold.Text, cold.Header("Content-Type")).ShouldBe((200, expected, "text/plain"));
        await StoredAsync(Jar);
        (await GetAsync(Jar + suffix)).Text.ShouldBe(expected);
        one.Requests.Select(request => request.Path).ShouldBe(["/" + Jar]);
    }

    [Fact]
    public async Task Upstreams_are_asked_in_order_one_GET_each_and_absence_is_remembered_with_the_copy()
    {
        two.File("/" + Jar, Content(10));
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        (await GetAsync(Jar)).Status.ShouldBe(200);
        await StoredAsync(Jar);
        server.Time.Advance(TimeSpan.FromHours(23)); // far beyond the short memory of an absence that nobody filled
        (await GetAsync(Jar)).Status.ShouldBe(200);
        (one.Count("/" + Jar), two.Count("/" + Jar)).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Higher_upstream_wins_over_a_lower_one()
    {
        one.File("/" + Jar, "one"u8.ToArray());
        two.File("/" + Jar, "two"u8.ToArray());
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        (await GetAsync(Jar)).Text.ShouldBe("one");
        two.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    [InlineData(403)]
    public async Task File_that_every_upstream_lacks_is_404_and_is_not_asked_for_again_for_a_while(int status)
    {
        one.Status("/" + Jar, status);
        two.Status("/" + Jar, 404);
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        for (var i = 0; i < 3; i++)
        {
            var answer = await GetAsync(Jar);
            (answer.Status, answer.Text).ShouldBe((404, """{"message":"404 File not found on any upstream Not Found"}"""));
        }
        (one.Count("/" + Jar), two.Count("/" + Jar)).ShouldBe((1, 1));
        server.Time.Advance(TimeSpan.FromSeconds(301));
        await GetAsync(Jar);
        one.Count("/" + Jar).ShouldBe(2);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(407)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(418)]
    public async Task Failure_is_503_and_never_remembered_as_absence(int status)
    {
        one.Status("/" + Jar, status, ("Retry-After", "17"));
        await AddUpstreamAsync(one, "Central \u2014\r\nEvil: header");
        var answer = await GetAsync(Jar);
        answer.Status.ShouldBe(503);
        answer.Message.ReasonPhrase!.ShouldStartWith("Upstream 'Central ???Evil: header' could not be asked: it answered ");
        answer.Header("Evil").ShouldBe("");
        answer.Header("Retry-After").ShouldBe(status is 429 or 500 or 503 ? "17" : "30");
        answer.Header("Content-Type").ShouldBe("application/problem+json");
        answer["type"].ShouldBe("about:blank");
        answer["status"].ShouldBe("503");
        answer["detail"]!.ShouldContain("Central");
        answer["detail"]!.ShouldContain($"{status}");

        one.File("/" + Jar, Content(10));
        server.Time.Advance(TimeSpan.FromSeconds(17)); // it has asked for that pause
        (await GetAsync(Jar)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Failing_host_rests_and_its_health_says_so()
    {
        await AddUpstreamAsync(one);
        var health = $"/virtual_registries/packages/maven/upstreams/{await UpstreamIdAsync()}/health";
        (await root.AskAsync("GET", health, cancel))["state"].ShouldBe("unknown");
        one.Status("/" + Jar, 500);
        for (var i = 0; i < 7; i++) (await GetAsync(Jar)).Status.ShouldBe(503);
        one.Count("/" + Jar).ShouldBe(5);
        var resting = await root.AskAsync("GET", health, cancel);
        (resting["state"], resting["consecutive_failures"], resting["requests_sent"], resting["requests_avoided"]).ShouldBe(("resting", "5", "5", "2"));
        resting["last_failure"].ShouldBe("it answered 500");
    }

    [Fact]
    public async Task Failed_upstream_is_passed_over_for_a_file_it_never_supplied()
    {
        one.Status("/" + Jar, 500);
        two.File("/" + Jar, "two"u8.ToArray());
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        (await GetAsync(Jar)).Text.ShouldBe("two");
    }

    [Fact]
    public async Task Failed_upstream_is_not_replaced_by_a_lower_one_for_an_artifact_it_supplied_before()
    {
        one.File("/org/acme/tool/0.9/tool-0.9.jar", "ours"u8.ToArray());
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        await GetAsync("org/acme/tool/0.9/tool-0.9.jar");
        await StoredAsync("org/acme/tool/0.9/tool-0.9.jar");
        one.Status("/" + Jar, 500);
        two.File("/" + Jar, "an impostor's"u8.ToArray());
        (await GetAsync(Jar)).Status.ShouldBe(503);
        two.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Nobody_has_it_and_one_could_not_be_asked_is_503()
    {
        one.Status("/" + Jar, 404);
        two.Status("/" + Jar, 502);
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        (await GetAsync(Jar)).Status.ShouldBe(503);
    }

    [Fact]
    public async Task Stale_copy_is_confirmed_by_one_conditional_request()
    {
        one.File("/" + Jar, Content(10), ("ETag", "\"one\""), ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"));
        await AddUpstreamAsync(one);
        await GetAsync(Jar);
        await StoredAsync(Jar);
        server.Time.Advance(TimeSpan.FromHours(25));
        var answer = await GetAsync(Jar);
        (answer.Status, answer.Header("Warning")).ShouldBe((200, ""));
        var conditional = one.Requests[^1];
        (conditional.Headers["if-none-match"], conditional.Headers["if-modified-since"]).ShouldBe(("\"one\"", "Thu, 01 Jan 2026 00:00:00 GMT"));
        one.Count("/" + Jar).ShouldBe(2);
    }

    [Fact]
    public async Task Stale_copy_is_replaced_when_the_upstream_has_another()
    {
        one.File("/" + Jar, "old"u8.ToArray(), ("ETag", "\"one\""));
        await AddUpstreamAsync(one);
        await GetAsync(Jar);
        await StoredAsync(Jar);
        one.File("/" + Jar, "new"u8.ToArray(), ("ETag", "\"two\""));
        server.Time.Advance(TimeSpan.FromHours(25));
        (await GetAsync(Jar)).Text.ShouldBe("new");
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(0)]
    public async Task Stale_copy_is_served_with_a_warning_while_its_upstream_fails(int status)
    {
        one.File("/" + Jar, "kept"u8.ToArray());
        await AddUpstreamAsync(one);
        await GetAsync(Jar);
        await StoredAsync(Jar);
        if (status == 0) one.Stop();
        else one.Status("/" + Jar, status);
        server.Time.Advance(TimeSpan.FromHours(25));
        var answer = await GetAsync(Jar);
        (answer.Status, answer.Text).ShouldBe((200, "kept"));
        answer.Header("Warning").ShouldStartWith("110 ");
        server.Time.Advance(TimeSpan.FromDays(31)); // past the bound
        (await GetAsync(Jar)).Status.ShouldBe(503);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    public async Task Stale_copy_goes_when_the_upstream_no_longer_has_the_file(int status)
    {
        one.File("/" + Jar, "old"u8.ToArray());
        await AddUpstreamAsync(one);
        await GetAsync(Jar);
        await StoredAsync(Jar);
        one.Status("/" + Jar, status);
        server.Time.Advance(TimeSpan.FromHours(25));
        (await GetAsync(Jar)).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("reset")]
    [InlineData("checksum")]
    public async Task Body_that_breaks_cuts_the_connection_and_is_not_kept(string lie)
    {
        one.On("/" + Jar, async (_, answer) =>
        {
            await answer.HeadAsync(200, ("Content-Length", lie == "checksum" ? "1000" : "2000"), ("X-Checksum-Md5", new string('0', 32)));
            await answer.BodyAsync(new byte[1000]);
            if (lie == "reset") answer.Reset();
            else if (lie == "short") answer.Close();
        });
        await AddUpstreamAsync(one);
        await Should.ThrowAsync<HttpRequestException>(async () => await root.GetByteArrayAsync(new Uri(Url(Jar)), cancel));
        one.File("/" + Jar, "good"u8.ToArray());
        var upstream = await UpstreamIdAsync();
        server.Log.Count(line => line.StartsWith($"Warning 4001 Upstream {upstream} (", StringComparison.Ordinal)).ShouldBe(1);
        (await GetAsync(Jar)).Text.ShouldBe("good");
    }

    [Fact]
    public async Task Web_page_in_place_of_a_jar_is_a_failure()
    {
        one.File("/" + Jar, "<html>sign in</html>"u8.ToArray(), ("Content-Type", "text/html; charset=utf-8"));
        await AddUpstreamAsync(one);
        (await GetAsync(Jar)).Status.ShouldBe(503);
    }

    [Fact]
    public async Task Copy_whose_bytes_are_gone_is_fetched_again()
    {
        one.File("/" + Jar, Content(100_000));
        await AddUpstreamAsync(one);
        await GetAsync(Jar);
        await StoredAsync(Jar);
        await server.Get<IBlobStore>().DiscardAsync(Larder.Storage.Blobs.Sha256.FromBytes(SHA256.HashData(Content(100_000))), DateTimeOffset.MaxValue, cancel);
        (await root.GetByteArrayAsync(new Uri(Url(Jar)), cancel)).ShouldBe(Content(100_000));
        one.Count("/" + Jar).ShouldBe(2);
    }

    [Fact]
    public async Task Head_of_a_cold_file_fetches_it_once_for_the_GET_that_follows()
    {
        one.File("/" + Jar, Content(1_000_000));
        await AddUpstreamAsync(one);
        using var head = await root.SendAsync(new HttpRequestMessage(HttpMethod.Head, new Uri(Url(Jar))), cancel);
        (head.StatusCode, head.Content.Headers.ContentLength).ShouldBe((HttpStatusCode.OK, 1_000_000L));
        (await root.GetByteArrayAsync(new Uri(Url(Jar)), cancel)).ShouldBe(Content(1_000_000));
        one.Count("/" + Jar).ShouldBe(1);
    }

    [Fact]
    public async Task Warm_file_answers_ranges_and_conditions()
    {
        one.File("/" + Jar, Content(1000));
        await AddUpstreamAsync(one);
        await GetAsync(Jar);
        await StoredAsync(Jar);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Url(Jar))) { Headers = { { "Range", "bytes=990-" } } };
        using var part = await root.SendAsync(request, cancel);
        part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await part.Content.ReadAsByteArrayAsync(cancel)).ShouldBe(Content(1000)[990..]);
        using var again = new HttpRequestMessage(HttpMethod.Get, new Uri(Url(Jar))) { Headers = { { "If-None-Match", part.Headers.ETag!.ToString() } } };
        (await root.SendAsync(again, cancel)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Fact]
    public async Task Hits_are_counted_in_batches()
    {
        one.File("/" + Jar, Content(10));
        await AddUpstreamAsync(one);
        await GetAsync(Jar);
        await StoredAsync(Jar);
        for (var i = 0; i < 3; i++) await GetAsync(Jar);
        await GetAsync(Jar + ".sha1"); // counts for the file
        await server.Get<DownloadCounts>().FlushAsync(cancel);
        (await server.Get<Database>().ReadAsync(session => session.SingleAsync<long>("""
            select e.downloads_count from maven_cache_entries e join maven_upstreams u on u.id = e.upstream_id
            join maven_registry_upstreams p on p.upstream_id = u.id where p.registry_id = @Id
            """, new { Id = RegistryId }), cancel)).ShouldBe(4);
    }

    [Fact]
    public async Task Metadata_is_merged_over_all_upstreams_and_its_checksum_is_of_the_very_bytes()
    {
        one.File("/" + Metadata, MetadataOf("20260101000000", "1.0", "1.1"));
        two.File("/" + Metadata, MetadataOf("20260201000000", "1.1", "2.0"));
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        foreach (var round in new[] { "cold", "warm" })
        {
            var answer = await GetAsync(Metadata);
            answer.Status.ShouldBe(200, round);
            answer.Header("Content-Type").ShouldBe("application/xml");
            VersionsOf(answer.Text).ShouldBe(["1.0", "1.1", "2.0"]);
            answer.Text.ShouldContain("<release>2.0</release>");
            (await GetAsync(Metadata + ".sha1")).Text.ShouldBe(Sha1(System.Text.Encoding.UTF8.GetBytes(answer.Text)));
            answer.Header("x-checksum-sha1").ShouldBe((await GetAsync(Metadata + ".sha1")).Text);
            await StoredAsync(Metadata, copies: 2);
        }
        (one.Count("/" + Metadata), two.Count("/" + Metadata)).ShouldBe((1, 1));
        one.File("/" + Metadata, MetadataOf("20260301000000", "1.0", "1.1", "3.0"));
        server.Time.Advance(TimeSpan.FromHours(25));
        VersionsOf((await GetAsync(Metadata)).Text).ShouldBe(["1.0", "1.1", "3.0", "2.0"]);
    }

    [Fact]
    public async Task Metadata_of_one_upstream_alone_is_served_as_it_is_and_the_others_are_not_asked_again()
    {
        var document = MetadataOf("20260101000000", "1.0");
        two.File("/" + Metadata, document);
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        (await GetAsync(Metadata)).Text.ShouldBe(System.Text.Encoding.UTF8.GetString(document));
        await StoredAsync(Metadata);
        server.Time.Advance(TimeSpan.FromHours(23));
        (await GetAsync(Metadata)).Status.ShouldBe(200);
        (one.Count("/" + Metadata), two.Count("/" + Metadata)).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Metadata_stays_merged_with_the_copy_of_an_upstream_that_fails()
    {
        one.File("/" + Metadata, MetadataOf("20260101000000", "1.0"));
        two.File("/" + Metadata, MetadataOf("20260201000000", "2.0"));
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        await GetAsync(Metadata);
        await StoredAsync(Metadata, copies: 2);
        two.Stop();
        server.Time.Advance(TimeSpan.FromHours(25));
        var answer = await GetAsync(Metadata);
        VersionsOf(answer.Text).ShouldBe(["1.0", "2.0"]);
        answer.Header("Warning").ShouldStartWith("110 ");
    }

    [Fact]
    public async Task Metadata_of_an_upstream_that_fails_is_left_out_only_if_it_never_supplied_the_artifact()
    {
        one.Status("/" + Metadata, 500);
        two.File("/" + Metadata, MetadataOf("20260201000000", "2.0"));
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        VersionsOf((await GetAsync(Metadata)).Text).ShouldBe(["2.0"]);

        one.File("/" + Jar, Content(10));
        await GetAsync(Jar);
        await StoredAsync(Jar);
        (await GetAsync(Metadata)).Status.ShouldBe(503);
    }

    [Fact]
    public async Task Metadata_that_nobody_has_is_404_and_that_cannot_be_read_is_not()
    {
        one.Status("/" + Metadata, 404);
        two.File("/" + Metadata, "<!DOCTYPE metadata SYSTEM 'http://203.0.113.1/'><metadata/>"u8.ToArray());
        await AddUpstreamAsync(one);
        (await GetAsync(Metadata)).Status.ShouldBe(404);
        await AddUpstreamAsync(two);
        (await GetAsync(Metadata)).Status.ShouldBe(503);
    }

    [Fact]
    public async Task Metadata_copy_whose_bytes_are_gone_is_fetched_again()
    {
        var document = MetadataOf("20260101000000", "7.7.7");
        one.File("/" + Metadata, document);
        await AddUpstreamAsync(one);
        await GetAsync(Metadata + ".md5");
        await StoredAsync(Metadata);
        server.Time.Advance(TimeSpan.FromHours(25));
        two.File("/" + Metadata, MetadataOf("20260201000000", "8.8.8"));
        await AddUpstreamAsync(two); // another merge, which is not remembered
        await server.Get<IBlobStore>().DiscardAsync(Larder.Storage.Blobs.Sha256.FromBytes(SHA256.HashData(document)), DateTimeOffset.MaxValue, cancel);
        VersionsOf((await GetAsync(Metadata)).Text).ShouldBe(["7.7.7", "8.8.8"]);
    }

    [Fact]
    public async Task Registry_that_asks_for_it_serves_the_first_metadata_alone()
    {
        var group = await server.CreateGroupAsync(cancel);
        var made = await root.AskAsync("POST", $"/groups/{group.Id}/-/virtual_registries/packages/maven/registries", cancel,
            new { name = "strict", metadata_strategy = "first" });
        registry = $"/virtual_registries/packages/maven/{made["id"]}";
        one.File("/" + Metadata, MetadataOf("20260101000000", "1.0"));
        two.File("/" + Metadata, MetadataOf("20260201000000", "2.0"));
        await AddUpstreamAsync(one);
        await AddUpstreamAsync(two);
        VersionsOf((await GetAsync(Metadata)).Text).ShouldBe(["1.0"]);
        two.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("org//acme/a.jar")]
    [InlineData("org/acme/a.jar/")]
    [InlineData("org/./acme/a.jar")]
    [InlineData("org/../acme/a.jar")]
    [InlineData("org/%2e%2e/acme/a.jar")]
    [InlineData("org/%252e%252e/acme/a.jar")]
    [InlineData("..%2f..%2fetc/passwd")]
    [InlineData("org%2Facme/a.jar")]
    [InlineData("org%5Cacme/a.jar")]
    [InlineData("org/acme/a.jar%00")]
    [InlineData("org/acme/a.jar;v=1")]
    [InlineData("org/acme/a.jar%3Fx")]
    [InlineData("org/acme/a.jar%23x")]
    [InlineData("org/acme/a.jar.")]
    [InlineData("org/acme/%C0%AE%C0%AE/a.jar")]
    [InlineData("org/acme/a.jar%20")]
    [InlineData("")]
    public async Task Path_that_is_not_canonical_is_400_and_asks_nobody(string path)
    {
        await AddUpstreamAsync(one);
        (await RawAsync(path)).ShouldStartWith("HTTP/1.1 400");
        one.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Encoded_letters_name_the_same_file()
    {
        one.File("/" + Jar, Content(10));
        await AddUpstreamAsync(one);
        (await GetAsync(Jar.Replace(".", "%2E", StringComparison.Ordinal))).Status.ShouldBe(200);
        await StoredAsync(Jar);
        (await GetAsync(Jar)).Status.ShouldBe(200);
        one.Requests.ShouldHaveSingleItem().Path.ShouldBe("/" + Jar);
    }

    [Fact]
    public async Task Registry_without_upstreams_and_one_that_does_not_exist_say_so()
    {
        (await GetAsync(Jar)).Text.ShouldBe("""{"message":"400 Bad request - No upstreams set"}""");
        (await root.AskAsync("GET", $"/virtual_registries/packages/maven/999999/{Jar}", cancel)).Text.ShouldBe("""{"message":"404 Not found"}""");
    }

    [Fact]
    public async Task Browser_is_refused_and_a_build_tool_is_not()
    {
        one.File("/" + Jar, Content(10));
        await AddUpstreamAsync(one);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Url(Jar)));
        request.Headers.TryAddWithoutValidation("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0");
        (await root.AskAsync(request, cancel)).Text
            .ShouldBe("""{"message":"400 Bad request - This endpoint is not meant to be accessed by a web browser."}""");
        one.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Caller_without_rights_gets_401_with_the_realm_that_build_tools_wait_for()
    {
        one.File("/" + Jar, Content(10));
        await AddUpstreamAsync(one);
        using var nobody = server.ClientFor((string?)null);
        var answer = await nobody.AskAsync("GET", $"{registry}/{Jar}", cancel);
        (answer.Status, answer.Header("WWW-Authenticate")).ShouldBe((401, "Basic realm=\"GitLab Virtual Registry\""));
        one.Requests.ShouldBeEmpty();
    }

    private async Task AddUpstreamAsync(ScriptedUpstream upstream, string name = "upstream")
    {
        var number = Interlocked.Increment(ref addresses);
        var host = $"repo-{number}.example";
        server.Upstreams.Map(host, $"203.0.{113 + (number / 250)}.{1 + (number % 250)}", upstream.Port);
        var made = await root.AskAsync("POST", registry.Replace("maven/", "maven/registries/", StringComparison.Ordinal) + "/upstreams", cancel,
            new { url = $"http://{host}", name });
        made.Status.ShouldBe(201, made.Text);
    }

    private async Task<string> UpstreamIdAsync() =>
        (await root.AskAsync("GET", $"{registry.Replace("maven/", "maven/registries/", StringComparison.Ordinal)}/upstreams", cancel)).Json[0].GetProperty("id").ToString();

    private long RegistryId => long.Parse(registry.Split('/')[^1], System.Globalization.CultureInfo.InvariantCulture);

    private string Url(string path) => $"{server.BaseAddress}api/v4{registry}/{path}";

    private Task<Answer> GetAsync(string path) => root.AskAsync("GET", $"{registry}/{path}", cancel);

    // The row is written behind the answer: nobody waits for it, except a test that goes on from there.
    private async Task StoredAsync(string path, int copies = 1)
    {
        MavenPath.TryParse(path, out var parsed).ShouldBeTrue();
        await Eventually.UntilAsync(async () =>
            (await server.Get<CacheEntryStore>().CandidatesAsync(RegistryId, parsed, cancel)).Count(candidate => candidate.Entry is not null) >= copies);
    }

    // HttpClient would tidy the path up.
    private async Task<string> RawAsync(string path)
    {
        using var connection = new System.Net.Sockets.TcpClient();
        await connection.ConnectAsync(server.BaseAddress.Host, server.BaseAddress.Port, cancel);
        await using var stream = connection.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(
            $"GET /api/v4{registry}/{path} HTTP/1.1\r\nHost: x\r\nPrivate-Token: {LarderServer.RootToken}\r\nConnection: close\r\n\r\n"), cancel);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancel);
    }

    private static byte[] MetadataOf(string updated, params string[] versions) => new MavenMetadata
    {
        GroupId = "org.acme", ArtifactId = "tool", LastUpdated = updated, Versions = versions, Latest = versions[^1], Release = versions[^1],
    }.Write();

    private static IEnumerable<string> VersionsOf(string xml) =>
        System.Xml.Linq.XDocument.Parse(xml).Descendants("version").Select(version => version.Value);

    private static string Sha1(byte[] content) => Convert.ToHexStringLower(SHA1.HashData(content));

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}
