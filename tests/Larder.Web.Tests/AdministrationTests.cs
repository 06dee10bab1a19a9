using System.IO.Pipelines;
using System.Net;
using System.Text.RegularExpressions;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.Upkeep;
using Larder.Testing;
using Larder.Web.Administration;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>The pages for administrators that only show.</summary>
public sealed class AdministrationTests(Chromium chromium, PageServer fixture) : IClassFixture<PageServer>
{
    private const string Attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'";

    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    [Fact]
    public async Task Nobody_but_administrators_finds_any_of_these_pages()
    {
        var user = await server.CreateUserAsync(cancel);
        using var visitor = new Person(server);
        using var person = new Person(server);
        await person.SignInAsync(cancel, ("token", user.Token));
        using var admin = new Person(server);
        await admin.SignInAsync(cancel, ("token", LarderServer.RootToken));
        foreach (var address in AdminLinks.All.Select(page => page.Address).Append(AdminLinks.Start))
        {
            (await visitor.GetAsync(address, cancel)).Status.ShouldBe(404, address);
            (await person.GetAsync(address, cancel)).Status.ShouldBe(404, address);
            (await admin.GetAsync(address, cancel)).Status.ShouldBe(200, address);
        }
        (await person.GetAsync("/", cancel)).Text.ShouldNotContain(AdminLinks.Start);
        (await admin.GetAsync("/", cancel)).Text.ShouldContain($"href=\"{AdminLinks.Start}\"");
    }

    [Fact]
    public async Task Administrator_looks_at_storage_upkeep_configuration_and_the_audit_log()
    {
        await using var own = await LarderServer.StartAsync(cancel, pages: true);
        var project = await own.CreateProjectAsync(cancel);
        using var root = own.ClientFor(LarderServer.RootToken);
        using var upload = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{project.Id}/packages/generic/app/1.0/a.txt")
        {
            Content = new StringContent(new string('x', 2048)),
        };
        (await root.AskAsync(upload, cancel)).Status.ShouldBe(201);
        await root.AskAsync("PUT", $"/projects/{project.Id}", cancel, new { description = Attack });

        await using var visit = await chromium.VisitAsync(own);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GetByRole(AriaRole.Link, new() { Name = "Administration" }).ClickAsync();
        await page.GetByText("with its rows in SQLite and its bytes in the data directory").WaitForAsync();
        await visit.InspectAsync("admin");

        var tabs = page.GetByRole(AriaRole.Navigation, new() { Name = "Administration" });
        await tabs.GetByRole(AriaRole.Link, new() { Name = "Storage" }).ClickAsync();
        await page.GetByText("Nothing has been counted yet").WaitForAsync();
        await own.Get<LeaseStore>().TryTakeAsync(own.Get<StorageUsage>(), cancel);
        await page.ReloadAsync();
        await page.GetByText("for the first time at 2026-01-02 04:04 UTC or a little later").WaitForAsync();
        await own.Get<StorageUsage>().RunAsync(cancel);
        await page.ReloadAsync();
        (await page.Locator("main table").First.TextContentAsync()).ShouldNotBeNull().ShouldContain("2.0 KiB");
        await page.GetByRole(AriaRole.Link, new() { Name = project.FullPath.Split('/')[0] }).WaitForAsync();
        await visit.InspectAsync("admin-storage");

        var runs = own.Get<UpkeepRuns>();
        await runs.EndAsync(await runs.BeginAsync(Attack, cancel), UpkeepOutcome.Failed, Attack, cancel);
        await tabs.GetByRole(AriaRole.Link, new() { Name = "Upkeep" }).ClickAsync();
        (await page.Locator("td.error").TextContentAsync()).ShouldNotBeNull().Trim().ShouldBe("failed: " + Attack);
        (await page.Locator("body img, body script").CountAsync()).ShouldBe(0);
        await Assertions.Expect(page.GetByRole(AriaRole.Row, new() { Name = "storage_usage" })).ToContainTextAsync("Counts what packages, caches and uploads take up");
        await visit.InspectAsync("admin-upkeep");

        await tabs.GetByRole(AriaRole.Link, new() { Name = "Configuration" }).ClickAsync();
        await page.GetByText("Larder__InitialRootToken").WaitForAsync();
        (await page.ContentAsync()).ShouldNotContain(LarderServer.RootToken);
        await visit.InspectAsync("admin-configuration");

        await tabs.GetByRole(AriaRole.Link, new() { Name = "Audit log" }).ClickAsync();
        (await page.Locator("body img, body script").CountAsync()).ShouldBe(0);
        (await page.Locator("tbody tr").CountAsync()).ShouldBe(2);
        await page.GetByLabel("What").FillAsync("package_file_published");
        await page.GetByLabel("Where").FillAsync(project.FullPath);
        await page.GetByLabel("From").FillAsync("2026-01-02");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
        await visit.ArriveAsync("what=package_file_published");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await visit.InspectAsync("admin-audit");
        await page.GetByLabel("Who", new() { Exact = true }).FillAsync("somebody");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Nothing like it").WaitForAsync();
    }

