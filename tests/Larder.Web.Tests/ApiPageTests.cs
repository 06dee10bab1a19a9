using Larder.Testing;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>The page that shows the description of the API.</summary>
public sealed class ApiPageTests(Chromium chromium)
{
    [Fact]
    public async Task Page_shows_the_calls_under_a_policy_that_allows_its_own_scripts_alone()
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        using var first = await client.GetAsync("/-/api/", token);
        using var second = await client.GetAsync("/-/api/", token);
        var policy = string.Join(' ', first.Headers.GetValues("Content-Security-Policy"));
        policy.ShouldStartWith("default-src 'none'; script-src 'nonce-");
        policy.ShouldNotBe(string.Join(' ', second.Headers.GetValues("Content-Security-Policy")));

        // At its end no script has complained, none was refused, and nothing came from elsewhere.
        await using var visit = await chromium.VisitAsync(new Uri(server.Url));
        await visit.Page.GotoAsync("/-/api/");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Open Group - Audit events" })
            .WaitForAsync(new() { Timeout = 120_000 }); // three megabytes of script on a busy machine
    }
}
