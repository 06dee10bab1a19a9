using Larder.Registry.Access;
using Larder.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>Forms that are sent after the session has ended: one signs in and is where the form was.</summary>
public sealed class ReturningTests(Chromium chromium, PageServer fixture) : IClassFixture<PageServer>
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    private IEnumerable<RouteEndpoint> Pages => server.Services.GetRequiredService<IEnumerable<EndpointDataSource>>()
        .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        .Where(route => route.Metadata.GetMetadata<RequiredPermission>() is null && route.RoutePattern.RawText!.StartsWith("/-/", StringComparison.Ordinal)
            && route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("POST"));

    [Fact]
    public async Task Every_form_leads_from_signing_in_to_a_page_that_can_be_loaded()
    {
        using var nobody = new Person(server);
        using var root = new Person(server);
        await root.SignInAsync(cancel, ("token", LarderServer.RootToken));
        var walked = 0;
        foreach (var route in Pages.Where(route => route.RoutePattern.RawText is not (Links.SignIn or Links.SignOut)))
        {
            var path = "/" + string.Join('/', route.RoutePattern.PathSegments.Select(segment =>
                segment.Parts[0] is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal ? literal.Content : "1"));
            var loads = (await root.GetAsync(path, cancel)).Status != 405;
            (await BackAsync(nobody, path, $"{server.BaseAddress}acme/tools?page=2")).ShouldBe(loads ? path : "/acme/tools?page=2", path);
            (await BackAsync(nobody, path, null)).ShouldBe(loads ? path : "/", path);
            (await BackAsync(nobody, path, $"{server.BaseAddress.ToString().TrimEnd('/')}{path}")).ShouldBe(loads ? path : "/", path);
            (await BackAsync(nobody, path, "https://evil.example/acme/tools")).ShouldBe(loads ? path : "/", path);
            walked++;
        }
        walked.ShouldBeGreaterThan(5);
    }

    [Fact]
    public async Task Whoever_deletes_too_late_is_back_at_the_package()
    {
        await using var own = await LarderServer.StartAsync(cancel, pages: true);
        var project = await own.CreateProjectAsync(cancel);
        var root = own.ClientFor(LarderServer.RootToken);
        (await root.AskAsync("PUT", $"/projects/{project.Id}/packages/generic/app/1.0/a.txt", cancel, new { a = 1 })).Status.ShouldBe(201);
        var id = (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json[0].GetProperty("id").ToString();
        await using var visit = await chromium.VisitAsync(own);
        await visit.SignInAsync(LarderServer.RootToken);
        await visit.Page.GotoAsync($"/{project.FullPath}/-/packages/{id}");
        await visit.Page.GetByText("Delete this package").ClickAsync();
        own.Time.Advance(SessionStore.Idle);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "for good" }).ClickAsync();
        await visit.Page.GetByLabel("Access token").FillAsync(LarderServer.RootToken);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in with the token" }).ClickAsync();
        (await visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).TextContentAsync()).ShouldBe("app 1.0");
        new Uri(visit.Page.Url).AbsolutePath.ShouldBe($"/{project.FullPath}/-/packages/{id}");
    }

    private async Task<string> BackAsync(Person person, string path, string? from)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent([new("do", "x")]) };
        if (from is not null) request.Headers.Referrer = new Uri(from);
        var answer = await person.Client.AskAsync(request, cancel);
        answer.Status.ShouldBe(303, path);
        const string begin = "/-/sign_in?return=";
        answer.Header("Location").ShouldStartWith(begin);
        return Uri.UnescapeDataString(answer.Header("Location")[begin.Length..]);
    }
}
