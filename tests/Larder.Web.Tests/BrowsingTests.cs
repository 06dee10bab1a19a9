using Larder.Registry.Namespaces;
using Larder.Testing;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>The jobs of the pages, done in a browser as a person does them.</summary>
public sealed class BrowsingTests(Chromium chromium, PageServer fixture) : IClassFixture<PageServer>
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    [Fact]
    public async Task Signing_in_and_making_a_group_and_a_project()
    {
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.InspectAsync("home-visitor");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await visit.InspectAsync("sign-in");
        await page.GetByLabel("Access token").FillAsync("wrong");
        await page.Keyboard.PressAsync("Enter");
        (await page.GetByRole(AriaRole.Alert).TextContentAsync()).ShouldNotBeNull().ShouldContain("That did not work");
        await page.GetByLabel("Access token").FillAsync(LarderServer.RootToken);
        await page.Keyboard.PressAsync("Enter");

        var path = server.NewName("acme");
        await page.GetByRole(AriaRole.Link, new() { Name = "New group" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("Acme & <Söhne>");
        await page.GetByLabel("Path").FillAsync("-" + path);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the group" }).ClickAsync();
        await visit.InspectAsync("new-group-refused");
        (await page.Locator("#path-about").TextContentAsync()).ShouldBe(
            "Path can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'.");
        (await page.GetByLabel("Name").InputValueAsync()).ShouldBe("Acme & <Söhne>");
        await page.GetByLabel("Path").FillAsync(path);
        await page.GetByLabel("Who may see it").SelectOptionAsync("internal");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the group" }).ClickAsync();
        new Uri(page.Url).AbsolutePath.ShouldBe("/" + path);
        (await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).TextContentAsync()).ShouldBe("Acme & <Söhne>");

        await page.GetByRole(AriaRole.Link, new() { Name = "New project here" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("Tools");
        await page.GetByLabel("Path").FillAsync("tools");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the project" }).ClickAsync();
        new Uri(page.Url).AbsolutePath.ShouldBe($"/{path}/tools");
        await visit.InspectAsync("project-empty");
        await page.GetByRole(AriaRole.Link, new() { Name = path }).ClickAsync();
        await visit.InspectAsync("group");
        await page.GetByRole(AriaRole.Link, new() { Name = "Larder" }).ClickAsync();
        await visit.InspectAsync("home");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        (await page.GetByText(path).CountAsync()).ShouldBe(0);
        await page.GotoAsync($"/{path}/tools");
        await visit.InspectAsync("not-found");
        (await page.TitleAsync()).ShouldBe("Not found · Larder");
    }

    [Fact]
    public async Task Without_scripts_and_mouse_one_comes_in_and_back_to_where_one_was()
    {
        var project = await server.CreateProjectAsync(cancel);
        await using var visit = await chromium.VisitAsync(server, scripts: false);
        var page = visit.Page;
        await page.GotoAsync("/" + project.FullPath);
        await page.Keyboard.PressAsync("Tab");
        (await page.Locator("a:focus").TextContentAsync()).ShouldBe("Skip to the content");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Tab");
        (await page.Locator("a:focus").TextContentAsync()).ShouldBe("Sign in");
        await page.Keyboard.PressAsync("Enter");
        await visit.ArriveAsync(Links.SignIn);
        await page.GetByLabel("Access token").FocusAsync();
        await page.Keyboard.TypeAsync(LarderServer.RootToken);
        await Assertions.Expect(page.GetByLabel("Access token")).ToHaveValueAsync(LarderServer.RootToken);
        await page.Keyboard.PressAsync("Enter");
        await visit.ArriveAsync(server.BaseAddress + project.FullPath);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync(project.Name);
    }

    [Fact]
    public async Task Names_and_parameters_are_text_whatever_they_hold()
    {
        const string attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'";
        var group = await server.CreateGroupAsync(cancel, visibility: Visibility.Public);
        var root = server.ClientFor(LarderServer.RootToken);
        (await root.AskAsync("PUT", $"/groups/{group.Id}", cancel, new { name = attack, description = attack })).Status.ShouldBe(200);
        await root.AskAsync("POST", "/projects", cancel, new { name = attack, path = "p", namespace_id = group.Id, description = attack, visibility = "public" });
        await using var visit = await chromium.VisitAsync(server);
        foreach (var path in (string[])
            ["/", $"/{group.FullPath}", $"/{group.FullPath}/p", "/no/such/", Links.SignIn])
        {
            await visit.Page.GotoAsync($"{path}?search={Uri.EscapeDataString(attack)}&order_by={Uri.EscapeDataString(attack)}&sort=%00&page=-1&return={Uri.EscapeDataString(attack)}");
            (await visit.Page.Locator("body img, body script").CountAsync()).ShouldBe(0, path);
            (await visit.Page.GotoAsync(path))!.Status.ShouldBe(path == "/no/such/" ? 404 : 200);
            (await visit.Page.Locator("body img, body script").CountAsync()).ShouldBe(0, path);
        }
    }
}
