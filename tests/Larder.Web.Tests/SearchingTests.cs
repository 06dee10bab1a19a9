using System.Text.RegularExpressions;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
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
    public async Task Every_file_of_a_package_has_its_lines_and_of_files_of_one_name_the_served_one_is_marked()
    {
        var project = await server.CreateProjectAsync(cancel);
        for (var i = 0; i < 2; i++) await PublishAsync(project, "app", "1.0", "a.txt");
        await PublishAsync(project, "app", "1.0", "b.txt");
        for (var i = 0; i < 26; i++) await PublishAsync(project, "app", "1.0", "c.txt"); // to the next page
        using var root = new Person(server);
        await root.SignInAsync(cancel, ("token", LarderServer.RootToken));
        var package = await NewestPackageAsync(project);
        var address = Links.Package(project, package);

        var page = await ReadAsync(address);
        page.QuerySelector("#fetch")!.TextContent.ShouldBe("Fetch a.txt");
        var cells = page.QuerySelectorAll("td[data-label=File]")
            .Select(cell => string.Join(" ", cell.ChildNodes.Select(node => node.TextContent.Trim()).Where(text => text.Length > 0))).ToList();
        cells[0].ShouldBe("a.txt older: clients are served the newest file of this name");
        cells[1].ShouldBe("a.txt the newest of this name: clients are served this one How to fetch it");
        cells[2].ShouldBe("b.txt How to fetch it");
        cells[3..].ShouldAllBe(cell => cell == "c.txt older: clients are served the newest file of this name");
        var links = page.QuerySelectorAll("a[href$=fetch]").Select(link => link.GetAttribute("href")!).ToList();
        links.Count.ShouldBe(2);
        var chosen = await ReadAsync(links[1]);
        chosen.QuerySelector("#fetch")!.TextContent.ShouldBe("Fetch b.txt");
        chosen.QuerySelectorAll("pre").Count(block => block.TextContent.Contains("generic/app/1.0/b.txt", StringComparison.Ordinal)).ShouldBe(4);
        chosen.QuerySelector("main td a[aria-current=true]")!.GetAttribute("href").ShouldBe(links[1]);

        var last = (await ReadAsync(address + "?page=2")).QuerySelectorAll("a[href$=fetch]").ShouldHaveSingleItem().GetAttribute("href")!;
        last.ShouldStartWith(address + "?page=2&file=");
        (await ReadAsync(last)).QuerySelector("#fetch")!.TextContent.ShouldBe("Fetch c.txt");
        foreach (var nonsense in (string[])["0", "x", "99999999999999999999"])
            (await ReadAsync($"{address}?file={nonsense}")).QuerySelector("#fetch")!.TextContent.ShouldBe("Fetch a.txt");

        async Task<IHtmlDocument> ReadAsync(string path)
        {
            var answer = await root.GetAsync(path.Split('#')[0], cancel);
            answer.Status.ShouldBe(200, path);
            return await new HtmlParser().ParseDocumentAsync(answer.Text, cancel);
        }
    }

    [Fact]
    public async Task First_page_says_what_there_is_to_do_on_an_empty_server_and_what_a_search_has_not_found()
    {
        await using var own = await LarderServer.StartAsync(cancel, pages: true);
        using var visitor = new Person(own);
        var seen = (await visitor.GetAsync("/", cancel)).Text;
        seen.ShouldContain("There are no groups yet that everybody may see.");
        seen.ShouldNotContain("Make one");
        using var root = new Person(own);
        await root.SignInAsync(cancel, ("token", LarderServer.RootToken));
        seen = (await root.GetAsync("/", cancel)).Text;
        seen.ShouldContain($"There are no groups yet. <a href=\"{Links.NewGroup()}\">Make one</a>");
        seen.ShouldContain($"There are no projects yet. <a href=\"{Links.NewProject()}\">Make one</a>");
        seen = (await root.GetAsync("/?search=nothing", cancel)).Text;
        Regex.Count(seen, "Nothing has this name\\.").ShouldBe(3);
        seen.ShouldNotContain("Make one");
        (await root.GetAsync("/?page=2", cancel)).Text.ShouldContain("There are no more.");
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

    private async Task<long> NewestPackageAsync(Project project)
    {
        using var root = server.ClientFor(LarderServer.RootToken);
        return (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json[0].GetProperty("id").GetInt64();
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
