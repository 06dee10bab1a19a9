using AngleSharp.Html.Parser;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;
using Larder.Web.Settings;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>Members and tokens of groups and projects.</summary>
public sealed class PlaceSettingsTests(Chromium chromium, PageServer fixture) : IClassFixture<PageServer>
{
    private const string OfMaintainer = "general members access_tokens deploy_tokens jobs protection cleanup";
    private const string Attack = "<img src=x onerror=alert(1)>\"'";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    [Fact]
    public async Task Members_are_added_changed_and_removed_and_inherited_ones_say_from_where()
    {
        var project = await server.CreateProjectAsync(cancel);
        var groupPath = project.FullPath.Split('/')[0];
        var added = await server.CreateUserAsync(cancel);
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync("/" + project.FullPath);
        await page.GetByRole(AriaRole.Link, new() { Name = "Settings", Exact = true }).ClickAsync();
        (await page.TitleAsync()).ShouldBe($"General settings of {project.FullPath} · Larder");
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Settings" }).GetByRole(AriaRole.Link, new() { Name = "Members" }).ClickAsync();
        (await page.GetByRole(AriaRole.Row).Filter(new() { HasText = "root" }).GetByRole(AriaRole.Link).TextContentAsync()).ShouldBe(groupPath);

        await page.GetByLabel("Username", new() { Exact = true }).FillAsync("nobody-here");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add the member" }).ClickAsync();
        await visit.InspectAsync("members-refused");
        (await page.Locator("#username-about").TextContentAsync()).ShouldBe("Username is nobody's on this server");
        await page.GetByLabel("Username", new() { Exact = true }).FillAsync(added.Username);
        await page.Locator("form select#access_level").SelectOptionAsync("40");
        await page.Locator("#expires_at").FillAsync("2026-05-30");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add the member" }).ClickAsync();
        (await page.GetByRole(AriaRole.Status).TextContentAsync()).ShouldBe("The member is added.");

        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = added.Username });
        (await row.TextContentAsync()).ShouldNotBeNull().ShouldContain("2026-05-30");
        await row.GetByText("Change", new() { Exact = true }).ClickAsync();
        await visit.InspectAsync("members");
        await row.GetByLabel("Role").SelectOptionAsync("20");
        await row.GetByLabel("Until").FillAsync("");
        await row.GetByRole(AriaRole.Button, new() { Name = "Change" }).ClickAsync();
        (await row.TextContentAsync()).ShouldNotBeNull().ShouldContain("no end");
        var root = server.ClientFor(LarderServer.RootToken);
        (await root.AskAsync("GET", $"/projects/{project.Id}/members/{added.Id}", cancel))["access_level"].ShouldBe("20");
        await row.GetByText("Remove", new() { Exact = true }).ClickAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        (await row.CountAsync()).ShouldBe(0);

        await page.GetByRole(AriaRole.Link, new() { Name = groupPath }).Last.ClickAsync();
        await page.GetByRole(AriaRole.Row).Filter(new() { HasText = "root" }).GetByText("Leave", new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Leave this group" }).ClickAsync();
        await visit.InspectAsync("members-last-owner");
        (await page.GetByRole(AriaRole.Alert).TextContentAsync()).ShouldNotBeNull().ShouldContain("keeps at least one Owner");
    }

    [Fact]
    public async Task Tokens_of_a_project_are_made_replaced_and_revoked_without_scripts()
    {
        var project = await server.CreateProjectAsync(cancel);
        await using var visit = await chromium.VisitAsync(server, scripts: false);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync(SettingsLinks.OfPlace(project.FullPath, "access_tokens"));
        await page.GetByLabel("Name").FillAsync(Attack);
        await page.GetByLabel("api", new() { Exact = false }).First.CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the token" }).ClickAsync();
        var first = await page.Locator(".secret code").TextContentAsync();
        (await server.ClientFor(first).AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(200);
        (await page.Locator("main img").CountAsync()).ShouldBe(0);
        await page.GetByText("Replace", new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Replace" }).ClickAsync();
        var second = await page.Locator(".secret code").TextContentAsync();
        (await server.ClientFor(first).AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(401);
        await page.GetByText("Revoke", new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        (await server.ClientFor(second).AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(401);

        await page.GetByRole(AriaRole.Link, new() { Name = "Deploy tokens" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(Attack);
        await page.GetByLabel("Username").FillAsync("a b");
        await page.GetByLabel("write_package_registry").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the deploy token" }).ClickAsync();
        (await page.Locator("#username-about").TextContentAsync()).ShouldNotBeNull().ShouldContain("can contain only letters");
        (await page.GetByLabel("write_package_registry").IsCheckedAsync()).ShouldBeTrue();
        await page.GetByLabel("Username").FillAsync("deployer");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the deploy token" }).ClickAsync();
        (await page.Locator(".secret code").TextContentAsync()).ShouldNotBeNull().ShouldStartWith("gldt-");
        (await page.GetByRole(AriaRole.Row).Filter(new() { HasText = "deployer" }).CountAsync()).ShouldBe(1);
        (await page.Locator("main img").CountAsync()).ShouldBe(0);
        await page.Locator("summary").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Tab");
        (await page.Locator("button:focus").TextContentAsync()).ShouldBe($"Revoke {Attack}");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("The deploy token is revoked.").WaitForAsync();
    }

    [Fact]
    public async Task Jobs_of_other_projects_and_of_ci_systems_are_let_in_and_shut_out()
    {
        var (project, other) = (await server.CreateProjectAsync(cancel), await server.CreateProjectAsync(cancel));
        server.Upstreams.Map("ci.example.com", "203.0.113.5", 1);
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync(SettingsLinks.OfPlace(project.FullPath, "jobs"));
        await page.GetByLabel("A new one that works for").SelectOptionAsync("86400");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a job token" }).ClickAsync();
        var job = server.ClientFor((string?)null);
        job.DefaultRequestHeaders.Add("JOB-TOKEN", await page.Locator(".secret code").TextContentAsync());
        (await job.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Status.ShouldBe(200);
        await page.GetByText("End", new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "End job token" }).ClickAsync();
        (await page.GetByText("None works now.").CountAsync()).ShouldBe(1);
        (await job.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Status.ShouldBe(401);
        await page.GetByLabel("Project", new() { Exact = true }).FillAsync("no/such");
        await page.GetByRole(AriaRole.Button, new() { Name = "Let its jobs in" }).ClickAsync();
        (await page.Locator("#project-about").TextContentAsync()).ShouldBe("Project is none that you may see");
        await page.GetByLabel("Project", new() { Exact = true }).FillAsync(other.FullPath);
        await page.GetByRole(AriaRole.Button, new() { Name = "Let its jobs in" }).ClickAsync();
        (await page.GetByRole(AriaRole.Link, new() { Name = other.FullPath }).CountAsync()).ShouldBe(1);
        await page.GetByText("Shut out", new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Shut out" }).ClickAsync();
        (await page.GetByRole(AriaRole.Link, new() { Name = other.FullPath }).CountAsync()).ShouldBe(0);

        await page.GetByLabel("Issuer").FillAsync("https://ci.example.com");
        await page.GetByLabel("Audience").FillAsync(Attack);
        await page.GetByLabel("Claims").FillAsync("project_path");
        await page.GetByRole(AriaRole.Button, new() { Name = "Trust it" }).ClickAsync();
        await visit.InspectAsync("jobs-refused");
        (await page.Locator("#claims-about").TextContentAsync()).ShouldBe("Claims must be one name=value on each line");
        await page.GetByLabel("Claims").FillAsync($"project_path = acme/*\nref={Attack}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Trust it" }).ClickAsync();
        await visit.InspectAsync("jobs");
        (await page.GetByText("project_path=acme/*", new() { Exact = true }).CountAsync()).ShouldBe(1);
        (await page.Locator("main img").CountAsync()).ShouldBe(0);
        (await server.ClientFor(LarderServer.RootToken).AskAsync("GET", $"/projects/{project.Id}/job_token_trust_rules", cancel))
            .Json[0].GetProperty("claims").GetProperty("ref").GetString().ShouldBe(Attack);
        await page.GetByText("Remove", new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove the rule" }).ClickAsync();
        (await page.GetByText("There is no rule.").CountAsync()).ShouldBe(1);
        await page.GotoAsync(SettingsLinks.OfPlace(project.FullPath.Split('/')[0], "access_tokens"));
        await visit.InspectAsync("group-tokens");
        await page.GotoAsync(SettingsLinks.OfPlace(project.FullPath.Split('/')[0], "deploy_tokens"));
        await visit.InspectAsync("group-deploy-tokens");
    }

    [Theory]
    [InlineData(AccessLevel.None, "", "")]
    [InlineData(AccessLevel.Guest, "members", "members")]
    [InlineData(AccessLevel.Developer, "members", "members")]
    [InlineData(AccessLevel.Maintainer, "members deploy_tokens", OfMaintainer)]
    [InlineData(AccessLevel.Owner, "general members access_tokens deploy_tokens duplicates", OfMaintainer)]
    public async Task Pages_are_for_whoever_may_what_they_are_about(AccessLevel level, string ofGroup, string ofProject)
    {
        var project = await server.CreateProjectAsync(cancel);
        var group = (await server.Get<NamespaceStore>().FindByIdAsync(project.NamespaceId, cancel))!;
        var user = await server.CreateUserAsync(cancel);
        if (level != AccessLevel.None) await server.AddMemberAsync(group, user, level, cancel);
        using var person = new Person(server);
        await person.SignInAsync(cancel, ("token", user.Token));
        foreach (var (path, expected) in (IEnumerable<(string, string)>)[(group.FullPath, ofGroup), (project.FullPath, ofProject)])
        {
            var seen = new List<string>();
            foreach (var segment in (string[])["general", "members", "access_tokens", "deploy_tokens", "jobs", "duplicates", "protection", "cleanup", "nothing", "members/x"])
            {
                var answer = await person.GetAsync(SettingsLinks.OfPlace(path, segment), cancel);
                if (answer.Status == 200) seen.Add(segment);
                else answer.Status.ShouldBe(404);
                // What one may not see takes no form either.
                var token = ("form_token", await person.FormTokenAsync(Links.Tokens, cancel));
                (await person.PostAsync(SettingsLinks.OfPlace(path, segment), cancel, token, ("do", "nothing"))).Status.ShouldBe(answer.Status == 200 ? 403 : 404);
            }
            string.Join(' ', seen).ShouldBe(expected, path);
            var home = await new HtmlParser().ParseDocumentAsync((await person.GetAsync("/" + path, cancel)).Text, cancel);
            home.QuerySelectorAll("main a").Any(link => link.TextContent == "Settings").ShouldBe(expected.Length > 0);
            var first = await person.GetAsync(SettingsLinks.OfPlace(path), cancel);
            first.Status.ShouldBe(expected.Length > 0 ? 303 : 404);
        }
        using var nobody = new Person(server);
        (await nobody.GetAsync(SettingsLinks.OfPlace(project.FullPath, "members"), cancel)).Header("Location")
            .ShouldBe($"/-/sign_in?return={Uri.EscapeDataString(SettingsLinks.OfPlace(project.FullPath, "members"))}");
        (await nobody.PostAsync(SettingsLinks.OfPlace(project.FullPath, "members"), cancel, ("do", "add"))).Header("Location")
            .ShouldBe($"/-/sign_in?return={Uri.EscapeDataString(SettingsLinks.OfPlace(project.FullPath, "members"))}");
        (await nobody.GetAsync("/no/such/-/settings", cancel)).Header("Location").ShouldBe("/-/sign_in?return=%2Fno%2Fsuch%2F-%2Fsettings");
    }

    [Fact]
    public async Task Member_leaves_by_itself_and_gives_nobody_more_than_its_own_role()
    {
        var group = await server.CreateGroupAsync(cancel);
        var (owner, guest) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        await server.AddMemberAsync(group, guest, AccessLevel.Guest, cancel);
        var project = await server.CreateProjectAsync(cancel, group: group);
        await server.AddMemberAsync(project, owner, AccessLevel.Maintainer, cancel);
        using var person = new Person(server);
        await person.SignInAsync(cancel, ("token", owner.Token));
        var page = await person.GetAsync(SettingsLinks.OfPlace(project.FullPath, "members"), cancel);
        page.Text.ShouldContain("Maintainer: deletes packages");
        page.Text.ShouldNotContain("Owner: everything");
        var token = ("form_token", await person.FormTokenAsync(Links.Tokens, cancel));
        var refused = await person.PostAsync(SettingsLinks.OfPlace(project.FullPath, "members"), cancel,
            token, ("do", "add"), ("username", guest.Username), ("access_level", "50"));
        refused.Status.ShouldBe(422);
        refused.Text.ShouldContain("nobody gives or takes a role above one&#x27;s own");

        await person.SignInAsync(cancel, ("token", guest.Token));
        var members = SettingsLinks.OfPlace(group.FullPath, "members");
        (await person.GetAsync(members, cancel)).Text.ShouldContain("Leave this group");
        token = ("form_token", await person.FormTokenAsync(Links.Tokens, cancel));
        (await person.PostAsync(members, cancel, token, ("do", "remove"), ("id", $"{guest.Id}"))).Header("Location").ShouldBe("/");
        (await person.GetAsync("/" + group.FullPath, cancel)).Status.ShouldBe(404);
    }
}
