using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class ResumableTestsOnSqlite(SmallLimitSqliteServer fixture) : ResumableTests(fixture.Server), IClassFixture<SmallLimitSqliteServer>;

public sealed class ResumableTestsOnPostgres(SmallLimitPostgresServer fixture) : ResumableTests(fixture.Server), IClassFixture<SmallLimitPostgresServer>;

/// <summary>Publishing over several requests, by tus 1.0.0: Larder's own.</summary>
public abstract class ResumableTests(LarderServer server) : IAsyncLifetime
{
    private const string BodyType = "application/offset+octet-stream";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private Project project = null!;

    public async ValueTask InitializeAsync() => project = await server.CreateProjectAsync(cancel);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        root.Dispose();
        return default;
    }

    [Fact]
    public async Task File_arrives_over_several_requests()
    {
        var created = await CreateAsync("app/1.0/dir/a+b.bin", 10, ("Upload-Metadata", "filename YQ=="));
        (created.Status, created.Header("Tus-Resumable"), created.Text).ShouldBe((201, "1.0.0", ""));
        created.Header("Upload-Expires").ShouldBe(server.Time.GetUtcNow().AddHours(24).ToString("R", CultureInfo.InvariantCulture));
        var upload = created.Header("Location");
        upload.ShouldStartWith($"{server.BaseAddress}api/v4/projects/{project.Id}/packages/generic/uploads/");

        server.Time.Advance(TimeSpan.FromHours(1));
        var first = await PatchAsync(upload, 0, "01234");
        (first.Status, first.Header("Upload-Offset"), first.Text).ShouldBe((204, "5", ""));
        first.Header("Upload-Expires").ShouldBe(server.Time.GetUtcNow().AddHours(24).ToString("R", CultureInfo.InvariantCulture));
        (await root.GetFileAsync(project, "app/1.0/dir/a+b.bin", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Text.ShouldBe("[]");
        var head = await TusAsync("HEAD", upload);
        (head.Status, head.Header("Upload-Offset"), head.Header("Upload-Length"), head.Header("Upload-Metadata"), head.Header("Cache-Control"))
            .ShouldBe((200, "5", "10", "filename YQ==", "no-store"));

        (await PatchAsync(upload, 5, "56")).Header("Upload-Offset").ShouldBe("7");
        var last = await PatchAsync(upload, 7, "789");
        (last.Status, last.Header("Upload-Offset")).ShouldBe((204, "10"));
        (await root.GetFileAsync(project, "app/1.0/dir/a+b.bin", cancel)).Text.ShouldBe("0123456789");
        (await root.FileNamesAsync(project, await root.PackageIdAsync(project, "app", "1.0", cancel), cancel)).ShouldBe(["dir%2Fa%2Bb.bin"]);

        // Who did not hear of the end learns it.
        (await TusAsync("HEAD", upload)).Header("Upload-Offset").ShouldBe("10");
        (await PatchAsync(upload, 7, "789")).Status.ShouldBe(409);
        (await PatchAsync(upload, 10, "")).Status.ShouldBe(204);
        (await root.FileNamesAsync(project, await root.PackageIdAsync(project, "app", "1.0", cancel), cancel)).Length.ShouldBe(1);
        (await PiecesAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task File_may_come_with_the_request_that_begins_it()
    {
        var whole = await SendAsync("POST", File("app/1.0/whole"), "whole", ("Upload-Length", "5"));
        (whole.Status, whole.Header("Upload-Offset")).ShouldBe((201, "5"));
        (await root.GetFileAsync(project, "app/1.0/whole", cancel)).Text.ShouldBe("whole");

        var part = await SendAsync("POST", File("app/1.0/part?status=hidden"), "pa", ("Upload-Length", "4"));
        (part.Status, part.Header("Upload-Offset")).ShouldBe((201, "2"));
        await PatchAsync(part.Header("Location"), 2, "rt");
        (await root.GetFileAsync(project, "app/1.0/part", cancel)).Text.ShouldBe("part");
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages?status=hidden", cancel)).Json.GetArrayLength().ShouldBe(1);

        (await CreateAsync("app/1.0/empty", 0)).Status.ShouldBe(201);
        (await root.GetFileAsync(project, "app/1.0/empty", cancel)).Header("Content-Length").ShouldBe("0");
    }

    [Fact]
    public async Task Connection_that_breaks_loses_nothing_that_has_arrived()
    {
        var upload = (await CreateAsync("app/1.0/a", 10)).Header("Location");
        var row = await server.Get<ResumableStore>().FindAsync(project.Id, upload.Split('/')[^1], cancel);
        await using var body = new BreakingStream("0123");
        using var progress = server.Get<RunningUploads>().Begin("root", "app", 10);
        await Should.ThrowAsync<IOException>(server.Get<ResumableTransfer>().ReceiveAsync(row!, body, progress, cancel));
        progress.Bytes.ShouldBe(4);
        (await TusAsync("HEAD", upload)).Header("Upload-Offset").ShouldBe("4");
        await PatchAsync(upload, 4, "456789");
        (await root.GetFileAsync(project, "app/1.0/a", cancel)).Text.ShouldBe("0123456789");
    }

    [Fact]
    public async Task Bytes_that_do_not_fit_are_refused_and_change_nothing()
    {
        var upload = (await CreateAsync("app/1.0/a", 4)).Header("Location");
        (await PatchAsync(upload, 0, "01")).Status.ShouldBe(204);
        (await PatchAsync(upload, 0, "01")).Text.ShouldBe("""{"message":"409 Conflict: the upload is at 2"}""");
        (await PatchAsync(upload, 3, "3")).Status.ShouldBe(409);
        (await PatchAsync(upload, 2, "23456")).Text.ShouldBe("""{"message":"400 Bad request - There are more bytes than Upload-Length has announced"}""");
        using (var chunked = Request("PATCH", upload, "23456", ("Upload-Offset", "2")))
        {
            chunked.Headers.TransferEncodingChunked = true;
            (await root.AskAsync(chunked, cancel)).Status.ShouldBe(400);
        }
        (await SendAsync("PATCH", upload, "23", ("Upload-Offset", "two"))).Text.ShouldBe("""{"error":"Upload-Offset is invalid"}""");
        using (var json = Request("PATCH", upload, "23", ("Upload-Offset", "2")))
        {
            json.Content!.Headers.ContentType = new("application/json");
            (await root.AskAsync(json, cancel)).Status.ShouldBe(415);
        }
        (await TusAsync("HEAD", upload)).Header("Upload-Offset").ShouldBe("2");
        await PatchAsync(upload, 2, "23");
        (await root.GetFileAsync(project, "app/1.0/a", cancel)).Text.ShouldBe("0123");
    }

    [Fact]
    public async Task Of_two_that_go_on_at_the_same_time_one_is_told_to_look_again()
    {
        var upload = (await CreateAsync("app/1.0/a", 1000)).Header("Location");
        for (var offset = 0; offset < 1000; offset += 100)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PatchAsync(upload, offset, new string('x', 100))));
            // The last may be brought by all of them: it is published once.
            answers.Count(answer => answer.Status == 204).ShouldBeGreaterThanOrEqualTo(1);
            if (offset < 900) answers.Count(answer => answer.Status == 204).ShouldBe(1);
            answers.ShouldAllBe(answer => answer.Status == 204 || answer.Status == 409);
        }
        (await root.GetFileAsync(project, "app/1.0/a", cancel)).Text.ShouldBe(new string('x', 1000));
        (await root.FileNamesAsync(project, await root.PackageIdAsync(project, "app", "1.0", cancel), cancel)).Length.ShouldBe(1);
    }

    [Fact]
    public async Task Digest_announced_at_the_beginning_holds_at_the_end()
    {
        var sha256 = SHA256.HashData("0123"u8);
        foreach (var (header, good, bad, nonsense) in new[]
        {
            ("X-Checksum-Sha256", Convert.ToHexStringLower(sha256), new string('0', 64), "nonsense"),
            ("Repr-Digest", $"sha-256=:{Convert.ToBase64String(sha256)}:", $"sha-256=:{Convert.ToBase64String(new byte[32])}:", "sha-256=nonsense"),
        })
        {
            var right = (await CreateAsync("app/1.0/right", 4, (header, good))).Header("Location");
            await PatchAsync(right, 0, "01");
            (await PatchAsync(right, 2, "23")).Status.ShouldBe(204);
            var wrong = (await CreateAsync("app/1.0/wrong", 4, (header, bad))).Header("Location");
            await PatchAsync(wrong, 0, "01");
            var end = await PatchAsync(wrong, 2, "23");
            (end.Status, end["message"]!).ShouldSatisfyAllConditions(x => x.Status.ShouldBe(400), x => x.Item2.ShouldStartWith("400 Bad request - The sha256 of the file is "));
            (await TusAsync("HEAD", wrong)).Status.ShouldBe(404);
            (await root.GetFileAsync(project, "app/1.0/wrong", cancel)).Status.ShouldBe(404);
            (await CreateAsync("app/1.0/nonsense", 4, (header, nonsense))).Status.ShouldBe(400);
        }
    }

    [Fact]
    public async Task Beginning_asks_for_all_that_a_PUT_asks_for()
    {
        (await SendAsync("POST", File("app/1..0/a~"), null, ("Upload-Length", "1"))).Text.ShouldBe("""{"error":"package_version is invalid, file_name is invalid"}""");
        (await CreateAsync("app/1.0/a?status=lost", 1)).Text.ShouldBe("""{"error":"status does not have a valid value"}""");
        (await SendAsync("POST", File("app/1.0/a"), null)).Text.ShouldBe("""{"error":"Upload-Length is invalid"}""");
        (await CreateAsync("app/1.0/a", -1)).Status.ShouldBe(400);
        (await CreateAsync("app/1.0/a", SmallLimit.Bytes + 1)).Text.ShouldBe("""{"message":"413 File is too large"}""");
        (await CreateAsync("app/1.0/a", 1, ("Upload-Metadata", new string('x', 5000)))).Status.ShouldBe(400);

        using var plain = new HttpRequestMessage(HttpMethod.Post, File("app/1.0/a"));
        (await root.AskAsync(plain, cancel)).Text.ShouldBe("""{"error":"405 Not Allowed"}""");
        using var old = new HttpRequestMessage(HttpMethod.Post, File("app/1.0/a")) { Headers = { { "Tus-Resumable", "0.2.2" }, { "Upload-Length", "1" } } };
        var otherVersion = await root.AskAsync(old, cancel);
        (otherVersion.Status, otherVersion.Header("Tus-Version")).ShouldBe((412, "1.0.0"));

        var options = await TusAsync("OPTIONS", File("app/1.0/a").ToString());
        (options.Status, options.Header("Tus-Version"), options.Header("Tus-Extension"), options.Header("Tus-Max-Size"))
            .ShouldBe((204, "1.0.0", "creation,creation-with-upload,expiration,termination", $"{SmallLimit.Bytes}"));
    }

    [Fact]
    public async Task Upload_belongs_to_who_began_it_and_ends_with_the_right_to_publish()
    {
        var developers = new List<TestUser> { await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel) };
        foreach (var user in developers) await server.AddMemberAsync(project, user, AccessLevel.Developer, cancel);
        using var first = server.ClientFor(developers[0]);
        using var second = server.ClientFor(developers[1]);
        using var nobody = server.ClientFor((string?)null);
        using var begin = Request("POST", File("app/1.0/a").ToString(), null, ("Upload-Length", "4"));
        var upload = (await first.AskAsync(begin, cancel)).Header("Location");
        foreach (var method in new[] { "HEAD", "PATCH", "DELETE" })
        {
            (await StatusAsync(nobody, method, upload)).ShouldBe(401, method);
            (await StatusAsync(second, method, upload)).ShouldBe(404, method);
            (await StatusAsync(root, method, upload.Replace($"projects/{project.Id}/", $"projects/{(await server.CreateProjectAsync(cancel)).Id}/", StringComparison.Ordinal)))
                .ShouldBe(404, method);
        }
        (await StatusAsync(first, "PATCH", upload)).ShouldBe(204);
        await root.AskAsync("POST", $"/projects/{project.Id}/packages/protection/rules", cancel,
            new { package_name_pattern = "app", package_type = "generic", minimum_access_level_for_push = "maintainer" });
        using var late = Request("PATCH", upload, "23", ("Upload-Offset", "2"));
        (await first.AskAsync(late, cancel)).Text.ShouldBe("""{"message":"403 Forbidden - Package protected."}""");
        (await root.GetFileAsync(project, "app/1.0/a", cancel)).Status.ShouldBe(404);

        async Task<int> StatusAsync(HttpClient client, string method, string url)
        {
            using var request = Request(method, url, method == "PATCH" ? "01" : null, ("Upload-Offset", "0"));
            return (await client.AskAsync(request, cancel)).Status;
        }
    }

    [Fact]
    public async Task Duplicate_is_refused_at_the_end_as_that_of_a_PUT_is()
    {
        var group = await server.Get<NamespaceStore>().FindGroupAsync($"{project.NamespaceId}", cancel);
        await server.Get<PackageSettingsStore>().SaveAsync(group!.Id, duplicatesAllowed: false, duplicateException: null, cancel);
        await root.PutFileAsync(project, "app/1.0/a", "here", cancel);
        var upload = (await CreateAsync("app/1.0/a", 4)).Header("Location");
        (await PatchAsync(upload, 0, "0123")).Text.ShouldBe("""{"message":"400 Bad request - Duplicate package is not allowed"}""");
        (await TusAsync("HEAD", upload)).Status.ShouldBe(404);
        (await root.GetFileAsync(project, "app/1.0/a", cancel)).Text.ShouldBe("here");
    }

    [Fact]
    public async Task Upload_that_is_ended_or_left_alone_is_gone()
    {
        var ended = (await CreateAsync("app/1.0/a", 4)).Header("Location");
        await PatchAsync(ended, 0, "01");
        (await TusAsync("DELETE", ended)).Status.ShouldBe(204);
        (await TusAsync("HEAD", ended)).Status.ShouldBe(404);
        (await PatchAsync(ended, 2, "23")).Status.ShouldBe(404);
        (await PiecesAsync()).ShouldBe(0);

        var left = (await CreateAsync("app/1.0/a", 4)).Header("Location");
        await PatchAsync(left, 0, "01");
        server.Time.Advance(TimeSpan.FromHours(23));
        (await TusAsync("HEAD", left)).Status.ShouldBe(200);
        server.Time.Advance(TimeSpan.FromHours(2));
        (await PatchAsync(left, 2, "23")).Status.ShouldBe(404);
        await server.Get<UploadExpiry>().RunAsync(cancel);
        (await PiecesAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Sweep_spares_the_pieces_of_an_upload_until_it_is_ended()
    {
        var upload = (await CreateAsync("app/1.0/a", 400)).Header("Location");
        await PatchAsync(upload, 0, $"swept of {project.FullPath}");
        (await IsUnusedAsync()).ShouldBe(0);
        await TusAsync("DELETE", upload);
        (await IsUnusedAsync()).ShouldBe(1);

        async Task<long> IsUnusedAsync()
        {
            await server.Get<Sweep>().RunAsync(cancel);
            return await server.Get<Database>().ReadAsync(session => session.SingleAsync<long>(
                "select count(unused_since) from blobs where sha256 = @Sha256",
                new { Sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"swept of {project.FullPath}"))) }), cancel);
        }
    }

    [Fact]
    public async Task Integrity_check_knows_the_bytes_of_uploads()
    {
        var text = $"piece of {project.FullPath}";
        await PatchAsync((await CreateAsync("app/1.0/a", 400)).Header("Location"), 0, text);
        var digest = Sha256.FromBytes(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        (await ProblemsAsync()).ShouldBeEmpty();
        await server.Get<IBlobStore>().DiscardAsync(digest, DateTimeOffset.MaxValue, cancel);
        (await ProblemsAsync()).ShouldHaveSingleItem().ShouldMatch("is missing.\n  restore upload [0-9a-f]{32} of ");

        async Task<List<string>> ProblemsAsync()
        {
            var found = new List<string>();
            await foreach (var problem in server.Get<IntegrityCheck>().RunAsync(new CheckRequest(), progress: null, cancel))
                if (problem.Digest == digest.Hex) found.Add(problem.ToString());
            return found;
        }
    }

    private Task<Answer> CreateAsync(string path, long length, params (string Name, string Value)[] headers) =>
        SendAsync("POST", File(path), null, [("Upload-Length", length.ToString(CultureInfo.InvariantCulture)), .. headers]);

    private Task<Answer> PatchAsync(string upload, long offset, string content) =>
        SendAsync("PATCH", upload, content, ("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture)));

    private Task<Answer> TusAsync(string method, string url) => SendAsync(method, url, null);

    private async Task<Answer> SendAsync(string method, string url, string? content, params (string Name, string Value)[] headers)
    {
        using var request = Request(method, url, content, headers);
        return await root.AskAsync(request, cancel);
    }

    private static HttpRequestMessage Request(string method, string url, string? content, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), new Uri(url, UriKind.RelativeOrAbsolute)) { Headers = { { "Tus-Resumable", "1.0.0" } } };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (content is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(content)) { Headers = { ContentType = new(BodyType) } };
        return request;
    }

    private string File(string path) => $"/api/v4/projects/{project.Id}/packages/generic/{path}";

    private Task<long> PiecesAsync() => server.Get<Database>().ReadAsync(session => session.SingleAsync<long>("""
        select count(*) from package_upload_pieces p join package_uploads u on u.id = p.upload_id where u.project_id = @Id
        """, new { project.Id }), cancel);

    /// <summary>A body whose connection breaks behind these bytes.</summary>
    private sealed class BreakingStream(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is var read and > 0 ? read : throw new IOException("The client has gone.");
    }
}
