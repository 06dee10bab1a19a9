using System.Security.Cryptography;
using System.Text;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Registry.Tests.Packages;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Larder.Testing;

namespace Larder.Registry.Tests.Upkeep;

public sealed class SweepTestsOnSqlite(SqliteServer fixture) : SweepTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class SweepTestsOnPostgres(PostgresServer fixture) : SweepTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>What becomes of bytes that nothing names any more.</summary>
public abstract class SweepTests : IAsyncLifetime
{
    private readonly LarderServer server;
    private readonly HttpClient root;
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private Project project = null!;

    protected SweepTests(LarderServer server)
    {
        this.server = server;
        root = server.ClientFor(LarderServer.RootToken);
        // The store knows when a file was written by the clock of the disk.
        if (server.Time.GetUtcNow() < DateTimeOffset.UtcNow.AddMinutes(1)) server.Time.SetUtcNow(DateTimeOffset.UtcNow.AddMinutes(1));
    }

    public async ValueTask InitializeAsync() => project = await server.CreateProjectAsync(cancel);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        root.Dispose();
        return default;
    }

    [Fact]
    public async Task Bytes_of_a_deleted_package_go_after_the_grace()
    {
        await PutAsync("deleted", "a");
        await DeletePackageAsync("a");
        await SweepAsync();
        (await HasRowsAsync("deleted")).ShouldBeFalse();
        (await HasBytesAsync("deleted")).ShouldBeTrue();
        server.Time.Advance(TimeSpan.FromHours(23));
        await SweepAsync();
        (await HasBytesAsync("deleted")).ShouldBeTrue();
        server.Time.Advance(TimeSpan.FromHours(2));
        await SweepAsync();
        await GoneAsync("deleted");
        (await CountAsync("blobs", "sha256 = @Sha256", "deleted")).ShouldBe(0);
    }

    [Fact]
    public async Task Bytes_of_a_deleted_file_go_and_those_of_its_sibling_stay()
    {
        await PutAsync("sibling", "siblings", "one.bin");
        await PutAsync("lone file", "siblings", "two.bin");
        var package = await PackageAsync("siblings");
        var files = await root.AskAsync("GET", $"/projects/{project.Id}/packages/{package}/package_files", cancel);
        var file = files.Json.EnumerateArray().Single(one => one.GetProperty("file_name").GetString() == "two.bin").GetProperty("id").GetInt64();
        (await root.AskAsync("DELETE", $"/projects/{project.Id}/packages/{package}/package_files/{file}", cancel)).Status.ShouldBe(204);
        await SweepTwiceAsync();
        (await HasBytesAsync("sibling")).ShouldBeTrue();
        await GoneAsync("lone file");
    }

    [Fact]
    public async Task Content_that_another_package_names_stays()
    {
        await PutAsync("shared", "b1");
        await PutAsync("shared", "b2");
        await DeletePackageAsync("b1");
        await SweepTwiceAsync();
        (await root.GetFileAsync(project, "b2/1/file.bin", cancel)).Text.ShouldBe("shared");
    }

    [Fact]
    public async Task Content_that_comes_back_within_the_grace_has_a_new_one()
    {
        await PutAsync("returns", "c");
        await DeletePackageAsync("c");
        await SweepAsync();
        server.Time.Advance(TimeSpan.FromHours(20));
        await PutAsync("returns", "c");
        await DeletePackageAsync("c");
        await SweepAsync();
        server.Time.Advance(TimeSpan.FromHours(20));
        await SweepAsync();
        (await HasBytesAsync("returns")).ShouldBeTrue();
    }

    [Fact]
    public async Task Package_with_more_files_than_one_step_removes_is_gone_in_one_run()
    {
        await PutAsync("many", "many");
        var package = await PackageAsync("many");
        await server.Get<Database>().WriteAsync(async session =>
        {
            for (var i = 0; i < 1200; i++)
            {
                await session.ExecuteAsync("""
                    insert into package_files (package_id, file_name, sha256, size, status, created_at, updated_at)
                    values (@Package, @Name, @Sha256, 4, 'default', 0, 0)
                    """, new { Package = package, Name = $"{i}.bin", Sha256 = DigestOf("many").Hex });
            }
        }, cancel);
        await DeletePackageAsync("many");
        await SweepAsync();
        (await CountAsync("package_files", "package_id = @Package", "", package)).ShouldBe(0);
        (await CountAsync("packages", "id = @Package", "", package)).ShouldBe(0);
    }

    private Task SweepAsync() => server.Get<Sweep>().RunAsync(cancel);

    private async Task SweepTwiceAsync()
    {
        await SweepAsync();
        server.Time.Advance(TimeSpan.FromHours(25));
        await SweepAsync();
    }

    private async Task PutAsync(string content, string name, string file = "file.bin")
    {
        var answer = await root.PutFileAsync(project, $"{name}/1/{file}", content, cancel);
        answer.Status.ShouldBe(201, answer.Text);
    }

    private Task<long> PackageAsync(string name) => root.PackageIdAsync(project, name, "1", cancel);

    private async Task DeletePackageAsync(string name) =>
        (await root.AskAsync("DELETE", $"/projects/{project.Id}/packages/{await PackageAsync(name)}", cancel)).Status.ShouldBe(204);

    private async Task<bool> HasRowsAsync(string content) => await CountAsync("package_files", "sha256 = @Sha256", content) > 0;

    private async Task<bool> HasBytesAsync(string content)
    {
        await using var blob = await server.Get<FileSystemBlobStore>().OpenAsync(DigestOf(content), cancel);
        return blob is not null;
    }

    // The server's own upkeep may have taken the row and be about to remove the bytes.
    private async Task GoneAsync(string content)
    {
        while (await HasBytesAsync(content)) await Task.Delay(10, cancel);
    }

    private Task<long> CountAsync(string table, string where, string content, long package = 0) => server.Get<Database>().ReadAsync(
        session => session.SingleAsync<long>($"select count(*) from {table} where {where}", new { Sha256 = DigestOf(content).Hex, Package = package }), cancel);

    private static Larder.Storage.Blobs.Sha256 DigestOf(string content) =>
        Larder.Storage.Blobs.Sha256.FromBytes(SHA256.HashData(Encoding.UTF8.GetBytes(content)));
}
