using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Larder.Registry.Namespaces;
using Larder.Storage.Blobs;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class GenericTestsOnSqlite(SmallLimitSqliteServer fixture) : GenericTests(fixture.Server), IClassFixture<SmallLimitSqliteServer>;

public sealed class GenericTestsOnPostgres(SmallLimitPostgresServer fixture) : GenericTests(fixture.Server), IClassFixture<SmallLimitPostgresServer>;

public sealed class GenericTestsOnPostgresAndS3(SmallLimitClusterServer fixture) : GenericTests(fixture.Server), IClassFixture<SmallLimitClusterServer>;

/// <summary>A server on SQLite that takes files of 5 MiB at the most.</summary>
public sealed class SmallLimitSqliteServer : ServerFixture
{
    protected override LarderOptions? Options(string data, string database) => SmallLimit.Options(data, database);

    protected override Task<string?> CreateDatabaseAsync() => Task.FromResult<string?>(null);
}

/// <summary>The same on PostgreSQL.</summary>
public sealed class SmallLimitPostgresServer : ServerFixture
{
    protected override LarderOptions? Options(string data, string database) => SmallLimit.Options(data, database);

    protected override async Task<string?> CreateDatabaseAsync() => await PostgresCluster.CreateDatabaseAsync();
}

/// <summary>The same on PostgreSQL and a bucket.</summary>
public sealed class SmallLimitClusterServer : ClusterServer
{
    protected override long MaxBytes => SmallLimit.Bytes;
}

internal static class SmallLimit
{
    public const int Bytes = 5 << 20;

    public static LarderOptions Options(string data, string database) => new()
    {
        DataDirectory = data, Database = database, InitialRootToken = LarderServer.RootToken, GenericPackageMaxBytes = Bytes,
    };
}

