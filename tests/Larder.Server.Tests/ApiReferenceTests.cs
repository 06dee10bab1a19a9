using System.Text.Json;
using System.Text.RegularExpressions;
using Larder.Testing;

namespace Larder.Server.Tests;

/// <summary>The API's own description, and the page that shows it.</summary>
public sealed class ApiReferenceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Document_has_every_call_with_its_parameters_and_its_errors()
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        using var document = JsonDocument.Parse(await client.GetStringAsync("/-/openapi/v4.json", Token));

        var paths = document.RootElement.GetProperty("paths");
        paths.EnumerateObject().Count().ShouldBeGreaterThan(80);
        var calls = paths.EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Where(member => member.Name != "parameters")).ToList();
        calls.ShouldAllBe(call => call.Value.GetProperty("summary").GetString()!.EndsWith('.'));
        calls.ShouldAllBe(call => call.Value.GetProperty("responses").EnumerateObject().Any(answer => answer.Name == "401"));

        var add = paths.GetProperty("/api/v4/projects/{id}/members").GetProperty("post");
        var body = add.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema");
        body.GetProperty("required").EnumerateArray().Select(name => name.GetString()).ShouldBe(["access_level"]);
        body.GetProperty("properties").GetProperty("expires_at").GetProperty("format").GetString().ShouldBe("date");
        add.GetProperty("responses").EnumerateObject().Select(answer => answer.Name).ShouldBe(["201", "400", "401", "403", "404", "503"]);

        var publish = paths.GetProperty("/api/v4/projects/{id}/packages/generic/{package_name}/{package_version}/{file_name}").GetProperty("put");
        publish.GetProperty("parameters").EnumerateArray().Select(parameter => parameter.GetProperty("name").GetString())
            .ShouldBe(["id", "package_name", "package_version", "file_name", "status", "select"]);
        publish.GetProperty("responses").TryGetProperty("413", out _).ShouldBeTrue();
    }

    [Fact]
    public async Task Page_loads_nothing_from_elsewhere()
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        var page = await client.GetStringAsync("/-/api/", Token);
        var sources = Regex.Matches(page, "src=\"([^\"]+)\"").Select(match => match.Groups[1].Value).ToList();
        sources.ShouldNotBeEmpty();
        foreach (var source in sources)
        {
            source.ShouldNotContain("//");
            (await client.GetAsync("/-/api/" + source, Token)).IsSuccessStatusCode.ShouldBeTrue(source);
        }
        page.ShouldContain("-/openapi/v4.json");
    }
}
