using System.Globalization;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Access;

/// <summary>
/// Every kind of token in every place, on a route of every surface, for every visibility: what the contracts say of it, in two
/// tables (generic-packages contract sections 1.1, 1.2, 1.5 and 1.6; Maven contract sections 1.2 to 1.4).
/// </summary>
public abstract class TokenMatrixTests(LarderServer server)
{
    // What becomes of a good access token, deploy token or job token, and of nonsense, by where it stands:
    // + it counts, - it is refused with 401, . it is as if it were not there.
    private const string Places = """
        place                  generic   api       registry  maven
                               A D J N   A D J N   A D J N   A D J N
        PRIVATE-TOKEN          + - - -   + - - -   + - - -   + - - -
        ?private_token         + - - -   + - - -   + - - -   . . . .
        Bearer                 + + + -   + - + -   + - - -   . . . .
        Basic-own-name         + + . .   + . . .   . . . .   + + - -
        Basic-gitlab-ci-token  + + + -   + . . .   . . . .   - - + -
        DEPLOY-TOKEN           . + . .   . . . .   . . . .   - + - -
        JOB-TOKEN              - - + -   - - + -   - - + -   - - + -
        ?job_token             - - + -   - - + -   - - + -   . . . .
        ?token                 - - + -   - - + -   . . . .   . . . .
        """;

    // What is answered where the token counts, for private, internal and public. The virtual registry has no upstream, so
    // whoever is let in gets 400.
    private const string Rights = """
        token                  kind  get            put            packages       registries     maven
        nothing                .     401 401 200    401 401 401    404 404 200    401 401 401    401 401 401
        developer              A     200 200 200    201 201 201    200 200 200    200 200 200    400 400 400
        developer-read_api     A     200 200 200    403 403 403    200 200 200    200 200 200    400 400 400
        stranger               A     404 200 200    404 403 403    404 200 200    404 403 403    404 401 401
        project-token          A     200 200 200    201 201 201    200 200 200    403 403 403    401 401 401
        group-token            A     200 200 200    201 201 201    200 200 200    200 200 200    400 400 400
        deploy-group-read      D     200 200 200    403 403 403    -   -   -      -   -   -      400 400 400
        deploy-project-write   D     200 200 200    201 201 201    -   -   -      -   -   -      404 404 401
        job-of-developer       J     200 200 200    201 201 201    200 200 200    200 200 200    400 400 400
        job-of-stranger        J     404 200 200    404 403 403    403 200 200    404 403 403    404 401 401
        nonsense               N     -   -   -      -   -   -      -   -   -      -   -   -      -   -   -
        """;

    private static readonly string[] Surfaces = ["generic", "api", "registry", "maven"];
    private static readonly (string Name, string Surface)[] Routes =
        [("get", "generic"), ("put", "generic"), ("packages", "api"), ("registries", "registry"), ("maven", "maven")];

    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Every_token_in_every_place_on_every_route()
    {
        var places = Lines(Places).Skip(2).ToList();
        var rights = Lines(Rights).Skip(1).ToList();
        var wrong = new List<string>();
        foreach (var (visibility, column) in new[] { (Visibility.Private, 0), (Visibility.Internal, 1), (Visibility.Public, 2) })
        {
            var world = await World.CreateAsync(server, cancel, visibility);
            await world.PublishAsync(cancel);
            var tokens = await TokensAsync(world);
            foreach (var right in rights.Skip(1))
            {
                var (name, token) = tokens[right[0]];
                foreach (var place in places)
                {
                    for (var route = 0; route < Routes.Length; route++)
                    {
                        var fate = place[1 + (4 * Array.IndexOf(Surfaces, Routes[route].Surface)) + "ADJN".IndexOf(right[1][0], StringComparison.Ordinal)];
                        var row = fate == "+" ? right : rights[0];
                        var expected = fate == "-" ? "401" : row[2 + (3 * route) + column];
                        var answer = await AskAsync(world, Routes[route].Name, Credential(place[0], name, token));
                        var status = answer.Status.ToString(CultureInfo.InvariantCulture);
                        if (status != expected) wrong.Add($"{right[0]} in {place[0]}, {Routes[route].Name} of {visibility}: {status} instead of {expected}");
                    }
                }
            }
        }
        wrong.ShouldBeEmpty();
    }