/// <summary>Publishing and fetching generic files: generic-packages contract sections 2 and 3.</summary>
public abstract class GenericTests(LarderServer server) : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private Project project = null!;

    private string Base => $"/projects/{project.Id}/packages/generic";

    public async ValueTask InitializeAsync() => project = await server.CreateProjectAsync(cancel);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        root.Dispose();
        return default;
    }

    [Fact]
    public async Task Published_file_comes_back_with_the_headers_of_the_contract()
    {
        var put = await PutAsync("app/1.0/app.zip", "content");
        (put.Status, put.Text, put.Header("Content-Type")).ShouldBe((201, """{"message":"201 Created"}""", "application/json"));

        var got = await GetAsync("app/1.0/app.zip");
        (got.Status, got.Text).ShouldBe((200, "content"));
        got.Header("Content-Type").ShouldBe("application/octet-stream");
        got.Header("Content-Disposition").ShouldBe("attachment; filename=\"app.zip\"; filename*=UTF-8''app.zip");
        got.Header("Content-Transfer-Encoding").ShouldBe("binary");
        got.Header("X-Checksum-SHA256").ShouldBe(Sha256Of("content"));
        got.Header("ETag").ShouldBe($"\"{Sha256Of("content")}\"");
        got.Header("X-Content-Type-Options").ShouldBe("nosniff");

        var head = await root.AskAsync("HEAD", $"{Base}/app/1.0/app.zip", cancel);
        (head.Status, head.Text, head.Header("Content-Length")).ShouldBe((200, "", "7"));
    }

    [Theory]
    [InlineData("my_package/1.2.bananas/my+file.tar.gz")]
    [InlineData("my-package.2+x/1.3.350-20201230123456/my~file.tar.gz")]
    [InlineData("p/v1.2.4-build/myfile@1.1.tar.gz")]
    [InlineData("p/this_is_a_string_only/.hidden")]
    [InlineData("p/0123456789abcdef0123456789abcdef01234567/a")]
    public async Task Name_within_the_rules_is_accepted(string path)
    {
        (await PutAsync(path, "x")).Status.ShouldBe(201);
        (await GetAsync(path)).Text.ShouldBe("x");
    }

    [Theory]
    [InlineData("my%20package/1.0/a.txt", "package_name should be a valid file path")]
    [InlineData("my$package/1.0/a.txt", "package_name should be a valid file path")]
    [InlineData("my!package/1.0/a.txt", "package_name should be a valid file path")]
    [InlineData("my(package)/1.0/a.txt", "package_name should be a valid file path")]
    [InlineData("my%5Cpackage/1.0/a.txt", "package_name should be a valid file path")]
    [InlineData("my%2Fpackage/1.0/a.txt", "package_name should be a valid file path")]
    [InlineData("p/1..2/a.txt", "package_version is invalid")]
    [InlineData("p/..1.2.3/a.txt", "package_version is invalid")]
    [InlineData("p/%201.2/a.txt", "package_version is invalid")]
    [InlineData("p/1.0%2Fx/a.txt", "package_version is invalid")]
    [InlineData("p/1.0/~a.txt", "file_name is invalid")]
    [InlineData("p/1.0/a.txt~", "file_name is invalid")]
    [InlineData("p/1.0/@a.txt", "file_name is invalid")]
    [InlineData("p/1.0/a.txt@", "file_name is invalid")]
    [InlineData("p/1.0/a%20b.txt", "file_name is invalid")]
    [InlineData("p/1.0/a%22b.txt", "file_name is invalid")]
    [InlineData("p/1.0/a$b.txt", "file_name is invalid")]
    [InlineData("p%20/1..0/~a", "package_name should be a valid file path, package_version is invalid, file_name is invalid")]
    [InlineData("p/1.0/a.txt?status=processing", "status does not have a valid value")]
    [InlineData("p/1.0/a.txt?select=everything", "select does not have a valid value")]
    public async Task Name_that_breaks_a_rule_is_refused_in_words(string path, string error)
    {
        var put = await PutAsync(path, "x");
        (put.Status, put["error"]).ShouldBe((400, error));
        // Before the project is looked up.
        (await root.AskAsync("PUT", $"/projects/999999/packages/generic/{path}", cancel)).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Part_of_more_than_255_characters_is_refused()
    {
        var longest = new string('a', 255);
        (await PutAsync($"{longest}/{longest}/{longest}", "x")).Status.ShouldBe(201);
        (await PutAsync($"{longest}a/1.0/a", "x"))["error"].ShouldBe("package_name should be a valid file path");
        (await PutAsync($"p/{longest}a/a", "x"))["error"].ShouldBe("package_version is invalid");
        (await PutAsync($"p/1.0/{longest}a", "x"))["error"].ShouldBe("file_name is invalid");
    }

    [Theory]
    [InlineData("my-package/../1.0/a.txt")]
    [InlineData("my-package/1.0/../../a.txt")]
    [InlineData("my-package/1.2.3-4/../../a.txt")]
    [InlineData("my-package/%2e%2e%2f1.2.3/a.txt")]
    [InlineData("my-package/1.0/..%2f..%2fa.txt")]
    [InlineData("my-package/1.0/%2e%2e/a.txt")]
    [InlineData("my-package/1.0/%252e%252e/a.txt")]
    [InlineData("my-package/1.0/%25252e%25252e/a.txt")]
    [InlineData("my-package/1.0/..%5c..%5ca.txt")]
    [InlineData("my-package/1.0/%2Fetc%2Fpasswd")]
    [InlineData("my-package/1.0/dir//a.txt")]
    [InlineData("my-package/1.0/dir/%00/a.txt")]
    [InlineData("my-package/1.0/dir/a%0d%0ab/a.txt")]
    [InlineData("my-package/1.0/%C0%AE%C0%AE/a.txt")]
    [InlineData("../../../../etc/passwd")]
    public async Task Traversal_in_any_encoding_is_400_on_the_wire(string path)
    {
        foreach (var method in new[] { "PUT", "GET" })
            (await RawAsync($"{method} /api/v4{Base}/{path} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {LarderServer.RootToken}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
                .ShouldStartWith("HTTP/1.1 400", Case.Sensitive, $"{method} {path}");
    }

    [Fact]
    public async Task Dots_and_slashes_may_come_encoded_as_Go_clients_send_them()
    {
        var encoded = project.FullPath.Replace("/", "%2F", StringComparison.Ordinal).Replace(".", "%2E", StringComparison.Ordinal);
        var url = $"/projects/{encoded}/packages/generic/app/1%2E0%2E0/app%2Ezip";
        (await SendAsync("PUT", url, "x")).Status.ShouldBe(201);
        (await GetAsync("app/1.0.0/app.zip")).Text.ShouldBe("x");
    }

    [Theory]
    [InlineData("path/to/myfile.tar.gz", "path%2Fto%2Fmyfile.tar.gz")]
    [InlineData("a+b/c~d@e.txt", "a%2Bb%2Fc~d%40e.txt")]
    [InlineData("with%20space/%C3%BCmlaut/a.txt", "with%20space%2F%C3%BCmlaut%2Fa.txt")]
    [InlineData("100%25/a.txt", "100%25%2Fa.txt")]
    [InlineData("of/a/route/authorize", "of%2Fa%2Froute%2Fauthorize")]
    public async Task Nested_file_is_listed_encoded_and_goes_in_and_out_in_both_forms(string path, string stored)
    {
        foreach (var (form, content) in new[] { (path, "plain"), (stored, "encoded") })
        {
            var put = await PutAsync($"app/1.0/{form}?select=package_file", content);
            (put.Status, put["file_name"]).ShouldBe((200, stored));
            foreach (var asked in new[] { path, stored })
            {
                (await GetAsync($"app/1.0/{asked}")).Text.ShouldBe(content);
                (await root.AskAsync("HEAD", $"{Base}/app/1.0/{asked}", cancel)).Header("Content-Length").ShouldBe($"{content.Length}");
            }
            using var byUrl = await root.GetAsync(new Uri(put.Json.GetProperty("file").GetProperty("url").GetString()!), cancel);
            (await byUrl.Content.ReadAsStringAsync(cancel)).ShouldBe(content);
        }
        var package = await root.PackageIdAsync(project, "app", "1.0", cancel);
        (await root.FileNamesAsync(project, package, cancel)).ShouldBe([stored, stored]);
    }

    [Fact]
    public async Task Listed_names_put_behind_the_URL_fetch_the_whole_package()
    {
        string[] names = ["a.txt", "b+c.txt", "dir/a.txt", "dir/sub%20dir/b+c.txt"];
        foreach (var name in names) await PutAsync($"app/1.0/{name}", name);
        var listed = await root.FileNamesAsync(project, await root.PackageIdAsync(project, "app", "1.0", cancel), cancel);
        var fetched = await Task.WhenAll(listed.Select(async name => (await GetAsync($"app/1.0/{name}")).Text));
        fetched.ShouldBe(names);
    }

    [Fact]
    public async Task Same_name_again_stacks_and_the_newest_is_served()
    {
        await PutAsync("app/1.0/a.txt", "first");
        await PutAsync("app/1.0/a.txt", "second");
        (await GetAsync("app/1.0/a.txt")).Text.ShouldBe("second");
        var packages = await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel);
        var package = packages.Json.EnumerateArray().ShouldHaveSingleItem().GetProperty("id");
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages/{package}/package_files", cancel)).Json.GetArrayLength().ShouldBe(2);
    }

    [Fact]
    public async Task Parallel_first_uploads_into_one_version_all_succeed()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => PutAsync($"app/2.0/{i}.txt", $"{i}")));
        answers.Select(answer => answer.Status).Distinct().ShouldBe([201]);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json.GetArrayLength().ShouldBe(1);
        for (var i = 0; i < 32; i++) (await GetAsync($"app/2.0/{i}.txt")).Text.ShouldBe($"{i}");
    }

    [Fact]
    public async Task Status_hides_the_package_from_lists_but_not_from_downloads()
    {
        await PutAsync("app/1.0/a.txt?status=hidden", "x");
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json.GetArrayLength().ShouldBe(0);
        (await GetAsync("app/1.0/a.txt")).Status.ShouldBe(200);
        await PutAsync("app/1.0/b.txt", "x"); // says nothing of the status, so it stays
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages?status=hidden", cancel)).Json.GetArrayLength().ShouldBe(1);
        await PutAsync("app/1.0/b.txt?status=default", "x");
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json.GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Select_package_file_answers_the_record()
    {
        var answer = await PutAsync("app/1.0/dir/a+b.txt?select=package_file", "content");
        answer.Status.ShouldBe(200);
        answer["file_name"].ShouldBe("dir%2Fa%2Bb.txt");
        answer["size"].ShouldBe("7");
        answer["file_sha256"].ShouldBe(Sha256Of("content"));
        (answer["file_store"], answer["verification_state"], answer["status"]).ShouldBe(("1", "0", "default"));
        answer.Json.GetProperty("new_file_path").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        using var fetched = await root.GetAsync(new Uri(answer.Json.GetProperty("file").GetProperty("url").GetString()!), cancel);
        (await fetched.Content.ReadAsStringAsync(cancel)).ShouldBe("content");
    }

    [Fact]
    public async Task Empty_file_is_a_file_and_no_body_at_all_is_not()
    {
        (await PutAsync("app/1.0/empty", "")).Status.ShouldBe(201);
        (await GetAsync("app/1.0/empty")).Header("Content-Length").ShouldBe("0");
        (await RawAsync($"PUT /api/v4{Base}/app/1.0/none HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {LarderServer.RootToken}\r\nConnection: close\r\n\r\n"))
            .ShouldEndWith("""{"error":"file is missing"}""");
    }

    [Fact]
    public async Task Chunked_upload_of_any_content_type_is_the_file()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4{Base}/app/1.0/a.json")
        {
            Content = new StringContent("""{"not":"parameters"}""", Encoding.UTF8, "application/json"),
            Headers = { TransferEncodingChunked = true },
        };
        (await root.AskAsync(request, cancel)).Status.ShouldBe(201);
        (await GetAsync("app/1.0/a.json")).Text.ShouldBe("""{"not":"parameters"}""");
    }

    [Fact]
    public async Task File_in_a_form_is_stored_without_its_envelope()
    {
        var content = RandomNumberGenerator.GetBytes(300_000);
        using var form = Form(("file", content));
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
        (await PutFormAsync("app/1.0/a.bin", form, ("X-Checksum-Sha256", sha256))).Status.ShouldBe(201);
        (await root.GetByteArrayAsync(new Uri($"{server.BaseAddress}api/v4{Base}/app/1.0/a.bin"), cancel)).ShouldBe(content);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fields_of_a_form_stand_for_query_parameters(bool fileFirst)
    {
        (string, byte[])[] fields = [("status", "hidden"u8.ToArray()), ("select", "package_file"u8.ToArray()), ("other", new byte[1000])];
        using var form = Form(fileFirst ? [("file", [1]), .. fields] : [.. fields, ("file", [1])]);
        var answer = await PutFormAsync("app/1.0/a.bin", form);
        (answer.Status, answer["size"]).ShouldBe((200, "1"));
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages?status=hidden", cancel)).Json.GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData("status", "processing", "status does not have a valid value")]
    [InlineData("select", "0123456789012345678901234567890123456789012345678901234567890123456789", "select does not have a valid value")]
    [InlineData("file", "a second file", "file is invalid")]
    public async Task Part_of_a_form_that_breaks_a_rule_is_refused_in_words(string name, string value, string error)
    {
        using var form = Form(("file", [1]), (name, Encoding.UTF8.GetBytes(value)));
        var answer = await PutFormAsync("app/1.0/a.bin", form);
        (answer.Status, answer["error"]).ShouldBe((400, error));
        (await GetAsync("app/1.0/a.bin")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf", "file is invalid")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nwhole\r\n--b\r\n", "file is invalid")]
    [InlineData("no form at all", "file is invalid")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n--b--\r\n", "file is missing")]
    public async Task Form_without_a_whole_file_is_refused_and_leaves_nothing(string body, string error)
    {
        using var content = new StringContent(body);
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=b");
        var answer = await PutFormAsync("app/1.0/a.bin", content);
        (answer.Status, answer["error"]).ShouldBe((400, error));
        (await GetAsync("app/1.0/a.bin")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task File_in_a_form_keeps_the_limit()
    {
        using var over = Form(("file", new byte[SmallLimit.Bytes + 1]));
        var answer = await PutFormAsync("app/1.0/large", over);
        (answer.Status, answer["message"]).ShouldBe((400, "400 Bad request - File is too large"));
        using var exact = Form(("file", new byte[SmallLimit.Bytes]));
        (await PutFormAsync("app/1.0/large", exact)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Form_with_endless_other_parts_is_refused()
    {
        using var bytes = Form(("other", new byte[(1 << 20) + 1]), ("file", new byte[10]));
        (await PutFormAsync("app/1.0/hidden", bytes)).Status.ShouldBe(400);
        using var parts = Form([.. Enumerable.Range(0, 101).Select(i => ($"other-{i}", new byte[1])), ("file", new byte[10])]);
        (await PutFormAsync("app/1.0/hidden", parts)).Status.ShouldBe(400);
        (await GetAsync("app/1.0/hidden")).Status.ShouldBe(404);
        using var some = Form(("other", new byte[1 << 20]), ("file", new byte[10]));
        (await PutFormAsync("app/1.0/hidden", some)).Status.ShouldBe(201);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task File_larger_than_the_limit_is_refused_early_and_leaves_nothing(bool announced)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4{Base}/app/1.0/large")
        {
            Content = new ByteArrayContent(new byte[SmallLimit.Bytes + 1]), Headers = { TransferEncodingChunked = !announced },
        };
        var answer = await root.AskAsync(request, cancel);
        (answer.Status, answer["message"]).ShouldBe((400, "400 Bad request - File is too large"));
        (await GetAsync("app/1.0/large")).Status.ShouldBe(404);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json.GetArrayLength().ShouldBe(0);

        using var exact = new HttpRequestMessage(HttpMethod.Put, $"/api/v4{Base}/app/1.0/exact") { Content = new ByteArrayContent(new byte[SmallLimit.Bytes]) };
        (await root.AskAsync(exact, cancel)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Upload_that_breaks_off_leaves_nothing()
    {
        using (var connection = new TcpClient())
        {
            await connection.ConnectAsync(server.BaseAddress.Host, server.BaseAddress.Port, cancel);
            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"PUT /api/v4{Base}/app/1.0/half HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {LarderServer.RootToken}\r\nContent-Length: 1000\r\n\r\nhalf"), cancel);
        }
        (await GetAsync("app/1.0/half")).Status.ShouldBe(404);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json.GetArrayLength().ShouldBe(0);
    }

    [Theory]
    [InlineData("X-Checksum-Sha256", 64)]
    [InlineData("X-Checksum-Sha1", 40)]
    [InlineData("X-Checksum-Md5", 32)]
    [InlineData("X-Checksum-Sha512", 128)]
    public async Task Client_digest_that_is_wrong_is_400_with_nothing_stored(string header, int digits)
    {
        var wrong = await SendAsync("PUT", $"{Base}/app/1.0/a.txt", "content", (header, new string('0', digits)));
        (wrong.Status, wrong["message"]!).ShouldSatisfyAllConditions(x => x.Status.ShouldBe(400), x => x.Item2.ShouldStartWith("400 Bad request - The "));
        (await GetAsync("app/1.0/a.txt")).Status.ShouldBe(404);
        (await SendAsync("PUT", $"{Base}/app/1.0/a.txt", "content", (header, "nonsense"))).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Client_digest_that_is_right_is_accepted()
    {
        var sha256 = SHA256.HashData("content"u8);
        (await SendAsync("PUT", $"{Base}/app/1.0/a.txt", "content", ("X-Checksum-Sha256", Convert.ToHexString(sha256)))).Status.ShouldBe(201);
        (await SendAsync("PUT", $"{Base}/app/1.0/a.txt", "content", ("Content-Digest", $"sha-256=:{Convert.ToBase64String(sha256)}:, crc=:AAAA:"))).Status.ShouldBe(201);
        (await SendAsync("PUT", $"{Base}/app/1.0/a.txt", "other", ("Content-Digest", $"sha-256=:{Convert.ToBase64String(sha256)}:"))).Status.ShouldBe(400);
        (await SendAsync("PUT", $"{Base}/app/1.0/a.txt", "other", ("Content-Digest", "sha-256=nonsense"))).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Missing_file_version_and_project_are_told_apart_as_GitLab_does()
    {
        await PutAsync("app/1.0/a.txt", "x");
        (await GetAsync("app/1.0/b.txt")).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await GetAsync("app/1.1/a.txt")).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await GetAsync("APP/1.0/a.txt")).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await root.AskAsync("GET", "/projects/999999/packages/generic/app/1.0/a.txt", cancel)).Text.ShouldBe("""{"message":"404 Not Found"}""");
        (await root.AskAsync("POST", $"{Base}/app/1.0/a.txt", cancel)).Text.ShouldBe("""{"error":"405 Not Allowed"}""");
    }

    [Theory]
    [InlineData("bytes=0-3", 206, "cont", "bytes 0-3/7")]
    [InlineData("bytes=4-", 206, "ent", "bytes 4-6/7")]
    [InlineData("bytes=-3", 206, "ent", "bytes 4-6/7")]
    [InlineData("bytes=0-99", 206, "content", "bytes 0-6/7")]
    [InlineData("bytes=7-", 416, "", "bytes */7")]
    [InlineData("bytes=0-1,3-4", 200, "content", "")]
    [InlineData("lines=0-1", 200, "content", "")]
    [InlineData("bytes=4-2", 200, "content", "")]
    public async Task Range_is_answered_by_the_rules(string range, int status, string body, string contentRange)
    {
        await PutAsync("app/1.0/a.txt", "content");
        var answer = await SendAsync("GET", $"{Base}/app/1.0/a.txt", null, ("Range", range));
        (answer.Status, answer.Text, answer.Header("Content-Range")).ShouldBe((status, body, contentRange));
    }

    [Fact]
    public async Task Conditions_are_answered_by_the_rules()
    {
        await PutAsync("app/1.0/a.txt", "content");
        var first = await GetAsync("app/1.0/a.txt");
        var (etag, modified) = (first.Header("ETag"), first.Header("Last-Modified"));
        (await ConditionalAsync("If-None-Match", etag)).ShouldBe(304);
        (await ConditionalAsync("If-None-Match", "W/" + etag)).ShouldBe(304);
        (await ConditionalAsync("If-None-Match", "*")).ShouldBe(304);
        (await ConditionalAsync("If-None-Match", "\"other\"")).ShouldBe(200);
        (await ConditionalAsync("If-Match", "\"other\"")).ShouldBe(412);
        (await ConditionalAsync("If-Match", etag)).ShouldBe(200);
        (await ConditionalAsync("If-Modified-Since", modified)).ShouldBe(304);
        (await ConditionalAsync("If-Unmodified-Since", "Thu, 01 Jan 1998 00:00:00 GMT")).ShouldBe(412);

        async Task<int> ConditionalAsync(string name, string value) =>
            (await SendAsync("GET", $"{Base}/app/1.0/a.txt", null, (name, value))).Status;
    }

    [Fact]
    public async Task Published_file_whose_bytes_are_lost_is_an_error_and_not_an_absence()
    {
        await PutAsync("app/1.0/lost.bin", "lost bytes of this test");
        await server.Get<IBlobStore>().DiscardAsync(Sha256.Parse(Sha256Of("lost bytes of this test")), DateTimeOffset.MaxValue, cancel);
        (await GetAsync("app/1.0/lost.bin")).Status.ShouldBe(500);
        server.Log.ShouldContain(line => line.Contains("3001", StringComparison.Ordinal));
    }

    private Task<Answer> PutAsync(string path, string content) => SendAsync("PUT", $"{Base}/{path}", content);

    private async Task<Answer> PutFormAsync(string path, HttpContent form, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4{Base}/{path}") { Content = form };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await root.AskAsync(request, cancel);
    }

    private static MultipartFormDataContent Form(params (string Name, byte[] Content)[] parts)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, content) in parts)
        {
            var part = new ByteArrayContent(content);
            if (name == "file") form.Add(part, name, "a file.bin");
            else form.Add(part, name);
        }
        return form;
    }

    private Task<Answer> GetAsync(string path) => root.AskAsync("GET", $"{Base}/{path}", cancel);

    private async Task<Answer> SendAsync(string method, string path, string? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/v4{path}");
        if (content is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(content));
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await root.AskAsync(request, cancel);
    }

    private async Task<string> RawAsync(string request)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(server.BaseAddress.Host, server.BaseAddress.Port, cancel);
        await using var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancel);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancel);
    }

    private static string Sha256Of(string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)));
}
