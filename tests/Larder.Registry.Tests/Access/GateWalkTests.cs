using System.Net.Http.Json;
using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Tests.Access;

/// <summary>
/// Every route there is, asked for things that are private to others: a handler that forgets to ask the gate is found here,
/// also one that is written tomorrow.
/// </summary>
public sealed class GateWalkTests(SqliteServer fixture) : IClassFixture<SqliteServer>
{
    private readonly LarderServer server = fixture.Server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IEnumerable<RouteEndpoint> Routes => server.Services.GetRequiredService<IEnumerable<EndpointDataSource>>()
        .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();

    [Fact]
    public void Every_route_of_the_api_says_what_it_requires() =>
        Routes.Where(route => route.RoutePattern.RawText!.StartsWith("/api", StringComparison.Ordinal)
            && route.Metadata.GetMetadata<RequiredPermission>() is null).Select(route => route.RoutePattern.RawText).ShouldBeEmpty();

    [Fact]
    public void Every_route_of_the_api_says_what_it_is_for() =>
        Routes.Where(route => route.RoutePattern.RawText!.StartsWith("/api", StringComparison.Ordinal)
            && route.Metadata.GetMetadata<CallDescription>() is null).Select(route => route.RoutePattern.RawText).ShouldBeEmpty();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_private_is_given_to_a_stranger(bool isSignedIn)
    {
        var (values, names) = await PrivateThingsAsync();
        var stranger = await server.CreateUserAsync(Token);
        using var client = isSignedIn ? server.ClientFor(stranger) : server.ClientFor((string?)null);
        using var root = server.ClientFor(LarderServer.RootToken);
        var (asked, reachable) = (0, 0);
        foreach (var route in Routes)
        {
            var raw = route.RoutePattern.RawText!;
            // Users see each other; what else has no identifier lists one's own, and is tested where it belongs.
            if (route.RoutePattern.Parameters.Count == 0 || raw.StartsWith("/api/v4/users/{id}", StringComparison.Ordinal)) continue;
            var path = PathOf(route, values);
            foreach (var method in route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                var answer = await client.AskAsync(Request(method, path), Token);
                asked++;
                answer.Status.ShouldBeInRange(400, 499, $"{method} {path}: {answer.Text}");
                foreach (var name in names) answer.Text.ShouldNotContain(name, Case.Sensitive, $"{method} {path}");
                // That the stranger was refused says something only where there is something: root sees it.
                if (method == "GET" && (await root.AskAsync(Request(method, path), Token)).Status == 200) reachable++;
            }
        }
        asked.ShouldBeGreaterThan(60);
        reachable.ShouldBeGreaterThan(20);
    }

    private static HttpRequestMessage Request(string method, string path)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("Tus-Resumable", "1.0.0"); // or resumable uploads would refuse before they ask the gate
        if (method is not ("GET" or "HEAD" or "DELETE"))
            request.Content = JsonContent.Create(new { name = "taken", path = "taken", url = "https://repo.example.com", access_level = 50, user_id = 1 });
        return request;
    }

    // The identifiers of one route name things of different kinds; which, the literals before them tell.
    private static string PathOf(RouteEndpoint route, IReadOnlyDictionary<string, string> values)
    {
        var (parts, before) = (new List<string>(), "");
        foreach (var segment in route.RoutePattern.PathSegments)
        {
            if (segment.Parts[0] is RoutePatternLiteralPart literal) parts.Add(before = literal.Content);
            else parts.Add(values.GetValueOrDefault($"{before} {((RoutePatternParameterPart)segment.Parts[0]).Name}")
                ?? values.GetValueOrDefault(((RoutePatternParameterPart)segment.Parts[0]).Name) ?? "1");
        }
        return "/" + string.Join('/', parts);
    }

    private async Task<(IReadOnlyDictionary<string, string> Values, string[] Names)> PrivateThingsAsync()
    {
        using var root = server.ClientFor(LarderServer.RootToken);
        var group = await server.CreateGroupAsync(Token, "secret-group-" + Guid.NewGuid().ToString("n"));
        var project = await server.CreateProjectAsync(Token, "secret-project-" + Guid.NewGuid().ToString("n"), group: group);
        await root.AskAsync("PUT", $"/projects/{project.Id}/packages/generic/secret-package/1/secret.bin", Token, new { secret = "secret-content" });
        var package = (await root.AskAsync("GET", $"/projects/{project.Id}/packages", Token)).Json[0].GetProperty("id").ToString();
        var file = (await root.AskAsync("GET", $"/projects/{project.Id}/packages/{package}/package_files", Token)).Json[0].GetProperty("id").ToString();
        const string maven = "/virtual_registries/packages/maven";
        var registry = (await root.AskAsync("POST", $"/groups/{group.Id}/-{maven}/registries", Token, new { name = "secret-registry" }))["id"]!;
        server.Upstreams.Map("secret-upstream.example", "203.0.113.77", 1);
        var upstream = (await root.AskAsync("POST", $"{maven}/registries/{registry}/upstreams", Token,
            new { name = "secret-upstream", url = "http://secret-upstream.example" }))["id"]!;
        return (new Dictionary<string, string>
        {
            ["projects id"] = $"{project.Id}", ["groups id"] = $"{group.Id}", ["registries id"] = registry, ["upstreams id"] = upstream,
            ["maven id"] = registry, ["path"] = "org/acme/a/1/a-1.jar", ["package_id"] = package, ["package_file_id"] = file,
            ["package_name"] = "secret-package", ["package_version"] = "1", ["file_name"] = "secret.bin",
        }, ["secret-group", "secret-project", "secret-package", "secret-content", "secret-registry", "secret-upstream"]);
    }
}
