using Larder.Testing;

namespace Larder.Registry.Tests.Namespaces;

public sealed class VersionTests(SqliteServer fixture) : IClassFixture<SqliteServer>
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Version_and_metadata_tell_the_GitLab_that_clients_may_expect()
    {
        var user = await fixture.Server.CreateUserAsync(cancel);
        var client = fixture.Server.ClientFor(await fixture.Server.CreateTokenAsync(user.Id, cancel, "read_user"));
        (await client.AskAsync("GET", "/version", cancel)).Text.ShouldBe("""{"version":"19.0.0","revision":"larder"}""");
        var metadata = await client.AskAsync("GET", "/metadata", cancel);
        metadata["version"].ShouldBe("19.0.0");
        metadata["enterprise"].ShouldBe("False");
        metadata.Json.GetProperty("kas").GetProperty("enabled").GetBoolean().ShouldBeFalse();
        (await fixture.Server.ClientFor((string?)null).AskAsync("GET", "/version", cancel)).Status.ShouldBe(401);
    }
}
