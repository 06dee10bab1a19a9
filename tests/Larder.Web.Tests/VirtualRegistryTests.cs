using Larder.Testing;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>Virtual registries looked after in a browser.</summary>
public sealed class VirtualRegistryTests(Chromium chromium, PageServer fixture) : IClassFixture<PageServer>
{
    private readonly LarderServer server = fixture.Server;

    [Fact]
    public async Task Registry_is_made_gets_upstreams_and_is_deleted()
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var (first, firstUrl) = world.NewUpstream();
        var (_, secondUrl) = world.NewUpstream();
        first.Otherwise((request, answer) => answer.HeadAsync(request.Headers.ContainsKey("authorization") ? 404 : 401, ("Content-Length", "0")));
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync("/" + world.Group.FullPath);
        await Link("Virtual registries").ClickAsync();
        await visit.InspectAsync("registries-empty");

        await Button("New virtual registry").ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Acme Maven");
        await page.GetByLabel("Description").FillAsync("For all builds");
        await visit.InspectAsync("registry-new");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Level = 1, Name = "Acme Maven" }).WaitForAsync();
        var registry = new Uri(page.Url).AbsolutePath;
        await visit.InspectAsync("registry-without-upstreams");

        await Button("New upstream").ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Central");
        await page.GetByLabel("Address", new() { Exact = true }).FillAsync(firstUrl);
        await Button("Test the connection").ClickAsync();
        await page.GetByText("Refused: it answered 401").WaitForAsync();
        await page.GetByLabel("Username", new() { Exact = true }).FillAsync("robot");
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync("secret of the upstream");
        await Button("Test the connection").ClickAsync();
        await page.GetByText("Reachable").WaitForAsync();
        (await page.GetByLabel("Password", new() { Exact = true }).InputValueAsync()).ShouldBe("secret of the upstream");
        await visit.InspectAsync("upstream-new-tested");
        await Button("Create the upstream").ClickAsync();
        await page.Locator("tr:target", new() { HasText = "Central" }).WaitForAsync();
        await Button("New upstream").ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Second");
        await page.GetByLabel("Address", new() { Exact = true }).FillAsync("ftp://nowhere.example");
        await Button("Create the upstream").ClickAsync();
        (await page.Locator("#url-about").TextContentAsync()).ShouldBe("Address is blocked: Only allowed schemes are http, https");
        await visit.InspectAsync("upstream-new-refused");
        await page.GetByLabel("Address", new() { Exact = true }).FillAsync("http://127.0.0.1/maven");
        await Button("Create the upstream").ClickAsync();
        (await page.Locator("#url-about").TextContentAsync()).ShouldBe("Address is blocked: Requests to localhost are not allowed. "
            + "The operator of this server can allow it with Larder:Upstreams:AllowedHosts.");
        await page.GetByLabel("Address", new() { Exact = true }).FillAsync(secondUrl);
        await Button("Create the upstream").ClickAsync();

        (await NamesAsync()).ShouldBe(["Central", "Second"]);
        await page.GetByRole(AriaRole.Button, new() { Name = "Move up: Second" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("tr:target", new() { HasText = "Second" }).WaitForAsync();
        (await NamesAsync()).ShouldBe(["Second", "Central"]);
        await visit.InspectAsync("registry");
        await page.Locator("tr", new() { HasText = "Second" }).GetByText("Remove", new() { Exact = true }).ClickAsync();
        await Button("Take Second out of this registry").ClickAsync();
        (await NamesAsync()).ShouldBe(["Central"]);
        await page.GetByLabel("Or one that the group has already").SelectOptionAsync(new SelectOptionValue { Label = $"Second ({secondUrl})" });
        await Button("Add it").ClickAsync();
        (await NamesAsync()).ShouldBe(["Central", "Second"]);

        await Link("Central").ClickAsync();
        await Button("Test the connection").ClickAsync();
        await page.GetByText("Reachable").WaitForAsync();
        await visit.InspectAsync("upstream");
        (await page.ContentAsync()).ShouldNotContain("secret of the upstream");
        await Link("Edit address, credentials and settings").ClickAsync();
        await page.GetByLabel("Hours that files are fresh").FillAsync("0");
        await visit.InspectAsync("upstream-edit");
        await Button("Save the upstream").ClickAsync();
        await page.GetByText("robot, with a password").WaitForAsync();
        await page.GetByText("Delete this upstream").ClickAsync();
        await Button("Delete Central for good").ClickAsync();
        await Link("Acme Maven").ClickAsync();
        new Uri(page.Url).AbsolutePath.ShouldBe(registry);
        (await NamesAsync()).ShouldBe(["Second"]);
        await Link("Edit name, description and settings").ClickAsync();
        await page.GetByLabel("Lists of versions").SelectOptionAsync("first");
        await Button("Save the registry").ClickAsync();
        await page.GetByText("taken from the first upstream that has one").WaitForAsync();
        await page.GetByText("Delete this registry").ClickAsync();
        await Button("Delete Acme Maven for good").ClickAsync();
        await page.GetByText("None yet.").First.WaitForAsync();

        ILocator Button(string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
        ILocator Link(string name) => page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true });
        async Task<IReadOnlyList<string>> NamesAsync() => await page.Locator("tbody td.name a").AllTextContentsAsync();
    }

    [Fact]
    public async Task Cache_rules_and_reasons_are_looked_at_by_keyboard_and_phone()
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var registry = await world.AddRegistryAsync("Acme Maven");
        var (upstream, url) = world.NewUpstream();
        const string jar = "org/acme/a-rather-long-name-of-an-artifact/1.0.0-SNAPSHOT/a-rather-long-name-of-an-artifact-1.0.0-20260102.030405-1.jar";
        upstream.File("/" + jar, "bytes"u8.ToArray());
        var id = await world.AddUpstreamAsync(registry, new { url, name = "Central" });
        await world.AddUpstreamAsync(registry, new { url = world.NewUpstream().Url, name = "Second" });
        await world.CacheAsync(registry, id, jar);
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync($"/-/virtual_registries/{registry}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Look into its cache" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.GetByLabel("Search below this folder").FillAsync("rather jar");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Link, new() { Name = jar }).WaitForAsync();
        await visit.InspectAsync("cache");
        await page.GetByRole(AriaRole.Link, new() { Name = jar }).ClickAsync();
        await visit.InspectAsync("cache-file");
        await page.GotoAsync($"/-/upstreams/{id}/rules");
        await page.GetByLabel("Pattern").FillAsync("org.acme");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("It may supply files whose group matches the wildcard").WaitForAsync();
        await visit.InspectAsync("rules");
        await page.GotoAsync($"/-/virtual_registries/{registry}/why");
        await page.GetByLabel("File").FillAsync(jar);
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("The copy of Central is served.").WaitForAsync();
        await visit.InspectAsync("why");
        await world.AskAsync("GET", $"/{registry}/{jar}");
        await world.WaitForFiguresAsync(id, hits: 1, sent: 1);
        await page.GotoAsync($"/-/virtual_registries/{registry}/health");
        await page.GetByText("Hit rate").First.WaitForAsync();
        await visit.InspectAsync("registry-health");
        (await page.EvaluateAsync<bool>("[...document.querySelectorAll('main, main *')].every(one => one.scrollWidth <= one.clientWidth || one.clientWidth === 0 || getComputedStyle(one).overflowX === 'visible')"))
            .ShouldBeTrue("nothing scrolls sideways inside itself");
    }
}
