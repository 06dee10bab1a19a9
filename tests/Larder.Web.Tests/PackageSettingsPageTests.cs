using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Testing;
using Larder.Web.Settings;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>General settings, duplicates, protection rules and the cleanup policy.</summary>
public sealed class PackageSettingsPageTests(Chromium chromium, PageServer fixture) : IClassFixture<PageServer>
{
    private const string Attack = "<img src=x onerror=alert(1)>\"'";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;
    private readonly HttpClient root = fixture.Server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Project_is_changed_renamed_and_deleted()
    {
        var project = await server.CreateProjectAsync(cancel);
        var group = project.FullPath.Split('/')[0];
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync(SettingsLinks.OfPlace(project.FullPath));
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(Attack);
        await page.GetByLabel("Description").FillAsync(Attack);
        await page.GetByLabel("Who may see it", new() { Exact = true }).SelectOptionAsync("public");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await visit.InspectAsync("general-refused");
        (await page.Locator("#visibility-about").TextContentAsync()).ShouldBe("Who may see it public is not allowed in a private group.");
        await page.GetByLabel("Who may see it", new() { Exact = true }).SelectOptionAsync("private");
        await page.GetByLabel("Who may fetch its packages").SelectOptionAsync("public");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        (await page.GetByRole(AriaRole.Status).TextContentAsync()).ShouldBe("The changes are saved.");
        (await page.Locator("main img").CountAsync()).ShouldBe(0);
        var saved = await root.AskAsync("GET", $"/projects/{project.Id}", cancel);
        saved["name"].ShouldBe(Attack);
        saved["package_registry_access_level"].ShouldBe("public");

        await page.GetByLabel("Path", new() { Exact = true }).FillAsync("-no");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rename" }).ClickAsync();
        (await page.Locator("#path-about").TextContentAsync()).ShouldNotBeNull().ShouldContain("Cannot start with '-'");
        await page.GetByLabel("Path", new() { Exact = true }).FillAsync("new-name");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rename" }).ClickAsync();
        new Uri(page.Url).AbsolutePath.ShouldBe($"/{group}/new-name/-/settings/general");

        await page.GetByText("Delete this project", new() { Exact = true }).ClickAsync();
        await page.GetByLabel("Its full path").FillAsync("new-name");
        await page.GetByRole(AriaRole.Button, new() { Name = "for good" }).ClickAsync();
        await visit.InspectAsync("general-not-deleted");
        (await page.Locator("#full_path-about").TextContentAsync()).ShouldBe($"Its full path is not {group}/new-name");
        await page.GetByLabel("Its full path").FillAsync($"{group}/new-name");
        await page.GetByRole(AriaRole.Button, new() { Name = "for good" }).ClickAsync();
        new Uri(page.Url).AbsolutePath.ShouldBe("/" + group);
        (await root.AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(404);

        await page.GotoAsync(SettingsLinks.OfPlace(group, "duplicates"));
        await page.GetByLabel("is refused").CheckAsync();
        await page.GetByLabel("Exceptions").FillAsync("(" + Attack);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await visit.InspectAsync("duplicates-refused");
        (await page.Locator("#generic_duplicate_exception_regex-about").TextContentAsync()).ShouldNotBeNull().ShouldContain("not valid RE2 syntax");
        (await page.GetByLabel("is refused").IsCheckedAsync()).ShouldBeTrue();
        await page.GetByLabel("Exceptions").FillAsync(".*-SNAPSHOT");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await visit.InspectAsync("duplicates");
        var settings = await root.AskAsync("GET", $"/groups/{group}/package_settings", cancel);
        settings["generic_duplicates_allowed"].ShouldBe("False");
        settings["generic_duplicate_exception_regex"].ShouldBe(".*-SNAPSHOT");
    }

    [Fact]
    public async Task Packages_are_protected_by_rules()
    {
        var project = await server.CreateProjectAsync(cancel);
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync(SettingsLinks.OfPlace(project.FullPath, "protection"));
        await page.GetByLabel("Package name", new() { Exact = true }).FillAsync(Attack);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add the rule" }).ClickAsync();
        await visit.InspectAsync("protection-refused");
        (await page.GetByRole(AriaRole.Alert).TextContentAsync()).ShouldNotBeNull().Trim()
            .ShouldBe("A rule must have at least a minimum access role for push or delete.");
        await page.GetByLabel("Published by").SelectOptionAsync("maintainer");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add the rule" }).ClickAsync();
        (await page.Locator("main img").CountAsync()).ShouldBe(0);
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = Attack });
        await row.GetByText("Change", new() { Exact = true }).ClickAsync();
        await visit.InspectAsync("protection");
        await row.GetByLabel("Package name").FillAsync("release-*");
        await row.GetByLabel("Published by").SelectOptionAsync("");
        await row.GetByLabel("Deleted by").SelectOptionAsync("owner");
        await row.GetByRole(AriaRole.Button, new() { Name = "Change" }).ClickAsync();
        var rule = (await root.AskAsync("GET", $"/projects/{project.Id}/packages/protection/rules", cancel)).Json[0];
        rule.GetProperty("package_name_pattern").GetString().ShouldBe("release-*");
        rule.GetProperty("minimum_access_level_for_push").GetString().ShouldBeNull();
        rule.GetProperty("minimum_access_level_for_delete").GetString().ShouldBe("owner");
        await page.GetByText("Remove", new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove release-*" }).ClickAsync();
        (await page.GetByText("There is no rule.").CountAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Cleanup_policy_is_looked_at_before_it_is_saved()
    {
        var project = await server.CreateProjectAsync(cancel);
        foreach (var content in (string[])["one", "two", "three"]) await PublishAsync(project, "app", content);
        await PublishAsync(project, "other", "one");
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync(SettingsLinks.OfPlace(project.FullPath, "cleanup"));
        (await page.GetByText("Nothing, as it is now.").CountAsync()).ShouldBe(1);
        await page.GetByLabel("keep").SelectOptionAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show what it would remove now" }).ClickAsync();
        await visit.InspectAsync("cleanup-preview");
        await Assertions.Expect(page.Locator("main li", new() { HasText = "a.txt of app 1.0" })).ToHaveCountAsync(2);
        (await page.GetByRole(AriaRole.Status).TextContentAsync()).ShouldNotBeNull().ShouldContain("2 files");
        page.Url.ShouldEndWith("/cleanup?keep_n_duplicated_package_files=1&delete_generic_packages_not_downloaded_in_days=");
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages/cleanup_policy", cancel))["keep_n_duplicated_package_files"].ShouldBe("all");
        (await page.GetByLabel("keep").InputValueAsync()).ShouldBe("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save the policy" }).ClickAsync();
        await visit.InspectAsync("cleanup");
        (await page.GetByText("The next time is").CountAsync()).ShouldBe(1);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages/cleanup_policy", cancel))["keep_n_duplicated_package_files"].ShouldBe("1");
    }

    [Fact]
    public async Task Preview_of_a_policy_of_days_names_the_packages_and_nonsense_is_refused()
    {
        await using var own = await LarderServer.StartAsync(cancel, pages: true);
        var project = await own.CreateProjectAsync(cancel);
        using var client = own.ClientFor(LarderServer.RootToken);
        (await client.AskAsync("PUT", $"/projects/{project.Id}/packages/generic/old-one/1.0/a.txt", cancel, new { a = 1 })).Status.ShouldBe(201);
        own.Time.Advance(TimeSpan.FromDays(40));
        using var person = new Person(own);
        await person.SignInAsync(cancel, ("token", LarderServer.RootToken));
        var address = SettingsLinks.OfPlace(project.FullPath, "cleanup");
        var token = ("form_token", await person.FormTokenAsync(address, cancel));
        const string keep = "keep_n_duplicated_package_files", days = "delete_generic_packages_not_downloaded_in_days";
        var tried = await person.PostAsync(address, cancel, token, ("do", "preview"), (keep, "all"), (days, "30"));
        tried.Status.ShouldBe(303);
        (await person.GetAsync(tried.Header("Location"), cancel)).Text.ShouldContain("old-one 1.0</a>");
        (await person.GetAsync($"{address}?{keep}=all&{days}=50", cancel)).Text.ShouldContain("Nothing.</p>");
        await own.Get<Database>().WriteAsync(session => session.ExecuteAsync("""
            with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < 10010)
            insert into packages (project_id, type, name, version, status, created_at, updated_at)
            select @Id, 'generic', 'many', '1.' || i, 'default', 1, 1 from numbers
            """, new { project.Id }), cancel);
        var many = Squeezed((await person.GetAsync($"{address}?{keep}=1&{days}=30", cancel)).Text);
        many.ShouldContain("10,011 packages, 10,000 of them of");
        many.ShouldContain("And 9,911 packages more.");
        many.ShouldContain("takes longer and looks at the files of 100,000 packages; the run looks at all of them.");
        Squeezed((await person.GetAsync($"{address}?{keep}=1", cancel)).Text).ShouldContain("Files were looked for in 10,000 of the packages that stay.");
        foreach (var nonsense in (string[])["0", "-3", "many", "99999999999999999999"])
        {
            foreach (var action in (string[])["preview", "save"])
            {
                var refused = await person.PostAsync(address, cancel, token, ("do", action), (keep, "all"), (days, nonsense));
                refused.Status.ShouldBe(422, $"{action} {nonsense}");
                refused.Text.ShouldContain($"value=\"{nonsense}\"");
            }
            (await person.GetAsync($"{address}?{keep}={nonsense}&{days}={nonsense}", cancel)).Status.ShouldBe(200);
        }

        static string Squeezed(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Maintainer_is_shown_nothing_that_is_for_owners_and_may_not_do_it()
    {
        var project = await server.CreateProjectAsync(cancel);
        var maintainer = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(project, maintainer, AccessLevel.Maintainer, cancel);
        using var person = new Person(server);
        await person.SignInAsync(cancel, ("token", maintainer.Token));
        var address = SettingsLinks.OfPlace(project.FullPath, "general");
        var page = await person.GetAsync(address, cancel);
        page.Status.ShouldBe(200);
        foreach (var word in (string[])["Rename", "Delete", "visibility"]) page.Text.ShouldNotContain(word);
        var token = ("form_token", await person.FormTokenAsync(address, cancel));
        (await person.PostAsync(address, cancel, token, ("do", "save"), ("name", "Tools"), ("description", ""), ("package_registry_access_level", "private"))).Status.ShouldBe(303);
        (await person.PostAsync(address, cancel, token, ("do", "rename"), ("path", "other"))).Status.ShouldBe(422);
        (await person.PostAsync(address, cancel, token, ("do", "delete"), ("full_path", project.FullPath))).Status.ShouldBe(422);
        var now = await root.AskAsync("GET", $"/projects/{project.Id}", cancel);
        now["name"].ShouldBe("Tools");
        now["path"].ShouldBe(project.Path);
    }

    [Fact]
    public async Task Group_is_changed_and_deleted_without_scripts()
    {
        var outer = await server.CreateGroupAsync(cancel);
        var group = await server.CreateGroupAsync(cancel, parent: outer);
        await using var visit = await chromium.VisitAsync(server, scripts: false);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync("/" + group.FullPath);
        await page.GetByRole(AriaRole.Link, new() { Name = "Settings", Exact = true }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Inner");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        (await root.AskAsync("GET", $"/groups/{group.Id}", cancel))["name"].ShouldBe("Inner");
        await page.GetByText("Delete this group", new() { Exact = true }).ClickAsync();
        await page.GetByLabel("Its full path").FillAsync(group.FullPath);
        await page.GetByRole(AriaRole.Button, new() { Name = "for good" }).ClickAsync();
        new Uri(page.Url).AbsolutePath.ShouldBe("/" + outer.FullPath);
        (await root.AskAsync("GET", $"/groups/{group.Id}", cancel)).Status.ShouldBe(404);
    }

    private async Task PublishAsync(Project project, string package, string content) =>
        (await root.AskAsync("PUT", $"/projects/{project.Id}/packages/generic/{package}/1.0/a.txt", cancel, new { content })).Status.ShouldBe(201);
}
