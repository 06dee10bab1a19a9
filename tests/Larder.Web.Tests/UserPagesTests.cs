using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;
using Larder.Web.Administration;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>Administering users in the browser.</summary>
public sealed class UserPagesTests(Chromium chromium, PageServer fixture) : IClassFixture<PageServer>
{
    private const string Attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'";

    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    [Fact]
    public async Task User_is_made_gets_a_token_and_is_blocked_and_deleted()
    {
        var name = server.NewName("anna");
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync(AdminLinks.Users);
        await page.GetByRole(AriaRole.Button, new() { Name = "New user" }).ClickAsync();
        await page.GetByLabel("Username").FillAsync("root");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(Attack);
        await page.GetByLabel("Email").FillAsync($"{name}@example.com");
        await page.GetByLabel("Password").FillAsync("short");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the user" }).ClickAsync();
        (await page.Locator("#password-about").TextContentAsync()).ShouldBe("Password is too short (minimum is 8 characters)");
        await visit.InspectAsync("admin-user-refused");
        await page.GetByLabel("Password").FillAsync("correct horse");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the user" }).ClickAsync();
        (await page.GetByRole(AriaRole.Alert).TextContentAsync()).ShouldNotBeNull().ShouldContain("Username has already been taken");
        await page.GetByLabel("Username").FillAsync(name);
        await page.GetByLabel("Password").FillAsync("correct horse");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the user" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true }).WaitForAsync();
        (await page.Locator("body img, main script").CountAsync()).ShouldBe(0);
        var address = new Uri(page.Url).AbsolutePath;

        await page.GetByLabel("Name of the token").FillAsync("for anna");
        await page.GetByLabel("Expires on").FillAsync("2026-03-01");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "read_user", Exact = false }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the token" }).ClickAsync();
        var token = (await page.Locator(".secret code").TextContentAsync())!;
        await visit.InspectAsync("admin-user");
        using var anna = server.ClientFor(token);
        (await anna.AskAsync("GET", "/user", cancel))["username"].ShouldBe(name);
        await page.ReloadAsync();
        (await page.Locator(".secret").CountAsync()).ShouldBe(0);

        await DoAsync(page, "Block", $"Block {name}");
        await page.GetByText("User, blocked, since").WaitForAsync();
        (await anna.AskAsync("GET", "/user", cancel)).Status.ShouldBe(403);
        await DoAsync(page, "Unblock", $"Unblock {name}");
        await DoAsync(page, "Make an administrator", $"Make {name} an administrator");
        await page.GetByText("Administrator, active, since").WaitForAsync();
        await page.GotoAsync($"{AdminLinks.Users}?which=admins&search={name}");
        (await page.Locator("tbody tr").CountAsync()).ShouldBe(1);
        await visit.InspectAsync("admin-users");
        await page.GetByRole(AriaRole.Link, new() { Name = name }).ClickAsync();
        await DoAsync(page, "Delete", $"Delete {name} for good");
        await Assertions.Expect(page).ToHaveURLAsync(new Uri(server.BaseAddress, AdminLinks.Users).ToString());
        (await page.GotoAsync(address))!.Status.ShouldBe(404);
    }

    [Fact]
    public async Task Forms_work_without_scripts_and_keep_what_was_typed()
    {
        var user = await server.CreateUserAsync(cancel);
        var address = AdminLinks.User(user.Id);
        using var root = new Person(server);
        await root.SignInAsync(cancel, ("token", LarderServer.RootToken));
        var token = await root.FormTokenAsync(address, cancel);
        var refused = await root.PostAsync(address, cancel, ("form_token", token), ("do", "change"), ("username", "-x"), ("name", "Typed"), ("email", "t@example.com"));
        refused.Status.ShouldBe(422);
        refused.Text.ShouldContain("value=\"Typed\"");
        refused.Text.ShouldContain("id=\"username-about\"");
        (await root.PostAsync(address, cancel, ("form_token", token), ("do", "change"), ("username", user.Username), ("name", "New name"), ("email", "t@example.com")))
            .Header("Location").ShouldBe(address);
        (await server.Get<UserStore>().FindAsync(user.Id, cancel))!.Name.ShouldBe("New name");
        (await root.PostAsync(address, cancel, ("form_token", token), ("do", "password"), ("password", "correct horse"))).Status.ShouldBe(303);
        using var person = new Person(server);
        (await person.SignInAsync(cancel, ("username", user.Username), ("password", "correct horse"))).Status.ShouldBe(303);
        (await root.PostAsync(address, cancel, ("form_token", token), ("do", "nonsense"))).Status.ShouldBe(403);
        (await root.PostAsync(address, cancel, ("form_token", new string('0', 64)), ("do", "delete"))).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Nobody_else_finds_or_changes_anything_here_and_oneself_is_out_of_reach()
    {
        var user = await server.CreateUserAsync(cancel);
        using var person = new Person(server);
        await person.SignInAsync(cancel, ("token", user.Token));
        var token = await person.FormTokenAsync("/-/groups/new", cancel);
        foreach (var address in (string[])[AdminLinks.NewUser, AdminLinks.User(user.Id)])
        {
            (await person.GetAsync(address, cancel)).Status.ShouldBe(404);
            (await person.PostAsync(address, cancel, ("form_token", token), ("do", "promote"), ("username", "x"), ("name", "x"), ("email", "x@example.com")))
                .Status.ShouldBe(404);
        }
        (await server.Get<UserStore>().FindAsync(user.Id, cancel))!.IsAdmin.ShouldBeFalse();
        using var root = new Person(server);
        await root.SignInAsync(cancel, ("token", LarderServer.RootToken));
        var self = AdminLinks.User((await server.Get<UserStore>().FindByNameAsync("root", cancel))!.Id);
        (await root.GetAsync(self, cancel)).Text.ShouldContain("This is you");
        (await root.PostAsync(self, cancel, ("form_token", await root.FormTokenAsync(self, cancel)), ("do", "delete"))).Status.ShouldBe(422);
        (await root.GetAsync($"{AdminLinks.Users}/987654", cancel)).Status.ShouldBe(404);
    }

    private static async Task DoAsync(IPage page, string word, string button)
    {
        await page.Locator("summary").GetByText(word, new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
    }
}
