using System.Globalization;
using Larder.Testing;

namespace Larder.Conformance;

/// <summary>curl, as scripts and CI jobs use it.</summary>
public sealed class CurlTests(Target target)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Published_file_comes_back_byte_for_byte()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllBytesAsync(folder["in"], Content(3_000_000), Token);
        var url = await FileUrlAsync("app/1.0.0/app.zip");
        (await StatusAsync(url, "--upload-file", folder["in"], "--header", Header)).ShouldBe(201);
        (await StatusAsync(url, "--header", Header, "--output", folder["out"])).ShouldBe(200);
        (await File.ReadAllBytesAsync(folder["out"], Token)).ShouldBe(Content(3_000_000));
    }

    [Fact]
    public async Task Upload_that_waits_for_100_continue_arrives()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllBytesAsync(folder["in"], Content(20_000_000), Token);
        var trace = await Command.TryRunAsync("curl", ["-sv", "--upload-file", folder["in"], "--header", Header,
            "--header", "Expect: 100-continue", "--expect100-timeout", "30", await FileUrlAsync("app/1.0.0/large.bin")], Token);
        trace.Errors.ShouldContain("HTTP/1.1 100 Continue");
        trace.Errors.ShouldContain("HTTP/1.1 201 Created");
    }

    [Theory]
    [InlineData("whoever")]
    [InlineData("root")]
    public async Task Token_as_password_works_whatever_the_user_name(string user)
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["in"], "text", Token);
        var url = await FileUrlAsync("app/1.0.0/a.txt");
        (await StatusAsync(url, "--upload-file", folder["in"], "--user", $"{user}:{target.Token}")).ShouldBe(201);
        (await StatusAsync(url, "--user", $"{user}:{target.Token}")).ShouldBe(200);
    }

    [Fact]
    public async Task Deploy_token_publishes_and_fetches_in_its_header_and_as_a_password()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["in"], "text", Token);
        var project = await target.CreateProjectAsync(Token);
        var token = await target.CreateDeployTokenAsync(project, Token);
        var url = $"{target.Api}/projects/{project}/packages/generic/app/1.0.0/a.txt";
        (await StatusAsync(url, "--upload-file", folder["in"], "--header", "DEPLOY-TOKEN: " + token)).ShouldBe(201);
        (await StatusAsync(url, "--user", "whoever:" + token)).ShouldBe(200);
    }

    [Fact]
    public async Task Credentials_of_a_netrc_are_asked_for()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["in"], "text", Token);
        await File.WriteAllTextAsync(folder["netrc"], $"machine {new Uri(target.Url).Host} login me password {target.Token}\n", Token);
        var url = await FileUrlAsync("app/1.0.0/a.txt");
        (await StatusAsync(url, "--upload-file", folder["in"], "--netrc-file", folder["netrc"])).ShouldBe(201);
        (await StatusAsync(url, "--netrc-file", folder["netrc"], "--anyauth")).ShouldBe(200);
        (await StatusAsync(url)).ShouldBe(401);
    }

    [Fact]
    public async Task Upload_repeats_itself_after_the_challenge()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllBytesAsync(folder["in"], Content(3_000_000), Token);
        var url = await FileUrlAsync("app/1.0.0/a.bin");
        (await StatusAsync(url, "--upload-file", folder["in"], "--anyauth", "--user", "root:" + target.Token)).ShouldBe(201);
        (await StatusAsync(url, "--header", Header, "--output", folder["out"])).ShouldBe(200);
        (await File.ReadAllBytesAsync(folder["out"], Token)).ShouldBe(Content(3_000_000));
    }

    [Fact]
    public async Task Dots_and_slashes_arrive_encoded_from_the_Go_client()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["in"], "from Go", Token);
        // glab, goreleaser, Terraform: each dot is %2E and each slash is %2F, in the project's path too.
        var path = (await target.CreateProjectPathAsync(Token, "tools.go")).Replace("/", "%2F", StringComparison.Ordinal).Replace(".", "%2E", StringComparison.Ordinal);
        var url = $"{target.Api}/projects/{path}/packages/generic/go%2Eapp/1%2E0%2E0/app%2Ezip";
        (await StatusAsync(url + "?select=package_file", "--path-as-is", "--upload-file", folder["in"], "--header", Header)).ShouldBe(200);
        (await Command.RunAsync("curl", ["-sf", "--path-as-is", "--header", Header, url], Token)).ShouldBe("from Go");
        var nested = $"{target.Api}/projects/{path}/packages/generic/go%2Eapp/1%2E0%2E0/docs%2Fread%2Eme%2Etxt";
        (await StatusAsync(nested, "--path-as-is", "--upload-file", folder["in"], "--header", Header)).ShouldBe(201);
        (await Command.RunAsync("curl", ["-sf", "--header", Header, nested.Replace("%2E", ".", StringComparison.Ordinal).Replace("docs%2F", "docs/", StringComparison.Ordinal)], Token))
            .ShouldBe("from Go");
    }

    [Fact]
    public async Task Directory_tree_keeps_its_structure()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["in"], "nested", Token);
        var url = await FileUrlAsync("app/1.0.0/docs/a+b/read me.txt".Replace(" ", "%20", StringComparison.Ordinal));
        (await StatusAsync(url, "--upload-file", folder["in"], "--header", Header)).ShouldBe(400); // a space in a file name is refused
        url = await FileUrlAsync("app/1.0.0/docs/a+b%20c/readme.txt");
        (await StatusAsync(url, "--upload-file", folder["in"], "--header", Header)).ShouldBe(201);
        (await Command.RunAsync("curl", ["-sf", "--header", Header, url], Token)).ShouldBe("nested");
    }

    [Fact]
    public async Task Transfer_can_be_resumed()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllBytesAsync(folder["in"], Content(1000), Token);
        var url = await FileUrlAsync("app/1.0.0/app.zip");
        await StatusAsync(url, "--upload-file", folder["in"], "--header", Header);
        await File.WriteAllBytesAsync(folder["out"], Content(1000)[..400], Token);
        (await StatusAsync(url, "--header", Header, "--continue-at", "-", "--output", folder["out"])).ShouldBe(206);
        (await File.ReadAllBytesAsync(folder["out"], Token)).ShouldBe(Content(1000));
    }

    [Fact]
    public async Task Upload_can_be_resumed_with_tus()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllBytesAsync(folder["first"], Content(1000)[..400], Token);
        await File.WriteAllBytesAsync(folder["rest"], Content(1000)[400..], Token);
        var url = await FileUrlAsync("app/1.0.0/app.zip");
        string[] tus = ["-sf", "--header", Header, "--header", "Tus-Resumable: 1.0.0"];
        var created = await Command.RunAsync("curl", [.. tus, "--include", "--request", "POST", "--header", "Upload-Length: 1000", url], Token);
        var upload = created.Split('\n').Single(line => line.StartsWith("Location: ", StringComparison.OrdinalIgnoreCase))["Location: ".Length..].Trim();
        await PatchAsync(0, "first");
        (await Command.RunAsync("curl", [.. tus, "--head", upload], Token)).ShouldContain("Upload-Offset: 400", Case.Insensitive);
        await PatchAsync(400, "rest");
        await StatusAsync(url, "--header", Header, "--output", folder["out"]);
        (await File.ReadAllBytesAsync(folder["out"], Token)).ShouldBe(Content(1000));

        Task PatchAsync(int offset, string part) => Command.RunAsync("curl", [.. tus, "--request", "PATCH", "--header", $"Upload-Offset: {offset}",
            "--header", "Content-Type: application/offset+octet-stream", "--data-binary", "@" + folder[part], upload], Token);
    }

    [Fact]
    public async Task Head_tells_the_length_without_a_body()
    {
        using var folder = new TemporaryDirectory();
        await File.WriteAllBytesAsync(folder["in"], Content(1000), Token);
        var url = await FileUrlAsync("app/1.0.0/app.zip");
        await StatusAsync(url, "--upload-file", folder["in"], "--header", Header);
        var head = await Command.RunAsync("curl", ["-sfI", "--header", Header, url], Token);
        head.ShouldContain("Content-Length: 1000", Case.Insensitive);
        head.ShouldContain("X-Checksum-Sha256: ", Case.Insensitive);
    }

    private string Header => "PRIVATE-TOKEN: " + target.Token;

    private async Task<string> FileUrlAsync(string path) =>
        $"{target.Api}/projects/{await target.CreateProjectAsync(Token)}/packages/generic/{path}";

    private static async Task<int> StatusAsync(string url, params string[] arguments)
    {
        string[] output = arguments.Contains("--output") ? [] : ["--output", "/dev/null"];
        var status = await Command.RunAsync("curl", ["-s", "--write-out", "%{http_code}", .. output, .. arguments, url], Token);
        return int.Parse(status, CultureInfo.InvariantCulture);
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}
