using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class CacheTreeTestsOnSqlite(SqliteServer fixture) : CacheTreeTests(fixture.Server), IClassFixture<SqliteServer>
{
    protected override async Task<string> PlanAsync(string sql, object parameters) => string.Join('\n',
        (await Server.Get<Database>().ReadAsync(session => session.QueryAsync<Step>($"explain query plan {sql}", parameters), Cancel)).Select(step => step.Detail));

    private sealed record Step(long Id, long Parent, long NotUsed, string Detail);
}

public sealed class CacheTreeTestsOnPostgres(PostgresServer fixture) : CacheTreeTests(fixture.Server), IClassFixture<PostgresServer>
{
    protected override async Task<string> PlanAsync(string sql, object parameters) => string.Join('\n', await Server.Get<Database>().ReadAsync(async session =>
    {
        await session.ExecuteAsync("vacuum analyze maven_cache_entries");
        return await session.QueryAsync<string>($"explain {sql}", parameters);
    }, Cancel));
}

/// <summary>The caches of upstreams as folders.</summary>
public abstract class CacheTreeTests(LarderServer server) : IAsyncLifetime
{
    private RegistryWorld world = null!;
    private long registry;
    private long id;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected LarderServer Server => server;

    private CacheTree Tree => server.Get<CacheTree>();

    protected abstract Task<string> PlanAsync(string sql, object parameters);

