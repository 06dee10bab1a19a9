using System.Security.Cryptography;
using System.Text;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Registry.Tests.Packages;
using Larder.Registry.Tests.VirtualRegistries;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Larder.Testing;

namespace Larder.Registry.Tests.Upkeep;

public sealed class IntegrityCheckTestsOnSqlite(SqliteServer fixture) : IntegrityCheckTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class IntegrityCheckTestsOnCluster(ClusterServer fixture) : IntegrityCheckTests(fixture.Server), IClassFixture<ClusterServer>;

/// <summary>What a check finds of lost blobs, and what it repairs.</summary>
public abstract class IntegrityCheckTests : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server;
    private RegistryWorld world = null!;
    private Project project = null!;

    protected IntegrityCheckTests(LarderServer server)
    {
        this.server = server;
        server.Time.SetUtcNow(DateTimeOffset.UtcNow.AddMinutes(1)); // the clock of files and bucket
    }

    public async ValueTask InitializeAsync()
    {
        world = await RegistryWorld.CreateAsync(server);
        project = await server.CreateProjectAsync(cancel);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Fact]
    public async Task Tables_that_name_blobs_are_those_of_the_schema()
    {
        var tables = await Schema.ReadAsync(server.Get<Database>(), cancel);
        BlobRows.NamingTables.Order().ShouldBe(
            tables.SelectMany(table => table.References.Where(reference => reference.Table == "blobs").Select(_ => table.Name)).Order());
        foreach (var table in tables.Where(table => BlobRows.NamingTables.Contains(table.Name)))
            table.References.ShouldContain(reference => reference.Column == "sha256" && reference.Table == "blobs");
    }

    [Fact]
    public async Task Lost_cached_copy_is_repaired_and_fetched_again()
    {
        var (registry, content) = await CacheAsync("org/acme/tool/1.0/tool-1.0.jar", 3001);
        await LoseAsync(content);
        var found = await CheckAsync(content, repair: false);
        found!.ToString().ShouldContain("can be fetched again (--repair): upstream /org/acme/tool/1.0/tool-1.0.jar");
        found.IsLost.ShouldBeTrue();

        (await CheckAsync(content, repair: true))!.IsLost.ShouldBeFalse();
        (await CheckAsync(content, repair: false)).ShouldBeNull();
        await world.CacheAsync(registry, "org/acme/tool/1.0/tool-1.0.jar");
        (await CheckAsync(content, repair: false)).ShouldBeNull();
        (await server.Get<IBlobStore>().OpenAsync(DigestOf(content), cancel)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Lost_published_file_is_named_and_left_to_the_operator()
    {
        var text = $"published in {project.FullPath}";
        var content = Encoding.UTF8.GetBytes(text);
        (await world.Root.PutFileAsync(project, "app/1.0/app.zip", text, cancel)).Status.ShouldBe(201);
        await LoseAsync(content);
        var found = (await CheckAsync(content, repair: true))!;
        found.ToString().ShouldContain($"is missing.\n  restore {project.FullPath}, package app 1.0, file app.zip");
        found.IsLost.ShouldBeTrue();
        (await CheckAsync(content, repair: true)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Check_goes_on_behind_a_digest()
    {
        var (_, content) = await CacheAsync("org/acme/other/1.0/other-1.0.jar", 3003);
        await LoseAsync(content);
        (await CheckAsync(content, repair: false, after: DigestOf(content).Hex)).ShouldBeNull();
        (await CheckAsync(content, repair: true)).ShouldNotBeNull();
    }

    private async Task<(long Registry, byte[] Content)> CacheAsync(string path, int length)
    {
        var registry = await world.AddRegistryAsync();
        var (upstream, _) = await world.AddUpstreamAsync(registry);
        var content = RegistryWorld.Content(length);
        upstream.File("/" + path, content);
        await world.CacheAsync(registry, path);
        return (registry, content);
    }

    private async Task LoseAsync(byte[] content) =>
        (await server.Get<IBlobStore>().DiscardAsync(DigestOf(content), DateTimeOffset.MaxValue, cancel)).ShouldBeTrue();

    private async Task<BlobProblem?> CheckAsync(byte[] content, bool repair, string after = "")
    {
        BlobProblem? found = null;
        var request = new CheckRequest { Repair = repair, After = after, BytesPerSecond = long.MaxValue };
        await foreach (var problem in server.Get<IntegrityCheck>().RunAsync(request, progress: null, cancel))
            if (problem.Digest == DigestOf(content).Hex) found = problem;
        return found;
    }

    private static Sha256 DigestOf(byte[] content) => Sha256.FromBytes(SHA256.HashData(content));
}
