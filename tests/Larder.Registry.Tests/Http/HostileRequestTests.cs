using System.Net.Sockets;
using System.Text;
using Larder.Testing;

namespace Larder.Registry.Tests.Http;

public sealed class HostileRequestTestsOnSqlite(SqliteServer fixture) : HostileRequestTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class HostileRequestTestsOnPostgres(PostgresServer fixture) : HostileRequestTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Requests that no honest client makes: each gets a refusal that says so, and none is a bug.</summary>
public abstract class HostileRequestTests(LarderServer server) : IAsyncLifetime
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        server.Log.Where(line => line.Contains(" 7001 ", StringComparison.Ordinal)).ShouldBeEmpty();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("""{"name":"\ud800","path":"a"}""", "The request body is not valid JSON")]
    [InlineData("""{"\udc00":"a","name":"a","path":"a"}""", "The request body is not valid JSON")]
    [InlineData("{\"name\":\"\u00ff\u00fe\",\"path\":\"a\"}", "The request body is not valid JSON")]
    [InlineData("""{"name":"a\u0000b","path":"a"}""", "name is invalid")]
    [InlineData("""{"name":"a","path":"a","a\u0000":1}""", "The name of a parameter is invalid")]
    [InlineData("""{"name":"a","path":"a","parent_id":1e400}""", "parent_id is invalid")]
    [InlineData("""{"name":"a","path":"a","parent_id":9223372036854775808}""", "parent_id is invalid")]
    [InlineData("""["a"]""", "The request body must be a JSON object")]
    [InlineData("""{"name":""", "The request body is not valid JSON")]
    public async Task Json_that_is_no_text_or_no_number_is_400(string body, string problem)
    {
        var answer = await server.AskAsync("POST", "/api/v4/groups", Token, "Content-Type: application/json\r\n", body);
        answer.ShouldStartWith("HTTP/1.1 400 ");
        answer.ShouldContain(problem);
    }

    [Fact]
    public async Task Json_of_endless_depth_is_400()
    {
        var answer = await server.AskAsync("POST", "/api/v4/groups", Token, "Content-Type: application/json\r\n", new string('[', 500_000));
        answer.ShouldStartWith("HTTP/1.1 400 ");
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded", "name=a%00b&path=a")]
    [InlineData("application/x-www-form-urlencoded; charset=utf-7", "name=a&path=a")]
    [InlineData("multipart/form-data", "--x\r\n")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nno header\r\n")]
    [InlineData("multipart/form-data; boundary=x", "--x")]
    public async Task Form_that_is_none_is_400(string contentType, string body) =>
        (await server.AskAsync("POST", "/api/v4/groups", Token, $"Content-Type: {contentType}\r\n", body)).ShouldStartWith("HTTP/1.1 400 ");

    [Fact]
    public async Task Form_without_bounds_is_400()
    {
        var fields = string.Join('&', Enumerable.Range(0, 5000).Select(i => $"k{i}=1"));
        (await server.AskAsync("POST", "/api/v4/groups", Token, "Content-Type: application/x-www-form-urlencoded\r\n", fields)).ShouldStartWith("HTTP/1.1 400 ");
        var key = new string('k', 10_000);
        (await server.AskAsync("POST", "/api/v4/groups", Token, "Content-Type: application/x-www-form-urlencoded\r\n", key)).ShouldStartWith("HTTP/1.1 400 ");
    }

    [Fact]
    public async Task Body_beyond_a_mebibyte_is_413()
    {
        var answer = await server.AskAsync("POST", "/api/v4/groups", Token, "Content-Type: application/x-www-form-urlencoded\r\n", new string('a', 2 << 20));
        answer.ShouldStartWith("HTTP/1.1 413 ");
        answer.ShouldContain("""{"message":"413 Payload Too Large"}""");
    }

    [Theory]
    [InlineData("/api/v4/groups?search=%00", 400)]
    [InlineData("/api/v4/users?username=%00", 400)]
    [InlineData("/api/v4/projects?search=a%00", 400)]
    [InlineData("/api/v4/groups?page=2147483647", 400)]
    [InlineData("/api/v4/groups?page=2147483646&per_page=100", 200)]
    [InlineData("/api/v4/groups?per_page=9223372036854775807", 200)]
    [InlineData("/api/v4/groups?search=%ff", 200)] // not UTF-8: stands for itself
    [InlineData("/api/v4/groups/99999999999999999999", 404)]
    [InlineData("/api/v4/groups/-9223372036854775808", 404)]
    [InlineData("/api/v4/projects/1/packages/99999999999999999999", 400)]
    public async Task Query_or_id_that_no_row_can_have_is_no_bug(string target, int status) =>
        (await server.AskAsync("GET", target, Token)).ShouldStartWith($"HTTP/1.1 {status} ");

    [Fact]
    public async Task Search_of_more_words_than_a_statement_can_hold_is_400()
    {
        var project = await server.CreateProjectAsync(Token);
        var words = string.Join('+', Enumerable.Repeat("w", 3000));
        foreach (var list in new[] { $"projects/{project.Id}", $"groups/{project.NamespaceId}" })
            (await server.AskAsync("GET", $"/api/v4/{list}/packages?package_name={words}", Token)).ShouldStartWith("HTTP/1.1 400 ");
    }

    [Theory]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/%2e%2e%2fx")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/%252e%252e%252fx")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/%25252e%25252e/x")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/..%5cx")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/%c0%ae%c0%ae/x")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/%e0%80%ae/x")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/x/../y")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/./y")]
    [InlineData("/api/v4/projects/1/packages/generic/%2e%2e/1/x")]
    [InlineData("/api/v4/projects/1/packages/generic/a/%2e%2e/x")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/dir%00/x")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/dir%0d%0aX-Evil:1/x")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/x%0d%0aX-Evil:1")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1//x")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/%2Fx")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/d//x")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/x/")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/x;y")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/x%20")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/%")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/%zz")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/%u002e")]
    [InlineData("/api/v4/projects/1/packages/generic/a/1/\u00e4")]
    [InlineData("/%2F%2F%2F..%2F..%2Fetc/passwd")]
    [InlineData("/\\..\\..\\etc/passwd")]
    [InlineData("/../api/v4/version")]
    public async Task Path_that_climbs_hides_or_has_another_spelling_is_400(string path)
    {
        var answer = await server.AskAsync("PUT", path, Token, body: "x");
        answer.ShouldStartWith("HTTP/1.1 400 ");
        answer.ShouldNotContain("X-Evil");
    }

    [Theory]
    [InlineData("GET http://larder.example/api/v4/version HTTP/1.1", 200)]
    [InlineData("GET http://larder.example?x=/api/v4/version HTTP/1.1", 404)] // a proxy in front sees the path "/"
    [InlineData("GET http://larder.example#/api/v4/version HTTP/1.1", 404)]
    [InlineData("GET http://other.example/api/v4/version HTTP/1.1", 400)]
    [InlineData("GET larder:/api/v4/version HTTP/1.1", 400)]
    [InlineData("CONNECT larder.example:80 HTTP/1.1", 400)]
    public async Task Absolute_target_is_read_as_a_proxy_reads_it(string line, int status) =>
        (await RawConnection.AskAsync(server.BaseAddress,
            $"{line}\r\nHost: larder.example\r\nPRIVATE-TOKEN: {LarderServer.RootToken}\r\nConnection: close\r\n\r\n", Token)).ShouldStartWith($"HTTP/1.1 {status} ");

    [Theory]
    [InlineData("Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")]
    [InlineData("Content-Length: -1\r\n\r\n")]
    [InlineData("Content-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding:\r\n chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3;\nabc\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc\r\n0\r\n\r\n")]
    [InlineData("Host: another.example\r\n\r\n")]
    public async Task Framing_that_two_servers_could_read_differently_is_400(string rest)
    {
        var project = await server.CreateProjectAsync(Token);
        var answer = await RawConnection.AskAsync(server.BaseAddress,
            $"PUT /api/v4/projects/{project.Id}/packages/generic/a/1/a.bin HTTP/1.1\r\nHost: larder.example\r\nConnection: close\r\n"
            + $"PRIVATE-TOKEN: {LarderServer.RootToken}\r\n{rest}", Token);
        answer.ShouldStartWith("HTTP/1.1 400 ");
        using var root = server.ClientFor(LarderServer.RootToken);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", Token)).Text.ShouldBe("[]");
    }

    [Fact]
    public async Task Length_beside_chunks_ends_the_connection_so_that_nothing_can_hide_behind_it()
    {
        var project = await server.CreateProjectAsync(Token);
        var answer = await RawConnection.AskAsync(server.BaseAddress,
            $"PUT /api/v4/projects/{project.Id}/packages/generic/a/1/a.bin HTTP/1.1\r\nHost: larder.example\r\n"
            + $"PRIVATE-TOKEN: {LarderServer.RootToken}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            + "GET /api/v4/version HTTP/1.1\r\nHost: larder.example\r\n\r\n", Token);
        answer.Split("HTTP/1.1 ").Length.ShouldBe(2, answer); // one answer
        answer.ShouldContain("Connection: close");
    }

    [Theory]
    [InlineData("""{"alg":"RS256"}""", """{"iss":"a\u0000b","aud":"x"}""")]
    [InlineData("""{"alg":"RS256"}""", """{"iss":"\ud800","aud":"x"}""")]
    [InlineData("""{"alg":"RS256"}""", """{"iss":5,"aud":{"a":1}}""")]
    [InlineData("""{"alg":"RS256"}""", """{"iss":["a"],"exp":"never","nbf":1e400,"iat":-9223372036854775809}""")]
    [InlineData("""{"alg":"RS256"}""", """{"iss":"https://issuer.example","exp":99999999999999999999}""")]
    [InlineData("""{"alg":"none"}""", """{"iss":"https://issuer.example"}""")]
    [InlineData("""{"alg":5,"kid":{}}""", "[]")]
    [InlineData("""{"alg":"RS256"}""", "not JSON")]
    [InlineData("""{""", """{}""")]
    public async Task Signed_statement_that_makes_no_sense_is_401(string head, string body)
    {
        static string Part(string text) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
        var project = await server.CreateProjectAsync(Token);
        foreach (var token in new[] { $"{Part(head)}.{Part(body)}.{Part("signature")}", $"{Part(head)}.{Part(body)}.", $"{Part(head)}.." })
        {
            foreach (var header in new[] { "JOB-TOKEN: ", "Authorization: Bearer " })
            {
                (await RawConnection.AskAsync(server.BaseAddress,
                    $"GET /api/v4/projects/{project.Id}/packages/generic/a/1/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}{token}\r\n\r\n", Token))
                    .ShouldStartWith("HTTP/1.1 401 ");
            }
        }
    }

    [Fact]
    public async Task Header_that_cannot_be_sent_back_is_400()
    {
        var project = await server.CreateProjectAsync(Token);
        var path = $"/api/v4/projects/{project.Id}/packages/generic/a/1/a";
        foreach (var metadata in new[] { "a \u0001", "a \u00e4", "a \u007f" })
            (await server.AskAsync("POST", path, Token, $"Tus-Resumable: 1.0.0\r\nUpload-Length: 5\r\nUpload-Metadata: {metadata}\r\n", "")).ShouldStartWith("HTTP/1.1 400 ");
    }

    [Fact]
    public async Task Group_cannot_be_renamed_so_that_the_paths_inside_it_grow_too_long()
    {
        using var root = server.ClientFor(LarderServer.RootToken);
        string? parent = null;
        var first = "";
        for (var depth = 0; depth < 4; depth++)
        {
            var made = await root.AskAsync("POST", "/groups", Token, new { name = "n", path = (depth == 0 ? Guid.NewGuid().ToString("N") : "g") + new string('x', depth == 0 ? 0 : 240), parent_id = parent });
            made.Status.ShouldBe(201, made.Text);
            parent = made["id"];
            if (depth == 0) first = parent!;
        }
        await root.AskAsync("POST", "/projects", Token, new { name = new string('p', 100), namespace_id = parent });
        var renamed = await root.AskAsync("PUT", $"/groups/{first}", Token, new { path = new string('y', 250) });
        (renamed.Status, renamed.Text).ShouldBe((400, """{"message":{"path":["is too long (full paths end at 1024 characters)"]}}"""));
        (await root.AskAsync("PUT", $"/groups/{first}", Token, new { path = $"short-{Guid.NewGuid():n}" })).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("bytes=0-99999999999999999999", 200)]
    [InlineData("bytes=99999999999999999999-", 200)]
    [InlineData("bytes=-99999999999999999999", 200)]
    [InlineData("bytes=-9223372036854775807", 206)]
    [InlineData("bytes=9223372036854775807-9223372036854775807", 416)]
    [InlineData("bytes=5-2", 200)]
    [InlineData("bytes=-0", 416)]
    [InlineData("bytes=0-0,1-1", 200)]
    [InlineData("items=0-1", 200)]
    public async Task Range_beyond_all_numbers_is_no_bug(string range, int status)
    {
        var project = await server.CreateProjectAsync(Token);
        var file = $"/api/v4/projects/{project.Id}/packages/generic/a/1/a.bin";
        (await server.AskAsync("PUT", file, Token, body: "0123456789")).ShouldStartWith("HTTP/1.1 201 ");
        (await server.AskAsync("GET", file, Token, $"Range: {range}\r\n")).ShouldStartWith($"HTTP/1.1 {status} ");
    }

    [Fact]
    public async Task Thousand_ranges_are_the_whole_file_once()
    {
        var project = await server.CreateProjectAsync(Token);
        var file = $"/api/v4/projects/{project.Id}/packages/generic/a/1/a.bin";
        await server.AskAsync("PUT", file, Token, body: "0123456789");
        var ranges = string.Join(',', Enumerable.Repeat("0-9", 1000));
        (await server.AskAsync("GET", file, Token, $"Range: bytes={ranges}\r\n")).ShouldEndWith("\r\n\r\n0123456789");
    }

    [Fact]
    public async Task Client_that_resets_in_the_middle_of_its_upload_leaves_nothing_and_is_no_bug()
    {
        var project = await server.CreateProjectAsync(Token);
        foreach (var head in new[]
        {
            $"PUT /api/v4/projects/{project.Id}/packages/generic/a/1/a.bin HTTP/1.1\r\nContent-Length: 500000\r\n",
            $"PUT /api/v4/projects/{project.Id}/packages/generic/a/1/a.bin HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
            "POST /api/v4/groups HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 500000\r\n",
            "POST /api/v4/groups HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500000\r\n",
        })
        {
            using var connection = new TcpClient();
            await connection.ConnectAsync(server.BaseAddress.Host, server.BaseAddress.Port, Token);
            // The interim answer tells that the server has begun to read.
            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"{head}Host: x\r\nExpect: 100-continue\r\nPRIVATE-TOKEN: {LarderServer.RootToken}\r\n\r\n"), Token);
            await connection.GetStream().ReadExactlyAsync(new byte["HTTP/1.1 100 Continue\r\n\r\n".Length], Token);
            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes("1000\r\n{" + new string(' ', 3000)), Token);
            connection.Client.Close(0);
        }
        using var root = server.ClientFor(LarderServer.RootToken);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", Token)).Text.ShouldBe("[]");
        var temp = Path.Combine(server.Get<LarderOptions>().DataDirectory, "blobs", "temp");
        await Eventually.UntilAsync(() => !Directory.EnumerateFileSystemEntries(temp).Any());
    }

    [Fact]
    public async Task Groups_inside_groups_end_where_a_path_grows_too_long()
    {
        using var root = server.ClientFor(LarderServer.RootToken);
        string? parent = null;
        Answer made;
        var depth = 0;
        do
        {
            // No two alike: an index compresses what repeats.
            var path = string.Concat(Enumerable.Range(0, 7).Select(_ => Guid.NewGuid().ToString("N")))[..220];
            made = await root.AskAsync("POST", "/groups", Token, new { name = "n", path, parent_id = parent });
            if (made.Status == 201) parent = made["id"];
        }
        while (made.Status == 201 && ++depth < 30);
        (made.Status, depth).ShouldBe((400, 4));
        made.Text.ShouldContain("is too long (maximum is 1024 characters with the groups around it)");
        (await root.AskAsync("POST", "/projects", Token, new { name = new string('p', 200), namespace_id = parent })).Status.ShouldBe(400);
        (await root.AskAsync("POST", "/projects", Token, new { name = "p", namespace_id = parent })).Status.ShouldBe(201);
    }
}
