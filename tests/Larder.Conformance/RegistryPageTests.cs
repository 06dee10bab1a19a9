using System.Net;
using System.Text.RegularExpressions;
using Larder.Testing;

namespace Larder.Conformance;

/// <summary>Maven builds with what the page of a virtual registry shows, copied as it stands.</summary>
public sealed class RegistryPageTests(Target target)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Settings_from_the_page_build_a_project()
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);
        using var build = new MavenBuild(registry, target.Token);
        build.Write("settings.xml", await FromPageAsync($"/-/virtual_registries/{registry.Split('/')[^1]}", "settings.xml"));
        await build.RunAsync("compile", Token);
        upstream.Requests.ShouldNotBeEmpty();
    }

    /// <summary>Signs in with cookies and a form, as a browser does, and takes the lines of a file from a page.</summary>
    private async Task<string> FromPageAsync(string page, string file)
    {
        using var client = new HttpClient { BaseAddress = new Uri(target.Url) };
        var form = await client.GetStringAsync("/-/sign_in", Token);
        using var fields = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["form_token"] = Regex.Match(form, "name=\"form_token\" value=\"([0-9a-f]+)\"").Groups[1].Value, ["token"] = target.Token, ["return"] = page,
        });
        using var answer = await client.PostAsync("/-/sign_in", fields, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        var lines = Regex.Match(text, $"<pre[^>]* data-file=\"{Regex.Escape(file)}\"><code>(.*?)</code>", RegexOptions.Singleline);
        lines.Success.ShouldBeTrue(text);
        return WebUtility.HtmlDecode(lines.Groups[1].Value);
    }
}
