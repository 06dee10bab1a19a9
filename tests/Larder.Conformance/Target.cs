using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Larder.Testing;

// One server for all: starting it is a good part of what a short test costs.
[assembly: AssemblyFixture(typeof(Larder.Conformance.Target))]

namespace Larder.Conformance;

/// <summary>
/// The server under test, known by its URL alone: <c>LARDER_URL</c> and <c>LARDER_TOKEN</c> (an administrator's) name one
/// that runs already; otherwise the built server is started.
/// </summary>
public sealed class Target : IAsyncLifetime
{
    private static int names;
    private ServerProcess? own;
    private HttpClient client = null!;

    /// <summary>Its address, without a trailing slash.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Base of the API.</summary>
    public string Api => Url + "/api/v4";

    /// <summary>An administrator's token.</summary>
    public string Token { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("LARDER_URL") is { Length: > 0 } url)
        {
            Url = url.TrimEnd('/');
            Token = Environment.GetEnvironmentVariable("LARDER_TOKEN") ?? throw new InvalidOperationException("LARDER_URL needs LARDER_TOKEN.");
        }
        else
        {
            own = await ServerProcess.StartAsync();
            (Url, Token) = (own.Url, own.RootToken);
        }
        client = new HttpClient { BaseAddress = new Uri(Api + "/") };
        client.DefaultRequestHeaders.Add("PRIVATE-TOKEN", Token);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        if (own is not null) await own.DisposeAsync();
    }

    /// <summary>A name that this run has not used yet.</summary>
    public static string NewName(string kind) => string.Create(CultureInfo.InvariantCulture,
        $"{kind}-{Environment.ProcessId}-{Interlocked.Increment(ref names)}");

    /// <summary>Makes a private group; its id.</summary>
    public async Task<long> CreateGroupAsync(CancellationToken cancellationToken)
    {
        var name = NewName("group");
        return await CreateAsync("groups", new { name, path = name }, cancellationToken);
    }

    /// <summary>Makes a private project in a group of its own; its id.</summary>
    public async Task<long> CreateProjectAsync(CancellationToken cancellationToken)
    {
        var name = NewName("project");
        return await CreateAsync("projects", new { name, path = name, namespace_id = await CreateGroupAsync(cancellationToken) }, cancellationToken);
    }

    /// <summary>Makes a private project in a group of its own; its full path.</summary>
    public async Task<string> CreateProjectPathAsync(CancellationToken cancellationToken, string name = "tools")
    {
        var group = NewName("group");
        var id = await CreateAsync("groups", new { name = group, path = group }, cancellationToken);
        await CreateAsync("projects", new { name, path = name, namespace_id = id }, cancellationToken);
        return $"{group}/{name}";
    }

    /// <summary>Makes a virtual registry in front of open upstreams; its URL.</summary>
    public Task<string> CreateRegistryAsync(CancellationToken cancellationToken, params string[] upstreams) =>
        CreateRegistryAsync(cancellationToken, [.. upstreams.Select(url => new UpstreamPlace(url))]);

    /// <summary>Makes a virtual registry in front of upstreams; its URL.</summary>
    public async Task<string> CreateRegistryAsync(CancellationToken cancellationToken, params UpstreamPlace[] upstreams)
    {
        var group = await CreateGroupAsync(cancellationToken);
        return await CreateRegistryAsync($"{group}", upstreams, cancellationToken);
    }

    /// <summary>Makes a virtual registry of a group, in front of one open upstream; its URL.</summary>
    public Task<string> CreateRegistryInAsync(string group, string upstream, CancellationToken cancellationToken) =>
        CreateRegistryAsync(group, [new UpstreamPlace(upstream)], cancellationToken);

    private async Task<string> CreateRegistryAsync(string group, UpstreamPlace[] upstreams, CancellationToken cancellationToken)
    {
        var registry = await CreateAsync($"groups/{group}/-/virtual_registries/packages/maven/registries", new { name = "maven" }, cancellationToken);
        foreach (var (url, username, password) in upstreams)
        {
            await CreateAsync($"virtual_registries/packages/maven/registries/{registry}/upstreams",
                new { url, name = url, username, password }, cancellationToken);
        }
        return $"{Api}/virtual_registries/packages/maven/{registry}";
    }

    /// <summary>Makes a deploy token of a project that may publish and fetch.</summary>
    public async Task<string> CreateDeployTokenAsync(long project, CancellationToken cancellationToken) =>
        (await PostAsync($"projects/{project}/deploy_tokens",
            new { name = NewName("token"), scopes = new[] { "read_package_registry", "write_package_registry" } }, cancellationToken)).GetProperty("token").GetString()!;

    /// <summary>Makes a deploy token of the group of a virtual registry; <paramref name="registry"/> is its URL.</summary>
    public async Task<string> CreateDeployTokenAsync(string registry, CancellationToken cancellationToken)
    {
        var found = await client.GetFromJsonAsync<JsonElement>($"virtual_registries/packages/maven/registries/{registry.Split('/')[^1]}", cancellationToken);
        return (await PostAsync($"groups/{found.GetProperty("group_id")}/deploy_tokens",
            new { name = NewName("token"), scopes = new[] { "read_virtual_registry" } }, cancellationToken)).GetProperty("token").GetString()!;
    }

    private async Task<long> CreateAsync(string path, object body, CancellationToken cancellationToken) =>
        (await PostAsync(path, body, cancellationToken)).GetProperty("id").GetInt64();

    private async Task<JsonElement> PostAsync(string path, object body, CancellationToken cancellationToken)
    {
        using var answer = await client.PostAsJsonAsync(path, body, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"POST {path} answered {answer.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }
}

/// <summary>An upstream's address, and what it asks for, if anything.</summary>
public sealed record UpstreamPlace(string Url, string? Username = null, string? Password = null);