    public async ValueTask InitializeAsync()
    {
        world = await RegistryWorld.CreateAsync(server);
        registry = await world.AddRegistryAsync();
        (_, id) = await world.AddUpstreamAsync(registry);
        await HoldAsync(id, "/org/a.jar", "/org/a/1/x.jar", "/org/a/2/x.jar", "/org/a-b/x.jar", "/org/a0/x.jar", "/org/z", "/com/x.jar", "/root.xml");
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Fact]
    public async Task Folder_names_each_folder_and_file_in_it_once()
    {
        (await NamesAsync("/")).ShouldBe(["/com/", "/org/", "/root.xml"]);
        (await NamesAsync("/org/")).ShouldBe(["/org/a-b/", "/org/a.jar", "/org/a/", "/org/a0/", "/org/z"]);
        (await NamesAsync("/org/a/")).ShouldBe(["/org/a/1/", "/org/a/2/"]);
        (await NamesAsync("/none/")).ShouldBeEmpty();
        var file = (await Tree.ListAsync([await UpstreamAsync(id)], "/org/", "/org/a0/", 9, Cancel)).Names.ShouldHaveSingleItem();
        (file.IsFolder, file.Size, file.Upstream!.Id).ShouldBe((false, 7, id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Parts_make_the_whole(int count)
    {
        var (seen, after) = (new List<string>(), default(string));
        do
        {
            var part = await Tree.ListAsync([await UpstreamAsync(id)], "/org/", after, count, Cancel);
            part.Names.Count.ShouldBeLessThanOrEqualTo(count);
            seen.AddRange(part.Names.Select(name => name.Path));
            after = part.GoOn;
        }
        while (after is not null);
        seen.ShouldBe(await NamesAsync("/org/"));
    }

    [Fact]
    public async Task Folders_of_several_upstreams_are_one_and_their_files_stay_apart()
    {
        var (_, other) = await world.AddUpstreamAsync(registry);
        await HoldAsync(other, "/org/a/3/y.jar", "/org/z", "/org/b/x.jar");
        Upstream[] both = [await UpstreamAsync(id), await UpstreamAsync(other)];
        var (seen, after) = (new List<(string, long?)>(), default(string));
        do
        {
            var part = await Tree.ListAsync(both, "/org/", after, 2, Cancel);
            seen.AddRange(part.Names.Select(name => (name.Path, name.Upstream?.Id)));
            after = part.GoOn;
        }
        while (after is not null);
        seen.ShouldBe([("/org/a-b/", null), ("/org/a.jar", id), ("/org/a/", null), ("/org/a0/", null), ("/org/b/", null), ("/org/z", id), ("/org/z", other)]);
        (await Tree.SearchAsync(both, "/org/", Terms("x.jar"), null, 9, Cancel)).Names.Select(name => name.Path)
            .ShouldBe(["/org/a-b/x.jar", "/org/a/1/x.jar", "/org/a/2/x.jar", "/org/a0/x.jar", "/org/b/x.jar"]);
    }

    [Fact]
    public async Task Search_is_of_one_folder_and_wants_every_term()
    {
        Upstream[] upstream = [await UpstreamAsync(id)];
        (await Tree.SearchAsync(upstream, "/org/a/", Terms("X jar"), null, 9, Cancel)).Names.Select(name => name.Path).ShouldBe(["/org/a/1/x.jar", "/org/a/2/x.jar"]);
        var first = await Tree.SearchAsync(upstream, "/", Terms("x.jar"), null, 2, Cancel);
        first.Names.Select(name => name.Path).ShouldBe(["/com/x.jar", "/org/a-b/x.jar"]);
        (await Tree.SearchAsync(upstream, "/", Terms("x.jar"), first.GoOn, 9, Cancel)).Names.Select(name => name.Path)
            .ShouldBe(["/org/a/1/x.jar", "/org/a/2/x.jar", "/org/a0/x.jar"]);
        var nothing = await Tree.SearchAsync(upstream, "/", Terms("100%"), null, 9, Cancel);
        (nothing.Names.Count, nothing.GoOn).ShouldBe((0, null));
    }

    [Fact]
    public async Task What_was_purged_is_stepped_over_in_bounded_parts()
    {
        await HoldManyAsync(5_000);
        (await world.AskAsync("DELETE", $"/upstreams/{id}/cache")).Status.ShouldBe(204);
        await HoldAsync(id, "/many/9999.jar", "/org/new/x.jar");
        var (seen, parts, after) = (new List<string>(), 0, default(string));
        do
        {
            var part = await Tree.ListAsync([await UpstreamAsync(id)], "/many/", after, 10, Cancel);
            seen.AddRange(part.Names.Select(name => name.Path));
            after = part.GoOn;
            parts++;
        }
        while (after is not null);
        seen.ShouldBe(["/many/9999.jar"]);
        parts.ShouldBe(3);
        (await NamesAsync("/org/")).ShouldBe(["/org/new/"]);
    }

    [Fact]
    public async Task Search_that_finds_little_says_from_where_to_go_on()
    {
        await HoldManyAsync(50_500);
        Upstream[] upstream = [await UpstreamAsync(id)];
        var first = await Tree.SearchAsync(upstream, "/many/", Terms("nothing of this name"), null, 9, Cancel);
        first.Names.ShouldBeEmpty();
        first.GoOn.ShouldBe("/many/50000.jar");
        (await Tree.SearchAsync(upstream, "/many/", Terms("nothing of this name"), first.GoOn, 9, Cancel)).GoOn.ShouldBeNull();
        var (sql, parameters) = CacheTree.Statement(upstream[0], "/", null, 100);
        var plan = await PlanAsync(sql, parameters);
        plan.ShouldContain("maven_cache_entries_path");
        plan.ShouldNotContain("Seq Scan");
        plan.ShouldNotContain("SCAN e");
        plan.ShouldNotContain("SCAN g");
        (await NamesAsync("/")).ShouldBe(["/com/", "/many/", "/org/", "/root.xml"]);
    }

    [Theory]
    [InlineData("org.apache.commons:commons-lang3", "/org/apache/commons/commons-lang3/")]
    [InlineData("org.acme:tool:1.0", "/org/acme/tool/1.0/")]
    [InlineData("org.acme", null)]
    [InlineData("org..acme:tool", null)]
    [InlineData("a:b:c:d", null)]
    [InlineData(":", null)]
    public void Coordinates_lead_to_a_folder(string text, string? folder) => MavenCoordinates.Folder(text).ShouldBe(folder);

    private static SearchTerms Terms(string text)
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = QueryString.Create("search", text);
        return SearchTerms.Read(ApiParameters.ReadAsync(context).AsTask().GetAwaiter().GetResult());
    }

    private async Task<IReadOnlyList<string>> NamesAsync(string folder)
    {
        var listing = await Tree.ListAsync([await UpstreamAsync(id)], folder, null, 100, Cancel);
        listing.GoOn.ShouldBeNull();
        return [.. listing.Names.Select(name => name.Path)];
    }

    private async Task<Upstream> UpstreamAsync(long upstream) => (await server.Get<UpstreamStore>().FindAsync(upstream, Cancel))!;

    private async Task HoldAsync(long upstream, params string[] paths)
    {
        foreach (var path in paths)
        {
            await InsertAsync("select @Path as path", upstream, new { Path = path });
        }
    }

    private Task HoldManyAsync(int count) => InsertAsync(
        "select '/many/' || substr(cast(n.i + 100000 as text), 2) || '.jar' as path from n", id, new { Count = count },
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < @Count)");

    // Rows as downloads leave them, without the downloads.
    private async Task InsertAsync(string paths, long upstream, object parameters, string with = "")
    {
        var generation = (await UpstreamAsync(upstream)).Generation;
        await server.Get<Database>().WriteAsync(async session =>
        {
            await session.ExecuteAsync("""
                insert into blobs (sha256, length, md5, sha1, sha512, created_at) values ('e0', 7, '', '', '', 0) on conflict (sha256) do nothing
                """);
            await session.ExecuteAsync($"""
                {with} insert into maven_cache_entries (upstream_id, relative_path, generation, sha256, size, upstream_checked_at, downloads_count, downloaded_at, created_at, updated_at)
                select {upstream}, p.path, {generation}, 'e0', 7, 0, 0, 0, 0, 0 from ({paths}) as p
                """, parameters);
        }, Cancel);
    }
}
