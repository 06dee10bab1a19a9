using System.Net;
using Larder.Testing;

namespace Larder.Server.Tests;

/// <summary>A disk without room: what does not fit is refused clearly, and nothing of it stays.</summary>
public sealed class FullDiskTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Upload_that_does_not_fit_is_507_and_leaves_nothing(bool hasLength)
    {
        await using var server = await ServerProcess.StartAsync(largestFileKibibytes: 2048);
        using var client = server.Client();
        (await client.PostAsync(new Uri("projects?name=p&path=p", UriKind.Relative), null, Token)).EnsureSuccessStatusCode();
        for (var round = 0; round < 2; round++)
        {
            using var large = new ByteArrayContent(new byte[3 << 20]);
            using var request = new HttpRequestMessage(HttpMethod.Put, "projects/1/packages/generic/a/1/large.bin") { Content = large };
            request.Headers.TransferEncodingChunked = !hasLength;
            var refused = await client.AskAsync(request, Token);
            (refused.Status, refused.Text).ShouldBe((507, """{"message":"507 Insufficient Storage - the disk of the server is full"}"""), server.Log);
        }
        Directory.GetFiles(Path.Combine(server.DataDirectory, "blobs"), "*", SearchOption.AllDirectories)
            .Select(Path.GetFileName).ShouldBe(["lock", "synced"], ignoreOrder: true);
        (await client.AskAsync("GET", "/projects/1/packages", Token)).Text.ShouldBe("[]");

        using var small = new ByteArrayContent(new byte[1 << 20]);
        (await client.PutAsync(new Uri("projects/1/packages/generic/a/1/small.bin", UriKind.Relative), small, Token)).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Download_that_cannot_be_cached_is_cut_or_refused_and_never_a_short_file()
    {
        await using var upstream = new ScriptedUpstream();
        upstream.File("/org/a/1/a-1.jar", new byte[3 << 20]);
        upstream.File("/org/b/1/b-1.jar", new byte[1000]);
        await using var server = await ServerProcess.StartAsync(largestFileKibibytes: 2048);
        using var client = server.Client();
        var registry = await RegistryOverAsync(client, server.RootToken, upstream);
        await Should.ThrowAsync<HttpRequestException>(client.AskAsync("GET", $"{registry}/org/a/1/a-1.jar", Token));
        (await client.AskAsync("GET", $"{registry}/org/b/1/b-1.jar", Token)).Status.ShouldBe(200);
        var temp = Path.Combine(server.DataDirectory, "blobs", "temp");
        await Eventually.UntilAsync(() => !Directory.EnumerateFiles(temp).Any()); // readers are told before the file goes
    }

    private static async Task<string> RegistryOverAsync(HttpClient client, string token, ScriptedUpstream upstream)
    {
        const string root = "/virtual_registries/packages/maven";
        var group = (await client.AskAsync("POST", "/groups", Token, new { name = "g", path = "g" }))["id"];
        var registry = (await client.AskAsync("POST", $"/groups/{group}/-{root}/registries", Token, new { name = "m" }))["id"];
        await client.AskAsync("POST", $"{root}/registries/{registry}/upstreams", Token, new { name = "u", url = upstream.Url });
        client.DefaultRequestHeaders.Authorization = null; // the download endpoint takes its own header
        client.DefaultRequestHeaders.Add("Private-Token", token);
        return $"{root}/{registry}";
    }
}
