using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class ArchiveTestsOnSqlite(SqliteServer fixture) : ArchiveTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class ArchiveTestsOnPostgres(PostgresServer fixture) : ArchiveTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>A whole package as one archive: Larder's own.</summary>
public abstract class ArchiveTests(LarderServer server) : IAsyncLifetime
{
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

    [Theory]
    [InlineData("", "application/x-tar", "tar")]
    [InlineData("?format=tar", "application/x-tar", "tar")]
    [InlineData("?format=tar.gz", "application/gzip", "tar.gz")]
    [InlineData("?format=zip", "application/zip", "zip")]
    public async Task Archive_holds_the_newest_file_of_each_name_in_its_folder(string query, string contentType, string extension)
    {
        foreach (var (name, content) in new[] { ("b.txt", "old"), ("b.txt", "new"), ("a+b.txt", "flat"), ("dir/sub dir/ü/c.bin", "nested"), ("empty", "") })
            await root.PutFileAsync(project, $"app/1.0/{name.Replace(" ", "%20", StringComparison.Ordinal)}", content, cancel);
        var path = await ArchiveAsync("app", "1.0", query);
        using var answer = await root.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancel);
        answer.Content.Headers.ContentType!.ToString().ShouldBe(contentType);
        answer.Content.Headers.ContentDisposition!.ToString().ShouldStartWith($"attachment; filename=\"app-1.0.{extension}\"");
        (await ReadAsync(extension, await answer.Content.ReadAsByteArrayAsync(cancel))).ShouldBe(
            [("a+b.txt", "flat"), ("b.txt", "new"), ("dir/sub dir/ü/c.bin", "nested"), ("empty", "")]);

