using AngleSharp.Html.Parser;
using Larder.Testing;

namespace Larder.Web.Tests;

public sealed class StartPageTests
{
    [Fact]
    public async Task Start_page_shows_the_address_that_the_browser_used()
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient();

        var page = await new HtmlParser().ParseDocumentAsync(await client.GetStringAsync(new Uri(server.Url), token), token);

        page.Title.ShouldBe("Larder");
        page.DocumentElement.GetAttribute("lang").ShouldBe("en");
        page.QuerySelectorAll("pre").Length.ShouldBe(1);
        page.QuerySelectorAll("pre").ShouldAllBe(block => block.TextContent.Contains(server.Url + "/api/v4/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task External_url_takes_the_place_of_the_address()
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = await ServerProcess.StartAsync(new Dictionary<string, string> { ["Larder__ExternalUrl"] = "https://packages.example/" });
        using var client = new HttpClient();
        (await client.GetStringAsync(new Uri(server.Url), token)).ShouldContain("https://packages.example/api/v4/projects/");
    }
}
