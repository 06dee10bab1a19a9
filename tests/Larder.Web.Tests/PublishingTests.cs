using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Testing;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>Publishing, looking at and deleting packages in the browser.</summary>
public sealed class PublishingTests(Chromium chromium, PageServer fixture) : IClassFixture<PageServer>
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    [Fact]
    public async Task Files_are_dropped_and_the_package_is_there_to_fetch_and_to_delete()
    {
        var project = await server.CreateProjectAsync(cancel);
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync("/" + project.FullPath);
        await page.GetByRole(AriaRole.Button, new() { Name = "Publish files" }).ClickAsync();
        await visit.InspectAsync("publish");
        await page.GetByLabel("Package").FillAsync("app");
        await page.GetByLabel("Version").FillAsync("1.0.0");
        var zone = await page.Locator(".drop").ElementHandleAsync();
        await page.EvaluateAsync(DroppedFiles.Script, new object[] { zone, new[] { new[] { "one.txt", "first" }, ["two.txt", "second"], ["bad name.txt", "third"] } });
        await page.GetByRole(AriaRole.Button, new() { Name = "Publish", Exact = true }).ClickAsync();
        await page.GetByText("2 of 3 files published").WaitForAsync();
        var states = await page.Locator("[data-uploads] li").AllTextContentsAsync();
        states[0].ShouldBe("one.txt published, SHA-256 " + Digest("first"));
        states[1].ShouldBe("two.txt published, SHA-256 " + Digest("second"));
        states[2].ShouldBe("bad name.txt not published: file name is invalid. " + GenericNames.FileNameRule);
        await visit.InspectAsync("published");

        await page.GetByRole(AriaRole.Link, new() { Name = "Look at the package" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "app 1.0.0" }).WaitForAsync();
        (await page.Locator("h1 + p").TextContentAsync()).ShouldNotBeNull().Trim().ShouldStartWith("generic package, published 2026-01-02 03:04 UTC by root,");
        await visit.InspectAsync("package");
        (await page.Locator("td code").First.TextContentAsync()).ShouldBe(Digest("first"));
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "two.txt", Exact = true }).ClickAsync());
        (await File.ReadAllTextAsync(await download.PathAsync(), cancel)).ShouldBe("second");
        var line = (await page.Locator("pre[data-copy]").First.TextContentAsync())!;
        line.ShouldContain($"\"{server.BaseAddress}api/v4/projects/{project.Id}/packages/generic/app/1.0.0/one.txt\"");
        var fetched = await Command.RunAsync("bash", ["-c", line.Replace("--remote-name", "--silent", StringComparison.Ordinal)], cancel,
            environment: new Dictionary<string, string> { ["LARDER_TOKEN"] = LarderServer.RootToken });
        fetched.ShouldBe("first");

        await page.GetByText("Delete this package").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete app 1.0.0 for good" }).ClickAsync();
        await page.GetByText("No packages yet").WaitForAsync();
        new Uri(page.Url).AbsolutePath.ShouldBe("/" + project.FullPath);
    }

    [Fact]
    public async Task Files_dropped_beside_the_box_count_and_stay_chosen_while_the_version_is_put_right()
    {
        var project = await server.CreateProjectAsync(cancel);
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync(Links.Publish(project));
        await page.GetByLabel("Package").FillAsync("app");
        await page.GetByLabel("Version").FillAsync("1..0");
        var title = await page.Locator("h1").ElementHandleAsync();
        // What carries no files is the browser's: text can still be dropped into a field.
        (await page.EvaluateAsync<bool>("""
            element => {
              const transfer = new DataTransfer();
              transfer.setData("text/plain", "words");
              return element.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
            }
            """, title)).ShouldBeTrue();
        await page.EvaluateAsync(DroppedFiles.Script, new object[] { title, new[] { new[] { "one.txt", "first" }, ["two.txt", "second"] } });
        await Assertions.Expect(page.Locator("[data-chosen]")).ToHaveTextAsync("2 files are chosen.");
        var publish = page.GetByRole(AriaRole.Button, new() { Name = "Publish", Exact = true });
        await publish.ClickAsync();
        await Assertions.Expect(page.Locator("#package_version-about")).ToHaveTextAsync("Version is invalid. " + GenericNames.VersionRule);
        await Assertions.Expect(page.GetByLabel("Version")).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator("[data-chosen]")).ToHaveTextAsync("2 files are chosen.");
        await visit.InspectAsync("publish-refused");

        await page.GetByLabel("Version").FillAsync("1.0");
        await publish.ClickAsync();
        await page.GetByText("2 of 2 files published").WaitForAsync();
        (await page.GetByLabel("Version").GetAttributeAsync("aria-invalid")).ShouldBeNull();
        await Assertions.Expect(page.Locator("[data-chosen]")).ToBeEmptyAsync();

        await page.EvaluateAsync(DroppedFiles.Script, new object[] { title, new[] { new[] { "three.txt", "third" } } });
        await Assertions.Expect(page.Locator("[data-chosen]")).ToHaveTextAsync("three.txt is chosen.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Choose none of them" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-chosen]")).ToBeEmptyAsync();
    }

    [Fact]
    public async Task Without_scripts_one_file_goes_by_form_and_what_was_typed_stays()
    {
        var project = await server.CreateProjectAsync(cancel);
        await using var visit = await chromium.VisitAsync(server, scripts: false);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync(Links.Publish(project));
        var file = new FilePayload { Name = "a.txt", MimeType = "text/plain", Buffer = "content"u8.ToArray() };
        await page.GetByLabel("Package").FillAsync("app");
        await page.GetByLabel("Version").FillAsync("1 0");
        await page.GetByLabel("File").SetInputFilesAsync(file);
        await page.GetByRole(AriaRole.Button, new() { Name = "Publish", Exact = true }).ClickAsync();
        (await page.Locator("#package_version-about").TextContentAsync()).ShouldBe("Version is invalid. " + GenericNames.VersionRule);
        (await page.Locator("#file-about").TextContentAsync()).ShouldNotBeNull().ShouldStartWith("Choose it again");
        (await page.GetByLabel("Package").InputValueAsync()).ShouldBe("app");
        await page.GetByLabel("Version").FillAsync("1.0");
        await page.GetByLabel("File").SetInputFilesAsync(file);
        await page.GetByRole(AriaRole.Button, new() { Name = "Publish", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "app 1.0" }).WaitForAsync();
        (await page.Locator("td code").First.TextContentAsync()).ShouldBe(Digest("content"));
    }

    [Fact]
    public async Task Packages_are_listed_newest_first_and_found_by_name()
    {
        var project = await server.CreateProjectAsync(cancel);
        foreach (var version in (string[])["1.0", "2.0", "3.0"]) await PublishAsync(project, "app", version, "a.txt");
        await PublishAsync(project, "other", "1.0", "%3Cimg%20src=x%20onerror=alert(1)%3E/a.txt");
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync("/" + project.FullPath);
        (await page.Locator("tbody tr").AllTextContentsAsync()).Select(row => row.Trim()[..3]).ShouldBe(["oth", "app", "app", "app"]);
        await visit.InspectAsync("project");
        await page.GetByLabel("Name contains").FillAsync("AP");
        await page.GetByLabel("Order").SelectOptionAsync(new SelectOptionValue { Label = "version, A to Z" });
        await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
        await visit.ArriveAsync("search=AP");
        await Assertions.Expect(page.Locator("tbody tr td:nth-child(2)")).ToHaveTextAsync(["1.0", "2.0", "3.0"]);
        page.Url.ShouldContain("order=version.asc");
        await page.GotoAsync($"/{project.FullPath}?order_by=created_at&sort=asc");
        await Assertions.Expect(page.GetByLabel("Order")).ToHaveValueAsync("created_at.asc");
        await page.GetByRole(AriaRole.Link, new() { Name = "app" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "app 1.0" }).WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "3.0" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "app 3.0" }).WaitForAsync();

        await page.GotoAsync($"/{project.FullPath}?search=other");
        await page.GetByRole(AriaRole.Link, new() { Name = "other" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "<img src=x onerror=alert(1)>/a.txt", Exact = true }).WaitForAsync();
        (await page.Locator("body img").CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Upload_by_script_needs_session_token_and_right()
    {
        var project = await server.CreateProjectAsync(cancel, visibility: Visibility.Public);
        var user = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(project, user, AccessLevel.Reporter, cancel);
        var address = Links.Publish(project) + "/app/1.0/a.txt";
        using var stranger = new Person(server);
        (await PutAsync(stranger, address, "")).Status.ShouldBe(401);
        using var reporter = new Person(server);
        await reporter.SignInAsync(cancel, ("token", user.Token));
        (await PutAsync(reporter, address, await reporter.FormTokenAsync("/-/groups/new", cancel))).Status.ShouldBe(404);
        using var root = new Person(server);
        await root.SignInAsync(cancel, ("token", LarderServer.RootToken));
        (await PutAsync(root, address, new string('0', 64))).Status.ShouldBe(403);
        var token = await root.FormTokenAsync("/-/groups/new", cancel);
        var refused = await PutAsync(root, Links.Publish(project) + "/a%20b/1.0/a%20b.txt", token);
        refused.Status.ShouldBe(400);
        refused["error"].ShouldBe("file name is invalid. " + GenericNames.FileNameRule);
        refused.Json.GetProperty("fields").GetProperty("package_name").GetString()
            .ShouldBe("should be a valid file path. " + GenericNames.PackageNameRule);
        var done = await PutAsync(root, Links.Publish(project) + "/app/1.0/dir%2Fsub/a.txt", token);
        done.Status.ShouldBe(200);
        done["sha256"].ShouldBe(Digest("content"));
        (await server.ClientFor(LarderServer.RootToken).AskAsync("GET", $"/projects/{project.Id}/packages/generic/app/1.0/dir/sub/a.txt", cancel))
            .Text.ShouldBe("content");
    }

    [Fact]
    public async Task Form_without_token_or_file_publishes_nothing()
    {
        var project = await server.CreateProjectAsync(cancel);
        using var root = new Person(server);
        await root.SignInAsync(cancel, ("token", LarderServer.RootToken));
        var token = await root.FormTokenAsync("/-/groups/new", cancel);
        (await SendAsync(new string('0', 64), "a.txt")).Status.ShouldBe(403);
        (await SendAsync(token, null)).Status.ShouldBe(403);
        (await SendAsync(token, "a.txt", name: new string('x', 5000))).Status.ShouldBe(403);
        (await server.ClientFor(LarderServer.RootToken).AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Text.ShouldBe("[]");
        (await SendAsync(token, "C:\\files\\a.txt")).Status.ShouldBe(303);

        async Task<Answer> SendAsync(string formToken, string? fileName, string name = "app")
        {
            using var form = new MultipartFormDataContent
            {
                { new StringContent(formToken), "form_token" }, { new StringContent(name), "package_name" }, { new StringContent("1.0"), "package_version" },
            };
            if (fileName is not null) form.Add(new StringContent("content"), "file", fileName);
            using var request = new HttpRequestMessage(HttpMethod.Post, Links.Publish(project)) { Content = form };
            return await root.Client.AskAsync(request, cancel);
        }
    }

    [Fact]
    public async Task Visitor_sees_and_downloads_public_packages_and_no_others()
    {
        var open = await server.CreateProjectAsync(cancel, visibility: Visibility.Public);
        var closed = await server.CreateProjectAsync(cancel);
        foreach (var project in (Project[])[open, closed])
        {
            await PublishAsync(project, "app", "1.0", "a.txt");
            var package = (await server.ClientFor(LarderServer.RootToken).AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json[0].GetProperty("id").GetInt64();
            using var visitor = new Person(server);
            var expected = project == open ? 200 : 404;
            var page = await visitor.GetAsync(Links.Package(project, package), cancel);
            page.Status.ShouldBe(expected);
            page.Text.ShouldNotContain("Delete");
            page.Text.ShouldNotContain("by root");
            var file = await visitor.GetAsync($"/-/projects/{project.Id}/packages/{package}/files/{(await FileAsync(project, package))}", cancel);
            file.Status.ShouldBe(expected);
            if (project == open) file.Header("Content-Disposition").ShouldStartWith("attachment");
            if (project == open) file.Header("Content-Security-Policy").ShouldStartWith("sandbox");
            (await visitor.GetAsync(Links.Package(project, package) + "0", cancel)).Status.ShouldBe(404);
            (await visitor.GetAsync($"/{project.FullPath}/-/packages/x", cancel)).Status.ShouldBe(404);
        }
    }

    private async Task<long> FileAsync(Project project, long package) =>
        (await server.ClientFor(LarderServer.RootToken).AskAsync("GET", $"/projects/{project.Id}/packages/{package}/package_files", cancel))
            .Json[0].GetProperty("id").GetInt64();

    private async Task PublishAsync(Project project, string name, string version, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{project.Id}/packages/generic/{name}/{version}/{path}")
        {
            Content = new StringContent("content"),
        };
        (await server.ClientFor(LarderServer.RootToken).AskAsync(request, cancel)).Status.ShouldBe(201);
        server.Time.Advance(TimeSpan.FromSeconds(1));
    }

    private async Task<Answer> PutAsync(Person person, string address, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = new StringContent("content") };
        request.Headers.Add("X-Form-Token", token);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return await person.Client.AskAsync(request, cancel);
    }

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
