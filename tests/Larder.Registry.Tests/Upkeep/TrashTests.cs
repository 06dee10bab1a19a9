using Larder.Registry.Tests.Packages;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Larder.Testing;

namespace Larder.Registry.Tests.Upkeep;

/// <summary>What becomes of blobs that were put aside in a bucket.</summary>
public sealed class TrashTests(ClusterServer fixture) : IClassFixture<ClusterServer>
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    [Fact]
    public async Task Blob_that_a_row_names_comes_back_and_another_goes_for_good_when_the_grace_is_over()
    {
        using var root = server.ClientFor(LarderServer.RootToken);
        var project = await server.CreateProjectAsync(cancel);
        var blobs = server.Get<IBlobStore>();
        (await root.PutFileAsync(project, "named/1/file.bin", "trash and named", cancel)).Status.ShouldBe(201);
        await using var writer = await blobs.CreateAsync(Durability.Durable, cancel);
        writer.GetMemory().Span[0] = 77;
        await writer.AdvanceAsync(1, cancel);
        var orphan = (await writer.CommitAsync(ExpectedContent.Anything, cancel)).Stored!.Digests.Sha256;
        var named = Sha256.FromBytes(System.Security.Cryptography.SHA256.HashData("trash and named"u8));
        foreach (var digest in new[] { orphan, named }) (await blobs.DeleteAsync(digest, DateTimeOffset.MaxValue, cancel)).ShouldBeTrue();
        (await ListAsync()).ShouldNotContain(digest => digest == named || digest == orphan);

        server.Time.SetUtcNow(DateTimeOffset.UtcNow.AddMinutes(1)); // the clock of the bucket
        await server.Get<Trash>().RunAsync(cancel);
        (await ListAsync()).ShouldNotContain(named, "its grace has begun only now");

        server.Time.Advance(TimeSpan.FromHours(server.Get<LarderOptions>().BlobGraceHours + 1));
        await server.Get<Trash>().RunAsync(cancel);
        (await ListAsync()).ShouldContain(named);
        (await blobs.OpenAsync(orphan, cancel)).ShouldBeNull();
        (await root.GetFileAsync(project, "named/1/file.bin", cancel)).Text.ShouldBe("trash and named");
        server.Log.ShouldContain(line => line.StartsWith("Information 5012 ", StringComparison.Ordinal) && line.Contains(" 1 blobs", StringComparison.Ordinal));
    }

    private async Task<List<Sha256>> ListAsync()
    {
        var all = new List<Sha256>();
        await foreach (var info in server.Get<IBlobStore>().ListAsync(cancel)) all.Add(info.Digest);
        return all;
    }
}
