using System.Globalization;
using System.Text.Json;
using Larder.Registry.Namespaces;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Registry.Tests.VirtualRegistries;

/// <summary>A group with registries in front of scripted upstreams, through which files are downloaded.</summary>
public sealed class RegistryWorld : IAsyncDisposable
{
    private const string Maven = "/virtual_registries/packages/maven";
    private static int addresses;
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly List<ScriptedUpstream> upstreams = [];

    private RegistryWorld(LarderServer server, Namespace group)
    {
        (Server, Group) = (server, group);
        Root = server.ClientFor(LarderServer.RootToken);
    }

    public LarderServer Server { get; }

    public Namespace Group { get; }

    public HttpClient Root { get; }

    public static async Task<RegistryWorld> CreateAsync(LarderServer server) =>
        new(server, await server.CreateGroupAsync(TestContext.Current.CancellationToken));

    /// <summary>Asks below <c>/virtual_registries/packages/maven</c>.</summary>
    public Task<Answer> AskAsync(string method, string path, object? json = null) => Root.AskAsync(method, Maven + path, cancel, json);

    /// <summary>Asks below the group's <c>/-/virtual_registries/packages/maven</c>.</summary>
    public Task<Answer> AskGroupAsync(string method, string path, object? json = null) =>
        Root.AskAsync(method, $"/groups/{Group.Id}/-{Maven}{path}", cancel, json);

    /// <summary>Makes a registry and answers its id.</summary>
    public async Task<long> AddRegistryAsync()
    {
        var made = await AskGroupAsync("POST", "/registries", new { name = Server.NewName("registry") });
        made.Status.ShouldBe(201, made.Text);
        return long.Parse(made["id"]!, CultureInfo.InvariantCulture);
    }

    /// <summary>A host name that leads to a new scripted server.</summary>
    public (ScriptedUpstream Server, string Url) NewUpstream()
    {
        var upstream = new ScriptedUpstream();
        upstreams.Add(upstream);
        var number = Interlocked.Increment(ref addresses);
        var host = $"world-{number}.example";
        Server.Upstreams.Map(host, $"203.1.{number / 250}.{1 + (number % 250)}", upstream.Port);
        return (upstream, $"http://{host}");
    }

    /// <summary>Puts a new upstream behind the others of a registry.</summary>
    public async Task<(ScriptedUpstream Server, long Id)> AddUpstreamAsync(long registry, string name = "upstream")
    {
        var (upstream, url) = NewUpstream();
        return (upstream, await AddUpstreamAsync(registry, new { url, name }));
    }

    /// <summary>Puts an upstream with these settings behind the others of a registry and answers its id.</summary>
    public async Task<long> AddUpstreamAsync(long registry, object settings)
    {
        var made = await AskAsync("POST", $"/registries/{registry}/upstreams", settings);
        made.Status.ShouldBe(201, made.Text);
        return long.Parse(made["id"]!, CultureInfo.InvariantCulture);
    }

    /// <summary>The associations of a registry: id, upstream and position, by position.</summary>
    public async Task<IReadOnlyList<(long Id, long Upstream, long Position)>> PlacesAsync(long registry) =>
    [
        .. (await AskAsync("GET", $"/registries/{registry}")).Json.GetProperty("registry_upstreams").EnumerateArray()
            .Select(place => (Number(place, "id"), Number(place, "upstream_id"), Number(place, "position"))),
    ];

    /// <summary>Downloads through a registry.</summary>
    public Task<Answer> GetAsync(long registry, string path) => AskAsync("GET", $"/{registry}/{path}");

    /// <summary>Downloads, and waits until the row is written, for which no client waits.</summary>
    public async Task CacheAsync(long registry, string path)
    {
        (await GetAsync(registry, path)).Status.ShouldBe(200);
        await Eventually.UntilAsync(async () => (await CandidatesAsync(registry, path)).Any(candidate => candidate.Entry is not null));
    }

    /// <summary>What the database knows of a path.</summary>
    public Task<IReadOnlyList<Candidate>> CandidatesAsync(long registry, string path)
    {
        MavenPath.TryParse(path, out var parsed).ShouldBeTrue();
        return Server.Get<CacheEntryStore>().CandidatesAsync(registry, parsed, cancel);
    }

    public async ValueTask DisposeAsync()
    {
        Root.Dispose();
        foreach (var upstream in upstreams) await upstream.DisposeAsync();
        Server.Upstreams.Escapes.ShouldBeEmpty();
    }

    public static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
