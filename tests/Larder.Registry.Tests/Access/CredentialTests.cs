using System.Text;
using Larder.Testing;

namespace Larder.Registry.Tests.Access;

/// <summary>Where a token may stand (generic-packages contract section 1.1, Maven contract section 1.4).</summary>
public sealed class CredentialTests(SqliteServer fixture) : IClassFixture<SqliteServer>, IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private World world = null!;

    public async ValueTask InitializeAsync()
    {
        world = await World.CreateAsync(fixture.Server, cancel);
        await world.PublishAsync(cancel);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public static TheoryData<string, string, int> Placements => new()
    {
        { "generic", "query", 200 }, { "generic", "header", 200 }, { "generic", "lower-case header", 200 }, { "generic", "bearer", 200 },
        { "generic", "lower-case bearer", 200 }, { "generic", "basic with own name", 200 }, { "generic", "basic with another name", 200 },
        { "generic", "basic without name", 200 }, { "generic", "empty header and basic", 200 }, { "generic", "header and basic", 200 },
        { "generic", "good header and bad basic", 200 }, { "generic", "bad header and good basic", 401 },
        { "generic", "good query and bad header", 200 }, { "generic", "empty bearer", 401 }, { "generic", "token as username", 401 },

        { "api", "query", 200 }, { "api", "header", 200 }, { "api", "lower-case header", 200 }, { "api", "bearer", 200 },
        { "api", "basic with another name", 200 }, { "api", "empty header and basic", 200 }, { "api", "bad header and good basic", 401 },

        { "registry api", "query", 200 }, { "registry api", "header", 200 }, { "registry api", "bearer", 200 },
        { "registry api", "basic with own name", 401 }, { "registry api", "bad header and good basic", 401 },

        { "download", "header", World.LetIntoTheVirtualRegistry }, { "download", "lower-case header", World.LetIntoTheVirtualRegistry },
        { "download", "basic with own name", World.LetIntoTheVirtualRegistry },
        { "download", "basic with own name in capitals", World.LetIntoTheVirtualRegistry },
        { "download", "basic with another name", 401 }, { "download", "basic without name", 401 }, { "download", "query", 401 },
        { "download", "bearer", 401 }, { "download", "empty header and basic", World.LetIntoTheVirtualRegistry },
        { "download", "empty header and basic with another name", 401 },
    };

    [Theory, MemberData(nameof(Placements))]
    public async Task Token_counts_where_the_surface_looks_for_it(string surface, string placement, int status)
    {
        var answer = await world.AskAsync(Place(placement), "GET", PathOf(surface), cancel);
        answer.Status.ShouldBe(status, answer.Text);
    }

    [Theory]
    [InlineData("header and basic")]
    [InlineData("good header and bad basic")]
    public async Task Two_kinds_at_once_are_refused_where_maven_downloads(string placement)
    {
        var answer = await world.AskAsync(Place(placement), "GET", world.Artifact, cancel);
        answer.Status.ShouldBe(400);
        answer.Text.ShouldBe("""{"message":"400 Bad request - Found more than one set of credentials"}""");
    }

    [Fact]
    public async Task Token_of_any_shape_is_looked_up()
    {
        foreach (var token in new[] { "x", new string('y', 6_000), "glpat-ÄÖÜ", "a:b:c" })
            (await world.AskAsync(Credentials.Basic("u", token), "GET", world.File, cancel)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Password_of_basic_may_hold_colons()
    {
        // Only the first colon ends the name, so a token with one in it would still be whole.
        var user = world.Users["developer"];
        var answer = await world.AskAsync(Credentials.Basic("", user.Token), "GET", world.File, cancel);
        answer.Status.ShouldBe(200);
        (await world.AskAsync(Credentials.Basic("a:b", user.Token), "GET", world.File, cancel)).Status.ShouldBe(401);
    }

    private string PathOf(string surface) => surface switch
    {
        "generic" => world.File,
        "api" => $"/projects/{world.Project.Id}/packages",
        "registry api" => $"/groups/{world.Group.Id}/-/virtual_registries/packages/maven/registries",
        _ => world.Artifact,
    };

    private Action<HttpRequestMessage> Place(string placement)
    {
        var user = world.Users["developer"];
        var token = user.Token;
        return placement switch
        {
            "query" => Credentials.Query(token),
            "header" => Credentials.Header(token),
            "lower-case header" => request => request.Headers.TryAddWithoutValidation("private-token", token),
            "bearer" => Credentials.Bearer(token),
            "lower-case bearer" => request => request.Headers.TryAddWithoutValidation("authorization", $"bearer  {token}"),
            "empty bearer" => request => request.Headers.TryAddWithoutValidation("Authorization", "Bearer "),
            "basic with own name" => Credentials.Basic(user.Username, token),
            "basic with own name in capitals" => Credentials.Basic(user.Username.ToUpperInvariant(), token),
            "basic with another name" => Credentials.Basic("somebody-else", token),
            "basic without name" => Credentials.Basic("", token),
            "token as username" => Credentials.Basic(token, ""),
            "empty header and basic" => Credentials.Header("") + Credentials.Basic(user.Username, token),
            "empty header and basic with another name" => Credentials.Header("") + Credentials.Basic("somebody-else", token),
            "header and basic" => Credentials.Header(token) + Credentials.Basic(user.Username, token),
            "good header and bad basic" => Credentials.Header(token) + Credentials.Basic(user.Username, "nonsense"),
            "bad header and good basic" => Credentials.Header("nonsense") + Credentials.Basic(user.Username, token),
            "good query and bad header" => Credentials.Query(token) + Credentials.Header("nonsense"),
            _ => throw new ArgumentOutOfRangeException(nameof(placement), placement, null),
        };
    }
}
