using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Larder.Testing;

namespace Larder.Server.Tests;

public sealed class VerbsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task First_start_prints_a_random_token_once_and_keeps_it_in_a_private_file()
    {
        using var folder = new TemporaryDirectory();
        var port = Ports.Free();
        var first = await StartAndStopAsync(folder["data"], port);
        var token = first.Split('\n').Single(line => line.Contains("glpat-", StringComparison.Ordinal)).Split(' ')[^1].Trim();
        (await File.ReadAllTextAsync(folder["data/root-token"], Token)).Trim().ShouldBe(token);
        File.GetUnixFileMode(folder["data/root-token"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await StartAndStopAsync(folder["data"], port)).ShouldNotContain("glpat-");
    }

    [Fact]
    public async Task Token_of_the_verb_opens_the_api()
    {
        await using var server = await ServerProcess.StartAsync();
        var token = (await RunAsync(server, "token", "root", "--scopes", "read_api")).Trim();
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        (await client.GetAsync(new Uri(server.Url + "/api/v4/user"), Token)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await client.PostAsync(new Uri(server.Url + "/api/v4/groups?name=a&path=a"), null, Token)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("nobody", "api", "no user nobody")]
    [InlineData("root", "everything", "no scope everything")]
    public async Task Token_for_what_does_not_exist_is_refused(string user, string scope, string says)
    {
        await using var server = await ServerProcess.StartAsync();
        var result = await TryRunAsync(server, "token", user, "--scopes", scope);
        result.ExitCode.ShouldBe(1);
        result.Errors.ShouldContain(says);
    }

    [Theory]
    [InlineData("token", "root")]
    [InlineData("check")]
    public async Task Verb_without_a_database_says_so(params string[] verb)
    {
        using var folder = new TemporaryDirectory();
        var result = await Command.TryRunAsync("dotnet", [ServerProcess.Program, .. verb, "--Larder:DataDirectory", folder["data"]], Token);
        result.ExitCode.ShouldBe(1);
        result.Errors.ShouldContain("There is no database of this version here");
        result.Errors.ShouldNotContain("Exception");
        File.Exists(folder["data/larder.db"]).ShouldBeFalse();
    }

    [Fact]
    public async Task Migrate_says_what_it_did_and_does_it_once()
    {
        using var folder = new TemporaryDirectory();
        string[] arguments = [ServerProcess.Program, "migrate", "--Larder:DataDirectory", folder["data"]];
        (await Command.RunAsync("dotnet", arguments, Token)).ShouldContain("0001_start.sql");
        (await Command.RunAsync("dotnet", arguments, Token)).ShouldContain("up to date");
    }

    [Fact]
    public async Task Check_finds_nothing_in_a_good_store_and_names_a_damaged_blob()
    {
        await using var server = await ServerProcess.StartAsync();
        var digest = await PublishAsync(server, "content");
        await server.StopAsync();
        (await TryRunAsync(server, "check")).ExitCode.ShouldBe(0);

        var file = Directory.GetFiles(server.DataDirectory, digest, SearchOption.AllDirectories).ShouldHaveSingleItem();
        await File.WriteAllTextAsync(file, "damaged", Token);
        var result = await TryRunAsync(server, "check");
        result.ExitCode.ShouldBe(2);
        result.Output.ShouldContain(digest);
    }

    [Fact]
    public async Task Version_is_printed() =>
        (await Command.RunAsync("dotnet", [ServerProcess.Program, "version"], Token)).Trim().ShouldMatch(@"^\d+\.\d+\.\d+");

    [Fact]
    public async Task Second_server_on_the_same_data_says_so_in_one_line()
    {
        await using var server = await ServerProcess.StartAsync();
        (await RefusedAsync($"http://127.0.0.1:{Ports.Free()}", server.DataDirectory))
            .ShouldBe($"The blob folder {Path.Combine(Path.GetFullPath(server.DataDirectory), "blobs")} is in use by another process.");
    }

    [Fact]
    public async Task Address_that_cannot_be_listened_on_is_named_in_one_line()
    {
        await using var server = await ServerProcess.StartAsync();
        using var folder = new TemporaryDirectory();
        (await RefusedAsync(server.Url, folder["data"])).ShouldBe($"Failed to bind to address {server.Url}: address already in use.");
        // Of a range for documentation (RFC 5737): no interface has it.
        (await RefusedAsync("http://192.0.2.1:8080", folder["data"])).ShouldStartWith("Failed to bind to address http://192.0.2.1:8080: ");
    }

    private static async Task<string> RefusedAsync(string urls, string data)
    {
        var result = await Command.TryRunAsync("dotnet", [ServerProcess.Program, "--urls", urls, "--Larder:DataDirectory", data], Token);
        result.ExitCode.ShouldBe(1, result.Output + result.Errors);
        return result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem();
    }

    private static async Task<string> PublishAsync(ServerProcess server, string content)
    {
        using var client = server.Client();
        (await client.PostAsync(new Uri("projects?name=p&path=p", UriKind.Relative), null, Token)).EnsureSuccessStatusCode();
        using var body = new StringContent(content);
        (await client.PutAsync(new Uri("projects/1/packages/generic/a/1/a.txt", UriKind.Relative), body, Token)).EnsureSuccessStatusCode();
        return Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(content)));
    }

    private static async Task<string> RunAsync(ServerProcess server, params string[] arguments)
    {
        var result = await TryRunAsync(server, arguments);
        result.ExitCode.ShouldBe(0, result.Output + result.Errors);
        return result.Output;
    }

    private static Task<Command.Result> TryRunAsync(ServerProcess server, params string[] arguments) =>
        Command.TryRunAsync("dotnet", [ServerProcess.Program, .. arguments, "--Larder:DataDirectory", server.DataDirectory], Token);

    private static async Task<string> StartAndStopAsync(string data, int port)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var script = $"dotnet {ServerProcess.Program} --urls http://127.0.0.1:{port} --Larder:DataDirectory {data} & "
            + $"until curl -sf http://127.0.0.1:{port}/-/readiness; do sleep 0.05; done; kill -TERM $!; wait $!";
        return await Command.RunAsync("bash", ["-c", script], stop.Token);
    }
}
