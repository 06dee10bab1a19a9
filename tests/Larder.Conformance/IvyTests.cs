using System.Net;
using System.Text.RegularExpressions;
using Larder.Testing;

namespace Larder.Conformance;

/// <summary>Ivy, from Debian, and what sbt shares with it: it sends credentials to one realm only.</summary>
public sealed class IvyTests(Target target)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dependency_resolves_cold_and_again_with_the_upstream_switched_off()
    {
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);
        await ResolveAsync(registry);
        upstream.Requests.ShouldNotBeEmpty();

        await upstream.StopAsync();
        await ResolveAsync(registry);
    }

    [Fact]
    public async Task Realm_of_the_challenge_is_the_one_that_sbt_is_told_to_answer()
    {
        var registry = await target.CreateRegistryAsync(Token, Array.Empty<string>());
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(registry + "/org/acme/lib/1.0/lib-1.0.jar"), Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var realm = Regex.Match(ClientPage.Example("sbt.md", "sbt"), "Credentials\\(\\s*\"([^\"]*)\"").Groups[1].Value;
        answer.Headers.WwwAuthenticate.ToString().ShouldBe($"Basic realm=\"{realm}\"");
    }

    private async Task ResolveAsync(string registry)
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["ivysettings.xml"], ClientPage.ForRegistry("ivy.md", "ivy", registry), Token);
        await Command.RunAsync("java", ["-jar", "/usr/share/java/ivy.jar", "-settings", "ivysettings.xml", "-cache", folder["cache"],
            "-dependency", "org.apache.commons", "commons-lang3", "debian", "-retrieve", "lib/[artifact].[ext]"], Token, folder.Path,
            new Dictionary<string, string> { ["LARDER_USER"] = "root", ["LARDER_TOKEN"] = target.Token });
        File.Exists(folder["lib/commons-lang3.jar"]).ShouldBeTrue();
    }
}