    [Fact]
    public async Task Audit_log_goes_back_page_by_page_and_knows_days()
    {
        var log = server.Get<AuditLog>();
        var path = server.NewName("place");
        for (var i = 0; i < 120; i++)
        {
            await log.AddAsync(new AuditEvent
            {
                EventName = "test", AuthorName = "tester", EntityType = EntityTypes.Project, EntityPath = path, Target = $"event {i}.",
            });
        }
        using var root = new Person(server);
        await root.SignInAsync(cancel, ("token", LarderServer.RootToken));
        var (address, seen, pages) = ($"{AdminLinks.Audit}?where={path}&who=tester", new List<string>(), 0);
        while (address is not null)
        {
            var page = await new AngleSharp.Html.Parser.HtmlParser().ParseDocumentAsync((await root.GetAsync(address, cancel)).Text, cancel);
            seen.AddRange(page.QuerySelectorAll("tbody td:nth-child(3) small").Select(cell => cell.TextContent.Trim()));
            address = page.QuerySelector("a[rel=next]")?.GetAttribute("href");
            pages++;
        }
        pages.ShouldBe(3);
        seen.ShouldBe(Enumerable.Range(0, 120).Reverse().Select(i => $"event {i}."));
        (await root.GetAsync($"{AdminLinks.Audit}?where={path}&to=2025-12-31", cancel)).Text.ShouldContain("Nothing like it");
        (await root.GetAsync($"{AdminLinks.Audit}?where={path}&from=nonsense&to=9999-12-31&before=x", cancel)).Text.ShouldContain("event 119.");
        (await root.GetAsync($"{AdminLinks.Audit}?who={Uri.EscapeDataString(Attack)}&what=%00&where={Uri.EscapeDataString(Attack)}", cancel))
            .Text.ShouldNotContain("<img");
    }

