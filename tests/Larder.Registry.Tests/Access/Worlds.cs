using System.Net.Http.Headers;
using System.Text;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Access;

/// <summary>A project with a published file, a virtual registry in its group, and users of every level; made once for a class.</summary>
internal sealed class World
{
    private readonly LarderServer server;

    private World(LarderServer server) => this.server = server;

    /// <summary>A top-level group.</summary>
    public required Namespace Group { get; init; }

    /// <summary>A project directly in it.</summary>
    public required Project Project { get; init; }

    /// <summary>The id of a virtual registry of the group.</summary>
    public required string RegistryId { get; init; }

    /// <summary>By name: <c>stranger</c>, <c>admin</c>, and the levels in lower case, which they have in the group.</summary>
    public required IReadOnlyDictionary<string, TestUser> Users { get; init; }

    public static async Task<World> CreateAsync(
        LarderServer server, CancellationToken cancel, string visibility = Visibility.Private, string registryAccess = RegistryAccess.Enabled)
    {
        var group = await server.CreateGroupAsync(cancel, visibility: visibility);
        var project = await server.CreateProjectAsync(cancel, visibility: visibility, group: group, registryAccess: registryAccess);
        var users = new Dictionary<string, TestUser>
        {
            ["stranger"] = await server.CreateUserAsync(cancel),
            ["admin"] = await server.CreateUserAsync(cancel, admin: true),
        };
        foreach (var level in Enum.GetValues<AccessLevel>().Where(level => level != AccessLevel.None))
        {
            var user = users[level.ToString().ToLowerInvariant()] = await server.CreateUserAsync(cancel);
            await server.AddMemberAsync(group, user, level, cancel);
        }
        var root = server.ClientFor(LarderServer.RootToken);
        var registry = await root.AskAsync(
            "POST", $"/groups/{group.Id}/-/virtual_registries/packages/maven/registries", cancel, new { name = "maven" });
        registry.Status.ShouldBe(201);
        return new World(server) { Group = group, Project = project, RegistryId = registry["id"]!, Users = users };
    }

    /// <summary>The path of the published file.</summary>
    public string File => $"/projects/{Project.Id}/packages/generic/tool/1.0/tool.txt";

    /// <summary>A path behind the virtual registry; it has no upstream, so whoever is let in gets 400.</summary>
    public string Artifact => $"/virtual_registries/packages/maven/{RegistryId}/org/acme/tool/1.0/tool-1.0.pom";

    public const int LetIntoTheVirtualRegistry = 400;

    public async Task PublishAsync(CancellationToken cancel) =>
        (await AskAsync(Credentials.Header(LarderServer.RootToken), "PUT", File, cancel)).Status.ShouldBe(201);

    /// <summary>Asks with whatever credentials; PUT has a body.</summary>
    public async Task<Answer> AskAsync(Action<HttpRequestMessage> credentials, string method, string path, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{server.BaseAddress}api/v4{path}");
        if (method == "PUT") request.Content = new StringContent("bytes");
        credentials(request);
        return await server.ClientFor((string?)null).AskAsync(request, cancel);
    }

    /// <summary>The credentials of a name: a user of <see cref="Users"/>, or one of several kinds of bad ones.</summary>
    public Action<HttpRequestMessage> As(string caller) => caller switch
    {
        "anonymous" => static _ => { },
        "invalid header" => Credentials.Header("glpat-nonsense"),
        "invalid query" => Credentials.Query("glpat-nonsense"),
        "invalid bearer" => Credentials.Bearer("glpat-nonsense"),
        "invalid basic" => Credentials.Basic("somebody", "glpat-nonsense"),
        "garbled basic" => static request => request.Headers.TryAddWithoutValidation("Authorization", "Basic !!!"),
        "basic without colon" => static request => request.Headers.TryAddWithoutValidation("Authorization", "Basic YWJj"),
        _ => Credentials.Header(Users[caller].Token),
    };
}

/// <summary>Ways to place a token.</summary>
internal static class Credentials
{
    public static Action<HttpRequestMessage> Header(string token) => request => request.Headers.TryAddWithoutValidation("PRIVATE-TOKEN", token);

    public static Action<HttpRequestMessage> Deploy(string token) => request => request.Headers.TryAddWithoutValidation("DEPLOY-TOKEN", token);

    public static Action<HttpRequestMessage> Bearer(string token) =>
        request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);

    public static Action<HttpRequestMessage> Basic(string username, string token) => request => request.Headers.Authorization =
        new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{token}")));

    public static Action<HttpRequestMessage> Job(string token) => request => request.Headers.TryAddWithoutValidation("JOB-TOKEN", token);

    public static Action<HttpRequestMessage> Query(string token, string parameter = "private_token") => request =>
        request.RequestUri = new UriBuilder(request.RequestUri!) { Query = $"{parameter}={Uri.EscapeDataString(token)}" }.Uri;
}
