using Larder.Testing;

namespace Larder.Conformance;

/// <summary>The examples of <c>docs/clients/tokens.md</c>: each token does what the page says, and no more.</summary>
public sealed class TokenPageTests(Target target) : IAsyncLifetime
{
    private readonly TemporaryDirectory folder = new();
    private string project = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string FileUrl => $"{target.Api}/projects/{Uri.EscapeDataString(project)}/packages/generic/app/1.0.0/app.txt";

    private string PackagesUrl => $"{target.Api}/projects/{Uri.EscapeDataString(project)}/packages";

    public async ValueTask InitializeAsync()
    {
        project = await target.CreateProjectPathAsync(Token);
        await File.WriteAllTextAsync(folder["app.txt"], "text", Token);
    }

    public ValueTask DisposeAsync()
    {
        folder.Dispose();
        return default;
    }

    [Fact]
    public async Task Publisher_publishes_and_lists_nothing()
    {
        var token = await MakeAsync("tokens-publish");
        (await CurlAsync(FileUrl, "--header", "DEPLOY-TOKEN: " + token, "--upload-file", "app.txt")).ShouldBe("201");
        (await CurlAsync(FileUrl, "--user", "any:" + token)).ShouldBe("200");
        (await CurlAsync(PackagesUrl, "--header", "DEPLOY-TOKEN: " + token)).ShouldBe("404");
    }

    [Fact]
    public async Task Builder_reads_the_virtual_registry_and_no_packages()
    {
        await using var upstream = new ScriptedUpstream();
        upstream.File("/org/acme/lib/1.0/lib-1.0.jar", "jar"u8.ToArray());
        var jar = await target.CreateRegistryInAsync(project.Split('/')[0], upstream.Url, Token) + "/org/acme/lib/1.0/lib-1.0.jar";
        var token = await MakeAsync("tokens-build");
        (await CurlAsync(jar, "--header", "Deploy-Token: " + token)).ShouldBe("200");
        (await CurlAsync(jar, "--user", "any:" + token)).ShouldBe("401");
        (await CurlAsync(FileUrl, "--header", "DEPLOY-TOKEN: " + token, "--upload-file", "app.txt")).ShouldBe("404");
    }

    [Fact]
    public async Task Job_publishes_and_lists()
    {
        var token = await MakeAsync("tokens-job");
        (await CurlAsync(FileUrl, "--header", "JOB-TOKEN: " + token, "--upload-file", "app.txt")).ShouldBe("201");
        (await CurlAsync(FileUrl, "--user", "gitlab-ci-token:" + token)).ShouldBe("200");
        (await CurlAsync(FileUrl, "--user", "any:" + token)).ShouldBe("401");
        (await CurlAsync(PackagesUrl, "--header", "JOB-TOKEN: " + token)).ShouldBe("200");
    }

    [Fact]
    public async Task Reader_lists_and_does_not_publish()
    {
        var token = await MakeAsync("tokens-personal");
        (await CurlAsync(PackagesUrl, "--header", "PRIVATE-TOKEN: " + token)).ShouldBe("200");
        (await CurlAsync(FileUrl, "--header", "PRIVATE-TOKEN: " + token, "--upload-file", "app.txt")).ShouldBe("403");
    }

    private async Task<string> MakeAsync(string example)
    {
        var script = ClientPage.ForProject("tokens.md", example, target.Url, project);
        return (await Command.RunAsync("bash", ["-euo", "pipefail", "-c", script], Token, folder.Path,
            new Dictionary<string, string> { ["LARDER_TOKEN"] = target.Token })).Trim();
    }

    private Task<string> CurlAsync(string url, params string[] arguments) => Command.RunAsync(
        "curl", ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", .. arguments, url], Token, folder.Path);
}
