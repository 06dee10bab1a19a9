using System.Security.Cryptography;
using System.Text;
using Larder.Registry.Data;
using Larder.Registry.Tests.Packages;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Larder.Testing;

namespace Larder.Registry.Tests.Upkeep;

public sealed class SweepRaceTestsOnSqlite(SqliteServer fixture) : SweepRaceTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class SweepRaceTestsOnPostgres(PostgresServer fixture) : SweepRaceTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>
/// The sweep beside uploads of the very content that it sweeps. The clock of the server is that of the disk here, and what is
/// to be old is made old.
/// </summary>
public abstract class SweepRaceTests
{
    private const string Contended = "contended";
    private static readonly string Digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Contended)));
    private static readonly DateTimeOffset TwoDaysAgo = DateTimeOffset.UtcNow.AddDays(-2);
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server;

    protected SweepRaceTests(LarderServer server)
    {
        this.server = server;
        server.Time.SetUtcNow(DateTimeOffset.UtcNow.AddMinutes(1));
    }

    [Fact]
    public async Task Content_that_is_published_while_it_is_swept_is_whole_afterwards()
    {
        using var root = server.ClientFor(LarderServer.RootToken);
        var project = await server.CreateProjectAsync(cancel);
        for (var round = 0; round < 30; round++)
        {
            await PutAsync($"old{round}");
            await MakeOldAsync();
            await Task.WhenAll(SweepAsync(), PutAsync($"new{round}"), SweepAsync(), PutAsync($"newer{round}"));
            foreach (var name in new[] { $"new{round}", $"newer{round}" })
                (await root.GetFileAsync(project, $"{name}/1/file.bin", cancel)).Text.ShouldBe(Contended);
        }

        async Task PutAsync(string name)
        {
            var answer = await root.PutFileAsync(project, $"{name}/1/file.bin", Contended, cancel);
            answer.Status.ShouldBe(201, answer.Text);
        }
    }

    [Fact]
    public async Task Bytes_without_a_row_go_after_the_grace()
    {
        var (young, old) = (await StoreAsync("young orphan"u8.ToArray()), await StoreAsync("old orphan"u8.ToArray()));
        using var root = server.ClientFor(LarderServer.RootToken);
        (await root.PutFileAsync(await server.CreateProjectAsync(cancel), "named/1/file.jar", "named", cancel)).Status.ShouldBe(201);
        var named = Convert.ToHexStringLower(SHA256.HashData("named"u8));
        MakeFileOld(old);
        MakeFileOld(named);
        await server.Get<OrphanSweep>().RunAsync(cancel);
        (File.Exists(FileOf(young)), File.Exists(FileOf(old)), File.Exists(FileOf(named))).ShouldBe((true, false, true));
    }

    private async Task<string> StoreAsync(byte[] content)
    {
        await using var writer = await server.Get<IBlobStore>().CreateAsync(Durability.Durable, cancel);
        content.CopyTo(writer.GetMemory());
        await writer.AdvanceAsync(content.Length, cancel);
        return (await writer.CommitAsync(ExpectedContent.Anything, cancel)).Stored!.Digests.Sha256.Hex;
    }

    private Task SweepAsync() => Task.Run(() => server.Get<Sweep>().RunAsync(cancel), cancel);

    // As after a deletion two days ago: nothing names it, its grace is over.
    private async Task MakeOldAsync()
    {
        await server.Get<Database>().WriteAsync(async session =>
        {
            await session.ExecuteAsync("delete from package_files where sha256 = @Digest", new { Digest });
            await session.ExecuteAsync("update blobs set unused_since = @Old where sha256 = @Digest",
                new { Digest, Old = TwoDaysAgo.ToUnixTimeMilliseconds() });
        }, cancel);
        MakeFileOld(Digest);
    }

    private void MakeFileOld(string digest) => File.SetLastWriteTimeUtc(FileOf(digest), TwoDaysAgo.UtcDateTime);

    private string FileOf(string digest) =>
        Path.Combine(server.Get<LarderOptions>().DataDirectory, "blobs", "sha256", digest[..2], digest);
}
