using System.Text.Json;
using Larder.Testing;

namespace Larder.Conformance;

/// <summary>The examples of <c>docs/clients/generic.md</c>, in their order.</summary>
public sealed class GenericPageTests(Target target) : IAsyncLifetime
{
    private readonly TemporaryDirectory folder = new();
    private string project = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        project = await target.CreateProjectPathAsync(Token);
        await File.WriteAllBytesAsync(folder["app.zip"], Content, Token);
    }

    public ValueTask DisposeAsync()
    {
        folder.Dispose();
        return default;
    }

    [Theory]
    [InlineData("curl-publish")]
    [InlineData("curl-digest")]
    [InlineData("curl-netrc")]
    [InlineData("curl-resume")]
    public async Task Curl_publishes_and_fetches_where_it_broke_off(string publish)
    {
        await BashAsync(publish);
        await File.WriteAllBytesAsync(folder["app.zip"], Content[..1000], Token);
        await BashAsync("curl-fetch");
        (await File.ReadAllBytesAsync(folder["app.zip"], Token)).ShouldBe(Content);
    }

    [Fact]
    public async Task Curl_publishes_a_folder_and_fetches_everything_with_its_structure()
    {
        string[] files = ["readme.txt", "docs/index.html", "docs/a+b/deep/er.txt"];
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder["build/" + file])!);
            await File.WriteAllTextAsync(folder["build/" + file], "text of " + file, Token);
        }
        await BashAsync("curl-folder");
        await BashAsync("curl-everything");
        FetchedShouldBe(files);
        Directory.Delete(folder["fetched"], recursive: true);
        await BashAsync("curl-archive");
        FetchedShouldBe(files);
    }

    [Fact]
    public async Task Curl_fetches_the_latest_without_its_number()
    {
        await BashAsync("curl-publish");
        File.Delete(folder["app.zip"]);
        await BashAsync("curl-latest");
        (await File.ReadAllBytesAsync(folder["app.zip"], Token)).ShouldBe(Content);
    }

    [Fact]
    public async Task Tus_client_publishes_in_parts()
    {
        NpmClients.LinkInto(folder);
        await File.WriteAllTextAsync(folder["example.mjs"], Example("tus").Replace("64 * 1024 * 1024", "100_000", StringComparison.Ordinal), Token);
        await RunAsync("node", "example.mjs");
        File.Delete(folder["app.zip"]);
        await BashAsync("curl-fetch");
        (await File.ReadAllBytesAsync(folder["app.zip"], Token)).ShouldBe(Content);
    }

    private void FetchedShouldBe(string[] files)
    {
        foreach (var file in files) File.ReadAllText(folder["fetched/" + file]).ShouldBe("text of " + file);
        Directory.GetFiles(folder["fetched"], "*", SearchOption.AllDirectories).Length.ShouldBe(files.Length);
    }

    [Fact]
    public async Task Gradle_fetches_one_file()
    {
        await BashAsync("curl-publish");
        await File.WriteAllTextAsync(folder["build.gradle"], Example("gradle-fetch"), Token);
        await Command.RunAsync("gradle", ["--no-daemon", "--quiet", "--gradle-user-home", folder["home"], "fetchFromLarder"], Token, folder.Path,
            new Dictionary<string, string> { ["LARDER_TOKEN"] = target.Token, ["GRADLE_OPTS"] = ProjectFiles.QuickStart });
        (await File.ReadAllBytesAsync(folder["build/larder/app.zip"], Token)).ShouldBe(Content);
    }

    [Fact]
    public async Task Python_gitlab_publishes_and_fetches()
    {
        await File.WriteAllTextAsync(folder["example.py"], Example("python"), Token);
        (await RunAsync("/usr/bin/python3", "example.py")).Trim().ShouldBe("app 1.0.0");
        (await File.ReadAllBytesAsync(folder["fetched.zip"], Token)).ShouldBe(Content);
    }

    [Fact]
    public async Task Gitbeaker_publishes_and_fetches_the_file_and_not_the_form_around_it()
    {
        NpmClients.LinkInto(folder);
        await File.WriteAllTextAsync(folder["example.mjs"], Example("gitbeaker"), Token);
        (await RunAsync("node", "example.mjs")).Trim().ShouldBe("app 1.0.0");
        (await File.ReadAllBytesAsync(folder["fetched.zip"], Token)).ShouldBe(Content);
    }

    [Fact]
    public async Task Semantic_release_publishes_its_assets_and_links_them_in_a_release()
    {
        await using var gitlab = new ScriptedUpstream();
        gitlab.Otherwise((_, answer) => answer.HeadAsync(201, ("Content-Length", "0")));
        var front = Example("semantic-release-nginx")
            .Replace("https://gitlab.example.com", gitlab.Url, StringComparison.Ordinal)
            .Replace("http://127.0.0.1:8080", target.Url, StringComparison.Ordinal);
        await using var proxy = await NginxServer.StartWithAsync(front);
        NpmClients.LinkInto(folder);
        await File.WriteAllTextAsync(folder[".releaserc.json"], ClientPage.ForProject("generic.md", "semantic-release", proxy.Url, project), Token);
        await RunAsync("bash", "-euc", """
            git init --quiet --bare --initial-branch main remote.git
            git init --quiet --initial-branch main
            git add app.zip .releaserc.json
            git -c user.name=me -c user.email=me@example.com commit --quiet --message "feat: an app"
            git push --quiet ./remote.git main
            """);

        var log = await RunAsync("env", "-i", "PATH=/usr/bin:/bin", $"HOME={folder.Path}", "GITLAB_CI=true", "CI_COMMIT_REF_NAME=main",
            $"CI_PROJECT_PATH={project}", $"CI_PROJECT_URL={proxy.Url}/{project}", $"GITLAB_TOKEN={target.Token}",
            "node", "node_modules/semantic-release/bin/semantic-release.js", "--repository-url", $"file://{folder["remote.git"]}");

        var release = gitlab.Requests.ShouldHaveSingleItem();
        (release.Method, release.Path).ShouldBe(("POST", $"/api/v4/projects/{Uri.EscapeDataString(project)}/releases"));
        var link = JsonDocument.Parse(release.Body).RootElement.GetProperty("assets").GetProperty("links")[0].GetProperty("url").GetString()!;
        link.ShouldEndWith("/packages/generic/release/1.0.0/app.zip");
        log.ShouldContain($"({proxy.Url}/"); // the URL in Larder's answer
        await RunAsync("curl", "--fail", "--silent", "--header", "PRIVATE-TOKEN: " + target.Token, "--output", "fetched.zip", link);
        (await File.ReadAllBytesAsync(folder["fetched.zip"], Token)).ShouldBe(Content);
    }

    private static byte[] Content { get; } = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7 % 251))];

    private string Example(string name) => ClientPage.ForProject("generic.md", name, target.Url, project);

    private Task<string> BashAsync(string name) => RunAsync("bash", "-euo", "pipefail", "-c", Example(name));

    private Task<string> RunAsync(string program, params string[] arguments) => Command.RunAsync(program, arguments, Token, folder.Path,
        new Dictionary<string, string> { ["LARDER_TOKEN"] = target.Token, ["HOME"] = folder.Path });
}