    [Fact]
    public async Task Audit_log_suggests_every_event_that_there_may_be()
    {
        using var root = new Person(server);
        await root.SignInAsync(cancel, ("token", LarderServer.RootToken));
        var page = await new AngleSharp.Html.Parser.HtmlParser().ParseDocumentAsync((await root.GetAsync(AdminLinks.Audit, cancel)).Text, cancel);
        var names = page.QuerySelectorAll("#events option").Select(option => option.GetAttribute("value")!).ToList();
        // Of calls, of what upkeep does, of what is written with its row, of signing in.
        foreach (var name in (string[])["project_created", "packages_cleaned_up", "package_file_published", "user_sign_in_refused"]) names.ShouldContain(name);
        names.ShouldBe(names.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Running_uploads_are_shown_with_their_progress()
    {
        var project = await server.CreateProjectAsync(cancel);
        using var client = server.ClientFor(LarderServer.RootToken);
        var (known, unknown) = (new Pipe(), new Pipe());
        var first = PutAsync(known, "known.bin", 4 << 20);
        var second = PutAsync(unknown, "unknown.bin", null);
        await known.Writer.WriteAsync(new byte[1 << 20], cancel);
        await unknown.Writer.WriteAsync(new byte[1 << 20], cancel);

        // The client keeps a rest of what it is given for its next packet.
        await Eventually.UntilAsync(() => server.Get<RunningUploads>().Snapshot().Count(upload => upload.Bytes > 900_000) == 2);

        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await page.GotoAsync(AdminLinks.Downloads);
        var rows = page.GetByRole(AriaRole.Region, new() { Name = "Running uploads" }).Locator("tbody tr");
        var row = rows.Filter(new() { HasText = $"{project.FullPath}: app/1.0/known.bin" });
        (await row.TextContentAsync()).ShouldNotBeNull().ShouldContain("root");
        await Assertions.Expect(row).ToContainTextAsync(new Regex(@" of 4\.0 MiB\s+\(2[1-5] %\)"));
        (await rows.Filter(new() { HasText = "unknown.bin" }).Locator("progress").CountAsync()).ShouldBe(0);
        await visit.InspectAsync("admin-uploads");
        await known.Writer.WriteAsync(new byte[3 << 20], cancel);
        await known.Writer.CompleteAsync();
        await unknown.Writer.CompleteAsync();
        (await first).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await second).StatusCode.ShouldBe(HttpStatusCode.Created);
        await page.GetByRole(AriaRole.Link, new() { Name = "Look again" }).ClickAsync();
        await page.GetByText("Nothing is arriving.").WaitForAsync();

        Task<HttpResponseMessage> PutAsync(Pipe body, string file, long? length)
        {
            var content = new StreamContent(body.Reader.AsStream());
            content.Headers.ContentLength = length;
            return client.PutAsync($"/api/v4/projects/{project.Id}/packages/generic/app/1.0/{file}", content, cancel);
        }
    }

    [Fact]
    public async Task Running_downloads_are_shown_with_their_progress()
    {
        await using var upstream = new ScriptedUpstream();
        var release = new TaskCompletionSource();
        upstream.On("/org/acme/big/1.0/big-1.0.jar", async (_, answer) =>
        {
            await answer.HeadAsync(200, ("Content-Length", "4194304"));
            await answer.BodyAsync(new byte[(1 << 20) + 1]); // the last byte of what has arrived is not shown
            await release.Task;
            await answer.BodyAsync(new byte[(3 << 20) - 1]);
        });
        var group = await server.CreateGroupAsync(cancel);
        server.Upstreams.Map("progress.example", "203.0.113.9", upstream.Port);
        using var client = server.ClientFor(LarderServer.RootToken);
        var registry = await client.AskAsync("POST", $"/groups/{group.Id}/-/virtual_registries/packages/maven/registries", cancel, new { name = "all" });
        (await client.AskAsync("POST", $"/virtual_registries/packages/maven/registries/{registry["id"]}/upstreams", cancel,
            new { url = "http://progress.example", name = Attack })).Status.ShouldBe(201);
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"/api/v4/virtual_registries/packages/maven/{registry["id"]}/org/acme/big/1.0/big-1.0.jar");
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        var buffer = new byte[1000];
        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        await body.ReadExactlyAsync(buffer, cancel);

        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);
        await Eventually.UntilAsync(async () =>
        {
            await page.GotoAsync(AdminLinks.Downloads);
            return (await page.ContentAsync()).Contains("value=\"1048576\"", StringComparison.Ordinal);
        });
        (await page.Locator("tbody").TextContentAsync()).ShouldNotBeNull().ShouldContain(Attack);
        (await page.Locator("body img, body script").CountAsync()).ShouldBe(0);
        await visit.InspectAsync("admin-downloads");
        release.SetResult();
        await body.CopyToAsync(Stream.Null, cancel);
        await Eventually.UntilAsync(async () =>
        {
            await page.GetByRole(AriaRole.Link, new() { Name = "Look again" }).ClickAsync();
            return await page.GetByText("Nothing just now.").CountAsync() == 1;
        });
    }
}
