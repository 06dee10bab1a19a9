using System.Net;
using System.Xml.Linq;
using Larder.Registry.Access;
using Larder.Testing;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>What the README says to somebody who has never seen Larder, from a fresh server to a build: by clicking alone.</summary>
public sealed class NewcomerTests(Chromium chromium)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Newcomer_signs_in_publishes_by_dropping_and_gets_the_settings_of_Maven_without_leaving_the_pages()
    {
        await using var server = await LarderServer.StartAsync(Token, pages: true);
        await using var upstream = new ScriptedUpstream();
        upstream.File("/org/acme/tool/1.0/tool-1.0.jar", "bytes"u8.ToArray());
        server.Upstreams.Map("repo.example.com", "203.0.113.9", upstream.Port);
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(LarderServer.RootToken);

        await FollowAsync(page, "New group");
        await page.GetByLabel("Name").FillAsync("Acme");
        await page.GetByLabel("Path").FillAsync("acme");
        await PressAsync(page, "Create the group");
        await FollowAsync(page, "New project here");
        await page.GetByLabel("Name").FillAsync("Tools");
        await page.GetByLabel("Path").FillAsync("tools");
        await PressAsync(page, "Create the project");

        await PressAsync(page, "Publish files");
        await page.GetByLabel("Package").FillAsync("greeting");
        await page.GetByLabel("Version").FillAsync("1.0.0");
        var zone = await page.Locator(".drop").ElementHandleAsync();
        await page.EvaluateAsync(DroppedFiles.Script, new object[] { zone, new[] { new[] { "hello.txt", "hello\n" }, ["greeting.zip", "not really"] } });
        await PressAsync(page, "Publish");
        await page.GetByText("2 of 2 files published").WaitForAsync();
        await FollowAsync(page, "Look at the package");
        await page.GetByRole(AriaRole.Heading, new() { Name = "greeting 1.0.0" }).WaitForAsync();
        await visit.InspectAsync("newcomer-package");

        await page.GotoAsync("/acme");
        await FollowAsync(page, "Virtual registries");
        await PressAsync(page, "New virtual registry");
        await page.GetByLabel("Name").FillAsync("Maven");
        await PressAsync(page, "Create the registry");
        await PressAsync(page, "New upstream");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Acme's own");
        await page.GetByLabel("Address").FillAsync("http://repo.example.com");
        await PressAsync(page, "Test the connection");
        await page.GetByText("Reachable").First.WaitForAsync();
        await PressAsync(page, "Create the upstream");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Use it" }).WaitForAsync();
        await visit.InspectAsync("newcomer-registry");

        var shown = XDocument.Parse((await page.Locator("pre[data-file='settings.xml']").TextContentAsync())!);
        var url = shown.Descendants(shown.Root!.Name.Namespace + "url").Single().Value;
        var header = shown.Descendants(shown.Root!.Name.Namespace + "property").Single().Elements().First().Value;
        using var maven = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, url + "/org/acme/tool/1.0/tool-1.0.jar");
        request.Headers.Add(header, LarderServer.RootToken);
        using var answer = await maven.SendAsync(request, Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Tools" }).First.WaitForAsync();
        await visit.InspectAsync("newcomer-home");
    }

    private static Task FollowAsync(IPage page, string name) => page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).First.ClickAsync();

    private static Task PressAsync(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();
}
