using System.Security.Cryptography;
using System.Text;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;
using Microsoft.IdentityModel.Tokens;

namespace Larder.Registry.Tests.Access;

/// <summary>OpenID Connect tokens in place of job tokens, and the rules by which projects trust them.</summary>
public abstract class SignedStatementTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Statement_that_a_project_trusts_is_as_good_as_a_job_token(bool ellipticCurve)
    {
        await using var issuer = new TestIssuer(server);
        issuer.Rotate(ellipticCurve);
        var world = await World.CreateAsync(server, cancel);
        await TrustAsync(world, issuer, user: "developer");
        var token = issuer.Issue();
        foreach (var credentials in new[]
        {
            Credentials.Job(token), Credentials.Bearer(token), Credentials.Basic("gitlab-ci-token", token), Credentials.Query(token, "job_token"),
        })
        {
            (await world.AskAsync(credentials, "PUT", world.File, cancel)).Status.ShouldBe(201);
            (await world.AskAsync(credentials, "GET", world.File, cancel)).Status.ShouldBe(200);
        }
        (await world.AskAsync(Credentials.Job(token), "GET", $"/projects/{world.Project.Id}/packages", cancel)).Status.ShouldBe(200);
        (await world.AskAsync(Credentials.Job(token), "GET", world.Artifact, cancel)).Status.ShouldBe(World.LetIntoTheVirtualRegistry);
        issuer.KeyRequests.ShouldBe(1);
        // The web framework's own line for each request names the query; the server does not write it.
        server.Log.ShouldNotContain(line => line.Contains(token, StringComparison.Ordinal) && !line.Contains("job_token=", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("signed by somebody else")]
    [InlineData("not signed")]
    [InlineData("signed with the public key as a secret")]
    [InlineData("changed after signing")]
    [InlineData("expired")]
    [InlineData("without an end")]
    [InlineData("not yet valid")]
    [InlineData("for another audience")]
    [InlineData("without an audience")]
    [InlineData("about another branch")]
    [InlineData("without the claim")]
    [InlineData("of a key that the issuer does not have")]
    [InlineData("no statement at all")]
    public async Task Statement_that_is_wrong_is_worth_nothing(string flaw)
    {
        await using var issuer = new TestIssuer(server);
        await using var other = new TestIssuer(server);
        var world = await World.CreateAsync(server, cancel, Visibility.Public);
        await world.PublishAsync(cancel);
        await TrustAsync(world, issuer);
        (await world.AskAsync(Credentials.Job(issuer.Issue()), "GET", world.File, cancel)).Status.ShouldBe(200);
        var now = server.Time.GetUtcNow().ToUnixTimeSeconds();
        var publicKey = Encoding.UTF8.GetBytes(((RsaSecurityKey)issuer.Key).Rsa.ExportRSAPublicKeyPem());
        var token = flaw switch
        {
            "signed by somebody else" => issuer.Issue(signing: new SigningCredentials(
                new RsaSecurityKey(((RsaSecurityKey)other.Key).Rsa) { KeyId = issuer.Key.KeyId }, SecurityAlgorithms.RsaSha256)),
            "not signed" => $"{Part("""{"alg":"none"}""")}.{issuer.Issue().Split('.')[1]}.",
            "signed with the public key as a secret" => issuer.Issue(signing: new SigningCredentials(
                new SymmetricSecurityKey(publicKey) { KeyId = issuer.Key.KeyId }, SecurityAlgorithms.HmacSha256)),
            "changed after signing" => Changed(issuer.Issue()),
            "expired" => issuer.Issue(claims => claims["exp"] = now),
            "without an end" => issuer.Issue(claims => claims.Remove("exp")),
            "not yet valid" => issuer.Issue(claims => claims["nbf"] = now + 120),
            "for another audience" => issuer.Issue(claims => claims["aud"] = "sigstore"),
            "without an audience" => issuer.Issue(claims => claims.Remove("aud")),
            "about another branch" => issuer.Issue(claims => claims["ref"] = "main2"),
            "without the claim" => issuer.Issue(claims => claims.Remove("ref")),
            "of a key that the issuer does not have" => issuer.Issue(signing: new SigningCredentials(
                new RsaSecurityKey(RSA.Create(2048)) { KeyId = "unknown" }, SecurityAlgorithms.RsaSha256)),
            _ => "eyJhbGciOiJSUzI1NiJ9.!!!.???",
        };
        foreach (var (credentials, method) in new[]
        {
            (Credentials.Job(token), "GET"), (Credentials.Job(token), "PUT"), (Credentials.Bearer(token), "GET"), (Credentials.Query(token, "token"), "GET"),
        })
        {
            var refused = await world.AskAsync(credentials, method, world.File, cancel);
            refused.Status.ShouldBe(401);
            refused.Text.ShouldBe("""{"message":"401 Unauthorized"}""");
        }
    }

    [Theory]
    [InlineData("""{"iss":5,"aud":"larder"}""")]
    [InlineData("""{"iss":["$issuer"],"aud":"larder"}""")]
    [InlineData("""{"iss":null,"aud":"larder"}""")]
    [InlineData("""{"iss":"$issuer","aud":5,"project_path":"acme/tool","ref":"main"}""")]
    [InlineData("""{"iss":"$issuer","aud":{"a":1},"project_path":"acme/tool","ref":"main"}""")]
    [InlineData("""{"iss":"$issuer","aud":"larder","project_path":"acme/tool","ref":"main","exp":"soon"}""")]
    [InlineData("""{"iss":"$issuer","aud":"larder","project_path":"acme/tool","ref":"main","exp":{"a":1}}""")]
    [InlineData("""{"iss":"$issuer","aud":"larder","project_path":"acme/tool","ref":"main","exp":-1e300}""")]
    [InlineData("""{"iss":"$issuer","aud":"larder","project_path":"acme/tool","ref":"main","exp":1e300,"nbf":"never"}""")]
    [InlineData("""{"iss":"$issuer","aud":"larder","project_path":{"acme":"tool"},"ref":["dev",null,7],"exp":4102444800}""")]
    [InlineData("""{"iss":"$issuer","aud":"larder","project_path":null,"ref":"main","exp":4102444800}""")]
    [InlineData("""["iss"]""")]
    [InlineData("""{"iss":""")]
    [InlineData("")]
    public async Task Statement_that_is_malformed_is_worth_nothing_even_if_it_is_signed(string payload)
    {
        await using var issuer = new TestIssuer(server);
        var world = await World.CreateAsync(server, cancel);
        await TrustAsync(world, issuer);
        var signed = $"{Part($$"""{"alg":"RS256","kid":"{{issuer.Key.KeyId}}"}""")}.{Part(payload.Replace("$issuer", issuer.Url, StringComparison.Ordinal))}";
        var signature = ((RsaSecurityKey)issuer.Key).Rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var answer = await world.AskAsync(Credentials.Job($"{signed}.{Base64UrlEncoder.Encode(signature)}"), "PUT", world.File, cancel);
        answer.Status.ShouldBe(401, answer.Text);
    }

    [Theory]
    [InlineData("""{"alg":5}""")]
    [InlineData("""{"kid":"k"}""")]
    [InlineData("""{"alg":"RS256","kid":7}""")]
    [InlineData("""{"alg":"RS256","kid":null,"crit":["x"]}""")]
    [InlineData("""{"alg":"dir","enc":"A128CBC-HS256"}""")]
    public async Task Head_that_is_malformed_is_worth_nothing(string head)
    {
        await using var issuer = new TestIssuer(server);
        var world = await World.CreateAsync(server, cancel);
        await TrustAsync(world, issuer);
        var answer = await world.AskAsync(Credentials.Job($"{Part(head)}.{issuer.Issue().Split('.')[1]}.AAAA"), "PUT", world.File, cancel);
        answer.Status.ShouldBe(401, answer.Text);
        // Five parts are encrypted: nothing for us.
        (await world.AskAsync(Credentials.Job($"{Part(head)}.AAAA.AAAA.AAAA.AAAA"), "PUT", world.File, cancel)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Audiences_and_claims_may_be_lists()
    {
        await using var issuer = new TestIssuer(server);
        var world = await World.CreateAsync(server, cancel);
        await TrustAsync(world, issuer, claims: new() { ["groups"] = "acme/*" });
        async Task<int> PutAsync(params string[] groups) => (await world.AskAsync(Credentials.Job(issuer.Issue(claims =>
        {
            claims["aud"] = new[] { "sigstore", "larder" };
            claims["groups"] = groups;
        })), "PUT", world.File, cancel)).Status;
        (await PutAsync("others", "acme/builders")).ShouldBe(201);
        (await PutAsync("others")).ShouldBe(401);
        (await PutAsync()).ShouldBe(401);
    }

    [Theory]
    [InlineData("developer", 30, 200, 201)]
    [InlineData("developer", 20, 200, 403)]
    [InlineData("reporter", 30, 200, 403)]
    [InlineData("stranger", 30, 404, 404)]
    [InlineData("admin", 20, 200, 403)]
    public async Task Rights_are_the_users_and_no_more_than_the_rule_says(string user, int level, int get, int put)
    {
        await using var issuer = new TestIssuer(server);
        var world = await World.CreateAsync(server, cancel);
        await world.PublishAsync(cancel);
        await TrustAsync(world, issuer, user, level);
        (await world.AskAsync(Credentials.Job(issuer.Issue()), "GET", world.File, cancel)).Status.ShouldBe(get);
        (await world.AskAsync(Credentials.Job(issuer.Issue()), "PUT", world.File, cancel)).Status.ShouldBe(put);
    }

    [Fact]
    public async Task Several_projects_may_trust_one_statement_each_for_itself()
    {
        await using var issuer = new TestIssuer(server);
        var (one, two, three) = (await World.CreateAsync(server, cancel), await World.CreateAsync(server, cancel), await World.CreateAsync(server, cancel));
        await TrustAsync(one, issuer, level: 20);
        await TrustAsync(two, issuer, level: 30);
        await one.PublishAsync(cancel);
        var token = Credentials.Job(issuer.Issue());
        (await one.AskAsync(token, "GET", one.File, cancel)).Status.ShouldBe(200);
        (await one.AskAsync(token, "PUT", one.File, cancel)).Status.ShouldBe(403);
        (await two.AskAsync(token, "PUT", two.File, cancel)).Status.ShouldBe(201);
        (await three.AskAsync(token, "PUT", three.File, cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Trust_ends_at_once_with_its_rule_and_with_its_user()
    {
        await using var issuer = new TestIssuer(server);
        var world = await World.CreateAsync(server, cancel);
        var rules = $"/projects/{world.Project.Id}/job_token_trust_rules";
        var (first, _) = (await TrustAsync(world, issuer, "developer"), await TrustAsync(world, issuer, "maintainer"));
        var token = Credentials.Job(issuer.Issue());
        (await world.AskAsync(token, "PUT", world.File, cancel)).Status.ShouldBe(201);
        (await root.AskAsync("DELETE", $"{rules}/{first["id"]}", cancel)).Status.ShouldBe(204);
        (await world.AskAsync(token, "PUT", world.File, cancel)).Status.ShouldBe(201);
        (await root.AskAsync("POST", $"/users/{world.Users["maintainer"].Id}/block", cancel)).Status.ShouldBe(201);
        (await world.AskAsync(token, "PUT", world.File, cancel)).Status.ShouldBe(401);
        (await root.AskAsync("DELETE", $"{rules}/{first["id"]}", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Issuer_that_cannot_be_asked_decides_nothing()
    {
        await using var issuer = new TestIssuer(server);
        issuer.Upstream.Status("/keys", 500);
        var world = await World.CreateAsync(server, cancel);
        await TrustAsync(world, issuer);
        var answer = await world.AskAsync(Credentials.Job(issuer.Issue()), "PUT", world.File, cancel);
        answer.Status.ShouldBe(503);
        answer.Header("Retry-After").ShouldNotBeEmpty();
        // Nor is it asked again for each request.
        (await world.AskAsync(Credentials.Job(issuer.Issue()), "PUT", world.File, cancel)).Status.ShouldBe(503);
        issuer.KeyRequests.ShouldBe(1);
    }

    [Theory]
    [InlineData("of another issuer")]
    [InlineData("keys somewhere private")]
    [InlineData("keys without tls")]
    [InlineData("keys nowhere")]
    public async Task Discovery_that_is_not_honest_is_not_followed(string lie)
    {
        await using var issuer = new TestIssuer(server);
        issuer.Discovery = lie switch
        {
            "of another issuer" => new { issuer = "https://other.example", jwks_uri = $"{issuer.Url}/keys" },
            "keys somewhere private" => new { issuer = issuer.Url, jwks_uri = "https://10.1.2.3/keys" },
            "keys without tls" => new { issuer = issuer.Url, jwks_uri = "http://203.0.113.9/keys" },
            _ => new { issuer = issuer.Url },
        };
        var world = await World.CreateAsync(server, cancel);
        await TrustAsync(world, issuer);
        (await world.AskAsync(Credentials.Job(issuer.Issue()), "PUT", world.File, cancel)).Status.ShouldBe(503);
        issuer.KeyRequests.ShouldBe(0);
        server.Upstreams.Escapes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Statement_that_no_rule_could_match_asks_nobody()
    {
        await using var issuer = new TestIssuer(server);
        var world = await World.CreateAsync(server, cancel);
        (await world.AskAsync(Credentials.Job(issuer.Issue()), "PUT", world.File, cancel)).Status.ShouldBe(401);
        await TrustAsync(world, issuer);
        (await world.AskAsync(Credentials.Job(issuer.Issue(claims => claims["ref"] = "other")), "PUT", world.File, cancel)).Status.ShouldBe(401);
        issuer.Upstream.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Rules_are_listed_as_they_were_made()
    {
        await using var issuer = new TestIssuer(server);
        var world = await World.CreateAsync(server, cancel);
        var rules = $"/projects/{world.Project.Id}/job_token_trust_rules";
        var maintainer = server.ClientFor(world.Users["maintainer"]);
        var made = await maintainer.AskAsync("POST", rules, cancel, new
        {
            issuer = issuer.Url, audience = "larder", claims = new { project_path = "acme/tool", @ref = "v*", project_id = 7 },
        });
        made.Status.ShouldBe(201);
        made.Text.ShouldBe($$"""
            {"id":{{made["id"]}},"project_id":{{world.Project.Id}},"user_id":{{world.Users["maintainer"].Id}},"access_level":30,"issuer":"{{issuer.Url}}","audience":"larder","claims":{"project_path":"acme/tool","ref":"v*","project_id":"7"},"created_at":"2026-01-02T03:04:05.000Z"}
            """);
        (await maintainer.AskAsync("GET", rules, cancel)).Text.ShouldBe($"[{made.Text}]");
        (await root.AskAsync("DELETE", $"/projects/{(await server.CreateProjectAsync(cancel)).Id}/job_token_trust_rules/{made["id"]}", cancel)).Status.ShouldBe(404);
        (await server.ClientFor(world.Users["developer"]).AskAsync("GET", rules, cancel)).Status.ShouldBe(403);
        (await server.ClientFor(world.Users["stranger"]).AskAsync("GET", rules, cancel)).Status.ShouldBe(404);
        (await maintainer.AskAsync("POST", rules, cancel, Body(issuer.Url, level: 50))).Status.ShouldBe(403);
        (await maintainer.AskAsync("POST", rules, cancel, Body(issuer.Url, userId: 1))).Status.ShouldBe(403);
    }

    [Theory]
    [InlineData("""{"audience":"a","claims":{"ref":"main"}}""", """{"error":"issuer is missing"}""")]
    [InlineData("""{"issuer":"https://x","claims":{"ref":"main"}}""", """{"error":"audience is missing"}""")]
    [InlineData("""{"issuer":"https://x","audience":"a"}""", """{"error":"claims is missing"}""")]
    [InlineData("""{"issuer":"https://x","audience":"a","claims":{}}""", """{"error":"claims is invalid"}""")]
    [InlineData("""{"issuer":"https://x","audience":"a","claims":{"ref":"**"}}""", """{"error":"claims is invalid"}""")]
    [InlineData("""{"issuer":"https://x","audience":"a","claims":"ref"}""", """{"error":"claims is invalid"}""")]
    [InlineData("""{"issuer":"https://x","audience":"a","claims":{"ref":"main"},"access_level":3}""", """{"error":"access_level does not have a valid value"}""")]
    [InlineData("""{"issuer":"http://203.0.113.9","audience":"a","claims":{"ref":"main"}}""", """{"message":{"issuer":["is blocked: Only allowed schemes are https"]}}""")]
    [InlineData("""{"issuer":"https://127.0.0.1","audience":"a","claims":{"ref":"main"}}""", """{"message":{"issuer":["is blocked: Requests to localhost are not allowed"]}}""")]
    [InlineData("""{"issuer":"https://10.1.2.3","audience":"a","claims":{"ref":"main"}}""", """{"message":{"issuer":["is blocked: Requests to the local network are not allowed"]}}""")]
    [InlineData("""{"issuer":"https://nowhere.example","audience":"a","claims":{"ref":"main"}}""", """{"message":{"issuer":["is blocked: Host cannot be resolved or invalid"]}}""")]
    [InlineData("""{"issuer":"https://a:b@203.0.113.9","audience":"a","claims":{"ref":"main"}}""", """{"message":{"issuer":["must be a valid URL"]}}""")]
    public async Task Rule_that_breaks_a_rule_is_refused(string body, string answer)
    {
        var project = await server.CreateProjectAsync(cancel);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v4/projects/{project.Id}/job_token_trust_rules")
        {
            Content = new StringContent(body, null, "application/json"),
        };
        var refused = await root.AskAsync(request, cancel);
        refused.Status.ShouldBe(400);
        refused.Text.ShouldBe(answer);
    }

    [Fact]
    public async Task Project_has_so_many_rules_and_no_more()
    {
        await using var issuer = new TestIssuer(server);
        var project = await server.CreateProjectAsync(cancel);
        var rules = $"/projects/{project.Id}/job_token_trust_rules";
        for (var i = 0; i < TrustRuleStore.MostOfProject; i++) (await root.AskAsync("POST", rules, cancel, Body(issuer.Url))).Status.ShouldBe(201);
        var refused = await root.AskAsync("POST", rules, cancel, Body(issuer.Url));
        refused.Status.ShouldBe(400);
        refused.Text.ShouldBe("""{"message":{"base":["50 trust rules is the maximum allowed per project."]}}""");
    }

    private async Task<Answer> TrustAsync(
        World world, TestIssuer issuer, string user = "developer", int level = 30, Dictionary<string, string>? claims = null)
    {
        var made = await root.AskAsync(
            "POST", $"/projects/{world.Project.Id}/job_token_trust_rules", cancel, Body(issuer.Url, level, world.Users[user].Id, claims));
        made.Status.ShouldBe(201, made.Text);
        return made;
    }

    internal static object Body(string issuer, int level = 30, long? userId = null, Dictionary<string, string>? claims = null) => new
    {
        issuer, audience = "larder", claims = claims ?? new() { ["project_path"] = "acme/tool", ["ref"] = "main" }, access_level = level, user_id = userId,
    };

    private static string Part(string json) => Base64UrlEncoder.Encode(json);

    private static string Changed(string token)
    {
        var parts = token.Split('.');
        return $"{parts[0]}.{Part(Base64UrlEncoder.Decode(parts[1]).Replace("true", "nope", StringComparison.Ordinal))}.{parts[2]}";
    }
}

public sealed class SignedStatementTestsOnSqlite(SqliteServerWithIssuers fixture)
    : SignedStatementTests(fixture.Server), IClassFixture<SqliteServerWithIssuers>;

public sealed class SignedStatementTestsOnPostgres(PostgresServerWithIssuers fixture)
    : SignedStatementTests(fixture.Server), IClassFixture<PostgresServerWithIssuers>;

/// <summary>What time does to keys and statements: each test has a server of its own, whose clock it moves.</summary>
public sealed class IssuerKeyTests : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private LarderServer server = null!;
    private World world = null!;
    private TestIssuer issuer = null!;

    public async ValueTask InitializeAsync()
    {
        server = await LarderServer.StartAsync(cancel, options: SqliteServerWithIssuers.With);
        world = await World.CreateAsync(server, cancel);
        issuer = new TestIssuer(server);
        (await server.ClientFor(LarderServer.RootToken).AskAsync("POST", $"/projects/{world.Project.Id}/job_token_trust_rules", cancel,
            SignedStatementTests.Body(issuer.Url, userId: world.Users["developer"].Id))).Status.ShouldBe(201);
    }

    public async ValueTask DisposeAsync()
    {
        await issuer.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task New_key_is_fetched_when_it_is_first_seen_and_the_old_one_is_worth_nothing_then()
    {
        var old = issuer.Issue();
        (await PutAsync(old)).ShouldBe(201);
        issuer.Rotate();
        server.Time.Advance(TimeSpan.FromMinutes(2));
        (await PutAsync(old)).ShouldBe(201);
        (await PutAsync(issuer.Issue())).ShouldBe(201);
        issuer.KeyRequests.ShouldBe(2);
        server.Time.Advance(TimeSpan.FromSeconds(6));
        (await PutAsync(old)).ShouldBe(401);
    }

    [Fact]
    public async Task Keys_that_nobody_has_are_looked_for_once_a_minute()
    {
        (await PutAsync(issuer.Issue())).ShouldBe(201);
        for (var minute = 1; minute <= 3; minute++)
        {
            server.Time.Advance(TimeSpan.FromMinutes(1));
            foreach (var id in Enumerable.Range(0, 5))
            {
                var forged = new SigningCredentials(new RsaSecurityKey(RSA.Create(2048)) { KeyId = $"{minute}-{id}" }, SecurityAlgorithms.RsaSha256);
                (await PutAsync(issuer.Issue(signing: forged))).ShouldBe(401);
            }
            issuer.KeyRequests.ShouldBe(1 + minute);
        }
    }

    [Fact]
    public async Task Requests_at_once_fetch_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => PutAsync(issuer.Issue(claims => claims["jti"] = Guid.NewGuid()))));
        answers.ShouldAllBe(status => status == 201);
        issuer.KeyRequests.ShouldBe(1);
    }

    [Fact]
    public async Task Keys_are_fetched_again_after_an_hour_and_outlive_an_outage_of_less_than_a_day()
    {
        (await PutAsync(issuer.Issue())).ShouldBe(201);
        server.Time.Advance(TimeSpan.FromMinutes(61));
        (await PutAsync(issuer.Issue())).ShouldBe(201);
        issuer.KeyRequests.ShouldBe(2);
        issuer.Upstream.Status("/keys", 500);
        server.Time.Advance(TimeSpan.FromHours(23));
        (await PutAsync(issuer.Issue())).ShouldBe(201);
        issuer.KeyRequests.ShouldBe(3);
        server.Time.Advance(TimeSpan.FromHours(1));
        (await PutAsync(issuer.Issue())).ShouldBe(503);
    }

    [Fact]
    public async Task Statement_works_until_its_very_end()
    {
        var token = issuer.Issue();
        server.Time.Advance(TimeSpan.FromSeconds(3599));
        (await PutAsync(token)).ShouldBe(201);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        (await PutAsync(token)).ShouldBe(401);
    }

    private async Task<int> PutAsync(string token) => (await world.AskAsync(Credentials.Job(token), "PUT", world.File, cancel)).Status;
}

public sealed class ClaimPatternTests
{
    [Theory]
    [InlineData("main", "main", true)]
    [InlineData("main", "Main", false)]
    [InlineData("main", "main2", false)]
    [InlineData("v*", "v1.0", true)]
    [InlineData("v*", "v", true)]
    [InlineData("v*", "rv", false)]
    [InlineData("*/tool", "acme/tool", true)]
    [InlineData("*/tool", "acme/tools", false)]
    [InlineData("a*b*c", "abc", true)]
    [InlineData("a*b*c", "a-b-b-c", true)]
    [InlineData("a*b*c", "acb", false)]
    [InlineData("a*bc*c", "abc", false)]
    [InlineData("ab*ba", "aba", false)]
    [InlineData("repo:acme/*:ref:refs/heads/main", "repo:acme/tool:ref:refs/heads/main", true)]
    [InlineData("repo:acme/*:ref:refs/heads/main", "repo:acme/tool:pull_request", false)]
    [InlineData("", "", true)]
    [InlineData("", "x", false)]
    [InlineData("a?c", "abc", false)]
    public void Star_stands_for_any_text(string pattern, string value, bool matches) => ClaimPattern.Matches(pattern, value).ShouldBe(matches);
}
