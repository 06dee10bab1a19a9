using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Upkeep;
using Larder.Testing;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>Finding packages, and what the page of a package tells.</summary>
public sealed class SearchingTests(Chromium chromium, PageServer fixture) : IClassFixture<PageServer>
{
    private const string Attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'";

    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    [Fact]
    public async Task Package_is_found_from_the_first_page_and_narrowed_down_on_the_project_page()
    {
        var project = await server.CreateProjectAsync(cancel);
        var name = server.NewName("needle");
        foreach (var version in (string[])["1.0", "2.0"]) await PublishAsync(project, name, version, "a.txt");
        await PublishAsync(project, "hay", "1.0", "a.txt");
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GetByLabel("Search groups, projects and packages").FillAsync(name.ToUpperInvariant());
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText($"2.0, published 2026-01-02 03:04 into {project.FullPath}").WaitForAsync();
        await visit.InspectAsync("search");
        await page.GetByRole(AriaRole.Link, new() { Name = name }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = $"{name} 2.0" }).WaitForAsync();

        await page.GotoAsync("/" + project.FullPath);
        var field = page.GetByLabel("Name contains");
        await field.FocusAsync();
        await page.Keyboard.TypeAsync("1.0 need");
        (await page.Locator("tbody tr:visible").AllTextContentsAsync()).ShouldHaveSingleItem();
        (await page.GetByText("1 of the 3 rows on this page. Enter searches all.").CountAsync()).ShouldBe(1);
        await visit.InspectAsync("project-narrowed");
        await field.FillAsync("");
        (await page.Locator("tbody tr:visible").CountAsync()).ShouldBe(3);
        await field.FillAsync("hay");
        await page.Keyboard.PressAsync("Enter");
        await visit.ArriveAsync("search=hay");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Page_of_a_package_tells_who_published_with_what_and_how_often_it_was_downloaded()
    {
        var project = await server.CreateProjectAsync(cancel);
        var reader = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(project, reader, AccessLevel.Developer, cancel);
        using var root = server.ClientFor(LarderServer.RootToken);
        var deploy = await root.AskAsync("POST", $"/projects/{project.Id}/deploy_tokens", cancel, new { name = Attack, scopes = new[] { "write_package_registry" } });
        await PublishAsync(project, "app", "1.0", "a'b<x>/a.txt", "DEPLOY-TOKEN", deploy["token"]);
        await PublishAsync(project, "app", "1.0", "z.txt");
        for (var i = 0; i < 3; i++) (await root.AskAsync("GET", $"/projects/{project.Id}/packages/generic/app/1.0/z.txt", cancel)).Status.ShouldBe(200);
        await server.Get<DownloadCounts>().FlushAsync(cancel);

        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync("/" + project.FullPath);
        await page.GetByRole(AriaRole.Link, new() { Name = "app" }).ClickAsync();
        (await page.Locator("tbody tr").First.TextContentAsync()).ShouldNotBeNull().ShouldContain("with the deploy token " + Attack);
        (await page.Locator("tbody tr").Nth(1).TextContentAsync()).ShouldNotBeNull().ShouldContain("by root with the access token first start");
        (await page.Locator("body img, body script").CountAsync()).ShouldBe(0);
        (await page.GetByRole(AriaRole.Img).GetAttributeAsync("aria-label")).ShouldBe("3 downloads in the last 30 days, most on 2026-01-02: 3.");
        await page.GetByText("Downloads by day as a table").ClickAsync();
        await visit.InspectAsync("package-downloads");
        var copy = page.GetByRole(AriaRole.Button, new() { Name = "Copy the line for curl" });
        await copy.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Copied").WaitForAsync();
        (await page.EvaluateAsync<string>("navigator.clipboard.readText()"))
            .ShouldBe(await page.Locator("pre[data-copy]").First.TextContentAsync());

        using var developer = new Person(server);
        await developer.SignInAsync(cancel, ("token", reader.Token));
        var seen = (await developer.GetAsync(new Uri(page.Url).AbsolutePath, cancel)).Text;
        seen.ShouldContain("by root");
        seen.ShouldNotContain("first start");
        seen.ShouldNotContain("deploy token");
    }

    [Fact]
    public async Task Search_shows_nothing_of_others_and_only_text()
    {
        var project = await server.CreateProjectAsync(cancel);
        var name = server.NewName("hidden-needle");
        await PublishAsync(project, name, "1.0", "a.txt");
        using var visitor = new Person(server);
        (await visitor.GetAsync($"/?search={name}", cancel)).Text.ShouldNotContain(project.FullPath);
        (await visitor.GetAsync($"/?search={Uri.EscapeDataString(Attack)}", cancel)).Text.ShouldNotContain("<img");
        using var root = new Person(server);
        await root.SignInAsync(cancel, ("token", LarderServer.RootToken));
        (await root.GetAsync($"/?search={name}", cancel)).Text.ShouldContain(Links.Package(project, 1)[..^1]);
        (await root.GetAsync($"/?search={Uri.EscapeDataString(Attack)}", cancel)).Text.ShouldNotContain("<img");
    }

    private async Task PublishAsync(Project project, string name, string version, string path, string header = "PRIVATE-TOKEN", string? token = null)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Put, $"/api/v4/projects/{project.Id}/packages/generic/{name}/{version}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}")
        {
            Content = new StringContent("content"),
        };
        request.Headers.Add(header, token ?? LarderServer.RootToken);
        using var client = server.ClientFor((string?)null);
        (await client.AskAsync(request, cancel)).Status.ShouldBe(201);
        server.Time.Advance(TimeSpan.FromSeconds(1));
    }
}
