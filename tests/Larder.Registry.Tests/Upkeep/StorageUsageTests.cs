using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Registry.Upkeep;
using Larder.Testing;

namespace Larder.Registry.Tests.Upkeep;

public sealed class StorageUsageTestsOnSqlite : StorageUsageTests
{
    protected override Task<string?> DatabaseAsync() => Task.FromResult<string?>(null);
}

public sealed class StorageUsageTestsOnPostgres : StorageUsageTests
{
    protected override async Task<string?> DatabaseAsync() => await PostgresCluster.CreateDatabaseAsync();
}

/// <summary>How much is stored, by group and by kind.</summary>
public abstract class StorageUsageTests
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    protected abstract Task<string?> DatabaseAsync();

    [Fact]
    public async Task Usage_is_counted_by_group_and_kind_and_follows_what_goes()
    {
        await using var server = await LarderServer.StartAsync(cancel, await DatabaseAsync());
        var (usage, database) = (server.Get<StorageUsage>(), server.Get<Database>());
        (await usage.OfKindsAsync(cancel)).ShouldBeEmpty();
        (await usage.RunAsync(cancel)).ShouldBe("0 blobs of 0 bytes");
        (await usage.OfKindsAsync(cancel)).ShouldHaveSingleItem().Bytes.ShouldBe(0);

        var (much, little) = (await server.CreateProjectAsync(cancel), await server.CreateProjectAsync(cancel));
        await PublishAsync(server, much, "a.txt", new string('x', 1000));
        await PublishAsync(server, much, "b.txt", new string('x', 1000)); // the same content: counts for both, and is stored once
        await PublishAsync(server, little, "a.txt", new string('y', 10));
        await database.WriteAsync(session => CacheAsync(session, little.NamespaceId), cancel);
        server.Time.Advance(TimeSpan.FromHours(1));
        (await usage.RunAsync(cancel)).ShouldBe("2 blobs of 1010 bytes");

        (await usage.OfNamespacesAsync(10, cancel)).ShouldBe([
            new NamespaceUsage { FullPath = GroupOf(little), Packages = 10, Cache = 12_000_000 },
            new NamespaceUsage { FullPath = GroupOf(much), Packages = 2000 }]);
        var kinds = (await usage.OfKindsAsync(cancel)).ToDictionary(kind => kind.Kind);
        (kinds[StorageUsage.Cache].Files, kinds[StorageUsage.Cache].Bytes).ShouldBe((12_001, 12_001_000)); // one of them is purged
        (kinds[StorageUsage.Blobs].Files, kinds[StorageUsage.Blobs].Bytes).ShouldBe((2, 1010));
        kinds.Values.ShouldAllBe(kind => kind.CountedAt == server.Time.GetUtcNow().ToUnixTimeMilliseconds());

        await server.Get<Removals>().RemoveProjectAsync(much.Id, cancel);
        server.Time.Advance(TimeSpan.FromHours(1));
        await usage.RunAsync(cancel);
        (await usage.OfNamespacesAsync(10, cancel)).ShouldHaveSingleItem().FullPath.ShouldBe(GroupOf(little));
        (await usage.OfNamespacesAsync(0, cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Uploads_that_have_not_ended_are_counted()
    {
        await using var server = await LarderServer.StartAsync(cancel, await DatabaseAsync());
        var project = await server.CreateProjectAsync(cancel);
        var address = $"/api/v4/projects/{project.Id}/packages/generic/app/1.0/a.txt";
        using var client = server.ClientFor(LarderServer.RootToken);
        client.DefaultRequestHeaders.Add("Tus-Resumable", "1.0.0");
        using var begin = new HttpRequestMessage(HttpMethod.Post, address);
        begin.Headers.Add("Upload-Length", "100");
        var upload = (await client.AskAsync(begin, cancel)).Header("Location");
        using var append = new HttpRequestMessage(HttpMethod.Patch, upload) { Content = new ByteArrayContent(new byte[40]) };
        append.Headers.Add("Upload-Offset", "0");
        append.Content.Headers.ContentType = new("application/offset+octet-stream");
        (await client.AskAsync(append, cancel)).Status.ShouldBe(204);
        await server.Get<StorageUsage>().RunAsync(cancel);
        (await server.Get<StorageUsage>().OfNamespacesAsync(10, cancel)).ShouldHaveSingleItem()
            .ShouldBe(new NamespaceUsage { FullPath = GroupOf(project), Uploads = 40 });
    }

    private static string GroupOf(Project project) => project.FullPath.Split('/')[0];

    // More than a page of them.
    private static async Task CacheAsync(Session session, long groupId)
    {
        var upstream = await session.SingleAsync<long>("""
            insert into maven_upstreams (group_id, name, url, cache_validity_hours, metadata_cache_validity_hours, created_at, updated_at, generation)
            values (@GroupId, 'up', 'https://repo.example/', 24, 24, 0, 0, 2) returning id
            """, new { GroupId = groupId });
        await session.ExecuteAsync("""
            with recursive numbers (i) as (select 0 union all select i + 1 from numbers where i < 12000)
            insert into maven_cache_entries (upstream_id, relative_path, sha256, size, upstream_checked_at, downloads_count, downloaded_at,
              created_at, updated_at, generation)
            select @Upstream, '/file-' || i, (select min(sha256) from blobs), 1000, 0, 0, 0, 0, 0, case when i = 0 then 1 else 2 end from numbers
            """, new { Upstream = upstream });
    }

    private async Task PublishAsync(LarderServer server, Project project, string file, string content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{project.Id}/packages/generic/app/1.0/{file}")
        {
            Content = new StringContent(content),
        };
        using var root = server.ClientFor(LarderServer.RootToken);
        (await root.AskAsync(request, cancel)).Status.ShouldBe(201);
    }
}
