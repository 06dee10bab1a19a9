using System.Security.Cryptography;
using System.Text;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

public sealed class ChecksumFileTestsOnSqlite(SqliteServer fixture) : ChecksumFileTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class ChecksumFileTestsOnPostgres(PostgresServer fixture) : ChecksumFileTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Upstreams whose files must agree with the checksum files beside them, because their headers announce none.</summary>
public abstract class ChecksumFileTests(LarderServer server) : IAsyncLifetime
{
    private const string Jar = "org/acme/tool/1.0/tool-1.0.jar";
    private static readonly byte[] Content = Encoding.UTF8.GetBytes(new string('x', 5000));
    private static readonly string Sha1 = Convert.ToHexStringLower(SHA1.HashData(Content));
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private RegistryWorld world = null!;
    private long registry;
    private ScriptedUpstream upstream = null!;
    private long id;

    public async ValueTask InitializeAsync()
    {
        world = await RegistryWorld.CreateAsync(server);
        registry = await world.AddRegistryAsync();
        (upstream, var url) = world.NewUpstream();
        id = await world.AddUpstreamAsync(registry, new { url, name = "verified", verify_checksum_files = true });
        upstream.File("/" + Jar, Content);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return world.DisposeAsync();
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("{0}\n")]
    [InlineData("{0}  tool-1.0.jar\n")]
    [InlineData("SHA1(tool-1.0.jar)= {0}")]
    public async Task File_that_agrees_is_served_and_cached(string form)
    {
        ChecksumFile(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, Sha1.ToUpperInvariant()));
        (await GetAsync()).Text.ShouldBe(Encoding.UTF8.GetString(Content));
        (await GetAsync()).Status.ShouldBe(200);
        (upstream.Count("/" + Jar), upstream.Count($"/{Jar}.sha1")).ShouldBe((1, 1));
    }

    [Fact]
    public async Task File_without_a_checksum_file_is_believed()
    {
        (await GetAsync()).Status.ShouldBe(200);
        upstream.Count($"/{Jar}.sha1").ShouldBe(1);
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000")]
    [InlineData("<html>sign in</html>")]
    [InlineData("")]
    public async Task File_that_does_not_agree_is_not_served_whole_and_not_cached(string checksum)
    {
        ChecksumFile(checksum);
        await FailsAsync();
        ChecksumFile(Sha1);
        (await GetAsync()).Status.ShouldBe(200);
        upstream.Count("/" + Jar).ShouldBe(2);
    }

    [Fact]
    public async Task Endless_checksum_file_and_one_that_fails_are_failures()
    {
        ChecksumFile(new string('0', 5000));
        await FailsAsync();
        upstream.Status($"/{Jar}.sha1", 500);
        await FailsAsync();
        server.Log.ShouldContain(line => line.StartsWith($"Warning 4001 Upstream {id} (", StringComparison.Ordinal)
            && line.Contains("its checksum file could not be had", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Checksum_in_a_header_saves_the_request()
    {
        upstream.File("/" + Jar, Content, ("X-Checksum-Sha1", Sha1));
        (await GetAsync()).Status.ShouldBe(200);
        upstream.Count($"/{Jar}.sha1").ShouldBe(0);
    }

    [Fact]
    public async Task Option_is_shown_changed_and_off_by_default()
    {
        (await world.AskAsync("GET", $"/upstreams/{id}"))["verify_checksum_files"].ShouldBe("True");
        (await world.AskAsync("PATCH", $"/upstreams/{id}", new { verify_checksum_files = false })).Status.ShouldBe(200);
        (await world.AskAsync("GET", $"/upstreams/{id}"))["verify_checksum_files"].ShouldBe("False");
        ChecksumFile(new string('0', 40));
        (await GetAsync()).Status.ShouldBe(200);
        upstream.Count($"/{Jar}.sha1").ShouldBe(0);
        var (_, other) = await world.AddUpstreamAsync(registry, "other");
        (await world.AskAsync("GET", $"/upstreams/{other}"))["verify_checksum_files"].ShouldBe("False");
        (await world.AskAsync("PATCH", $"/upstreams/{id}", new { verify_checksum_files = "perhaps" })).Status.ShouldBe(400);
    }

    private void ChecksumFile(string text) => upstream.File($"/{Jar}.sha1", Encoding.UTF8.GetBytes(text));

    private Task<Answer> GetAsync() => world.Root.AskAsync("GET", $"/virtual_registries/packages/maven/{registry}/{Jar}", cancel);

    // Where the body had begun, its connection is cut.
    private async Task FailsAsync()
    {
        try
        {
            (await GetAsync()).Status.ShouldBe(503);
        }
        catch (HttpRequestException)
        {
        }
    }
}