    private static IEnumerable<string[]> Lines(string table) =>
        table.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static Action<HttpRequestMessage> Credential(string place, string name, string token) => place switch
    {
        "PRIVATE-TOKEN" => Credentials.Header(token),
        "Bearer" => Credentials.Bearer(token),
        "Basic-own-name" => Credentials.Basic(name, token),
        "Basic-gitlab-ci-token" => Credentials.Basic("gitlab-ci-token", token),
        "DEPLOY-TOKEN" => Credentials.Deploy(token),
        "JOB-TOKEN" => Credentials.Job(token),
        _ => Credentials.Query(token, place[1..]),
    };

    private Task<Answer> AskAsync(World world, string route, Action<HttpRequestMessage> credential) => route switch
    {
        "get" => world.AskAsync(credential, "GET", world.File, cancel),
        "put" => world.AskAsync(credential, "PUT", world.File, cancel),
        "packages" => world.AskAsync(credential, "GET", $"/projects/{world.Project.Id}/packages", cancel),
        "registries" => world.AskAsync(credential, "GET", $"/virtual_registries/packages/maven/registries/{world.RegistryId}", cancel),
        _ => world.AskAsync(credential, "GET", world.Artifact, cancel),
    };

    // By the names of the table: the name that goes with the token in Basic, and the token.
    private async Task<Dictionary<string, (string Name, string Token)>> TokensAsync(World world)
    {
        var (developer, stranger) = (world.Users["developer"], world.Users["stranger"]);
        var (project, group) = ($"/projects/{world.Project.Id}", $"/groups/{world.Group.Id}");
        return new()
        {
            ["developer"] = (developer.Username, developer.Token),
            ["developer-read_api"] = (developer.Username, await server.CreateTokenAsync(developer.Id, cancel, "read_api")),
            ["stranger"] = (stranger.Username, stranger.Token),
            ["project-token"] = await AccessTokenAsync(project),
            ["group-token"] = await AccessTokenAsync(group),
            ["deploy-group-read"] = await DeployTokenAsync(group, "read_package_registry", "read_virtual_registry"),
            ["deploy-project-write"] = await DeployTokenAsync(project, "write_package_registry"),
            ["job-of-developer"] = await JobTokenAsync(project, developer),
            ["job-of-stranger"] = await JobTokenAsync(project, stranger),
            ["nonsense"] = ("whoever", "glpat-nonsense"),
        };
    }

    private async Task<(string Name, string Token)> AccessTokenAsync(string place)
    {
        var made = await root.AskAsync("POST", $"{place}/access_tokens", cancel, new { name = "t", scopes = new[] { "api" }, access_level = 30 });
        return ((await root.AskAsync("GET", $"/users/{made["user_id"]}", cancel))["username"]!, made["token"]!);
    }

    private async Task<(string Name, string Token)> DeployTokenAsync(string place, params string[] scopes)
    {
        var made = await root.AskAsync("POST", $"{place}/deploy_tokens", cancel, new { name = "t", scopes });
        return (made["username"]!, made["token"]!);
    }

    // Its own name in Basic is gitlab-ci-token, which is a place of its own in the table.
    private async Task<(string Name, string Token)> JobTokenAsync(string project, TestUser user) =>
        (user.Username, (await root.AskAsync("POST", $"{project}/job_tokens", cancel, new { user_id = user.Id }))["token"]!);
}

public sealed class TokenMatrixTestsOnSqlite(SqliteServer fixture) : TokenMatrixTests(fixture.Server), IClassFixture<SqliteServer>;
public sealed class TokenMatrixTestsOnPostgres(PostgresServer fixture) : TokenMatrixTests(fixture.Server), IClassFixture<PostgresServer>;