        using var head = await root.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), cancel);
        ((int)head.StatusCode, head.Content.Headers.ContentType!.ToString(), (await head.Content.ReadAsByteArrayAsync(cancel)).Length)
            .ShouldBe((200, contentType, 0));
    }

    [Fact]
    public async Task Archives_are_read_by_other_programs()
    {
        var content = new string('x', 300_000);
        await root.PutFileAsync(project, "app/1.0/dir/a.txt", content, cancel);
        foreach (var (format, program, arguments) in new[]
        {
            ("tar", "tar", new[] { "-xOf" }), ("tar.gz", "tar", ["-xzOf"]),
            ("zip", "python3", ["-c", "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(z.read('dir/a.txt').decode(),end='')"]),
        })
        {
            using var folder = new TemporaryDirectory();
            await File.WriteAllBytesAsync(folder["archive"], await root.GetByteArrayAsync(await ArchiveAsync("app", "1.0", $"?format={format}"), cancel), cancel);
            (await Command.RunAsync(program, [.. arguments, folder["archive"]], cancel)).ShouldBe(content, format);
        }
    }

    [Fact]
    public async Task Package_of_many_files_is_read_in_parts_and_whole()
    {
        await root.PutFileAsync(project, "app/1.0/0", "same", cancel);
        var id = await root.PackageIdAsync(project, "app", "1.0", cancel);
        await server.Get<Database>().WriteAsync(session => session.ExecuteAsync("""
            with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < 1200)
            insert into package_files (package_id, file_name, sha256, size, status, created_at, updated_at)
            select f.package_id, 'file-' || numbers.i, f.sha256, f.size, f.status, f.created_at, f.updated_at
            from numbers, package_files f where f.package_id = @id
            """, new { id }), cancel);
        var files = await ReadAsync("tar", await root.GetByteArrayAsync(await ArchiveAsync("app", "1.0", ""), cancel));
        files.Count.ShouldBe(1201);
        files.ShouldAllBe(file => file.Content == "same");
    }

    [Fact]
    public async Task Package_without_files_is_an_empty_archive()
    {
        await root.PutFileAsync(project, "app/1.0/a", "x", cancel);
        var id = await root.PackageIdAsync(project, "app", "1.0", cancel);
        var file = (await root.AskAsync("GET", $"/projects/{project.Id}/packages/{id}/package_files", cancel)).Json[0].GetProperty("id");
        await root.AskAsync("DELETE", $"/projects/{project.Id}/packages/{id}/package_files/{file}", cancel);
        foreach (var format in PackageArchive.Formats)
        {
            var bytes = await root.GetByteArrayAsync(await ArchiveAsync("app", "1.0", $"?format={format}"), cancel);
            bytes.ShouldNotBeEmpty();
            (await ReadAsync(format, bytes)).ShouldBeEmpty();
        }
    }

    [Theory]
    [InlineData("a.txt", "a.txt")]
    [InlineData("dir%2Fa%2Bb.txt", "dir/a+b.txt")]
    [InlineData("C%3A%2Fa.txt", "C%3A/a.txt")]
    [InlineData("a%5Cb%2Fc.txt", "a%5Cb/c.txt")]
    [InlineData("100%25%2Fa.txt", "100%25/a.txt")]
    [InlineData("a%7C%3F%2A%2Fb", "a%7C%3F%2A/b")]
    public void Entry_names_stay_below_the_folder_on_every_system(string stored, string entry) => PackageArchive.EntryName(stored).ShouldBe(entry);

    [Theory]
    [InlineData("tar")]
    [InlineData("tar.gz")]
    [InlineData("zip")]
    public async Task Bytes_that_are_lost_in_the_middle_cut_the_connection(string format)
    {
        var unique = $"lost in {project.FullPath} {format}";
        await root.PutFileAsync(project, "app/1.0/a", "here", cancel);
        await root.PutFileAsync(project, "app/1.0/b", unique, cancel);
        await server.Get<IBlobStore>().DiscardAsync(Sha256.FromBytes(SHA256.HashData(Encoding.UTF8.GetBytes(unique))), DateTimeOffset.MaxValue, cancel);
        var path = await ArchiveAsync("app", "1.0", $"?format={format}");
        await Should.ThrowAsync<HttpRequestException>(root.GetByteArrayAsync(path, cancel));
        server.Log.ShouldContain(line => line.Contains("3001", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Archive_asks_for_the_rights_of_the_list_and_counts_as_a_download()
    {
        await root.PutFileAsync(project, "app/1.0/a", "x", cancel);
        var path = $"/projects/{project.Id}/packages/{await root.PackageIdAsync(project, "app", "1.0", cancel)}/archive";
        (await root.AskAsync("GET", $"{path}?format=rar", cancel)).Text.ShouldBe("""{"error":"format does not have a valid value"}""");
        using var nobody = server.ClientFor((string?)null);
        (await nobody.AskAsync("GET", path, cancel)).Text.ShouldBe("""{"message":"404 Project Not Found"}""");
        var guest = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(project, guest, AccessLevel.Guest, cancel);
        using var ofGuest = server.ClientFor(guest);
        (await ofGuest.AskAsync("GET", path, cancel)).Status.ShouldBe(403);
        await root.AskAsync("HEAD", path, cancel);
        await server.Get<DownloadCounts>().FlushAsync(cancel);
        (await LastDownloadAsync()).ShouldBe(System.Text.Json.JsonValueKind.Null);
        (await root.AskAsync("GET", path, cancel)).Status.ShouldBe(200);
        await server.Get<DownloadCounts>().FlushAsync(cancel);
        (await LastDownloadAsync()).ShouldBe(System.Text.Json.JsonValueKind.String);
        await root.PutFileAsync(project, "app/1.0/a?status=hidden", "x", cancel);
        (await root.AskAsync("GET", path, cancel)).Status.ShouldBe(404);

        async Task<System.Text.Json.JsonValueKind> LastDownloadAsync() =>
            (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json[0].GetProperty("last_downloaded_at").ValueKind;
    }

    private async Task<Uri> ArchiveAsync(string name, string version, string query) => new(
        $"/api/v4/projects/{project.Id}/packages/{await root.PackageIdAsync(project, name, version, cancel)}/archive{query}", UriKind.Relative);

    private async Task<List<(string Name, string Content)>> ReadAsync(string format, byte[] archive)
    {
        var files = new List<(string, string)>();
        await using var bytes = new MemoryStream(archive);
        if (format == "zip")
        {
            await using var zip = await ZipArchive.CreateAsync(bytes, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, cancel);
            foreach (var entry in zip.Entries)
            {
                using var reader = new StreamReader(await entry.OpenAsync(cancel));
                files.Add((entry.FullName, await reader.ReadToEndAsync(cancel)));
            }
            return files;
        }
        await using Stream unpacked = format == "tar.gz" ? new GZipStream(bytes, CompressionMode.Decompress) : bytes;
        await using var tar = new TarReader(unpacked);
        while (await tar.GetNextEntryAsync(copyData: true, cancel) is { } entry)
        {
            using var reader = new StreamReader(entry.DataStream ?? Stream.Null);
            files.Add((entry.Name, await reader.ReadToEndAsync(cancel)));
        }
        return files;
    }
}
