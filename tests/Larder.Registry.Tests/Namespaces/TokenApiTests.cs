using System.Globalization;
using Larder.Testing;

namespace Larder.Registry.Tests.Namespaces;

public abstract class TokenApiTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Created_token_works_and_its_text_is_shown_once()
    {
        var user = await server.CreateUserAsync(cancel);
        var made = await CreateAsync(user, new { name = "ci", scopes = new[] { "api", "read_virtual_registry" }, description = "for builds" });
        made.Status.ShouldBe(201);
        made["name"].ShouldBe("ci");
        made["description"].ShouldBe("for builds");
        made["user_id"].ShouldBe($"{user.Id}");
        made["revoked"].ShouldBe("False");
        made["active"].ShouldBe("True");
        made["last_used_at"].ShouldBeNull();
        made.Json.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()).ShouldBe(["api", "read_virtual_registry"]);
        made["token"].ShouldNotBeNull().ShouldMatch("^glpat-[0-9A-Za-z_-]{20,}$");
        (await server.ClientFor(made["token"]).AskAsync("GET", "/user", cancel))["id"].ShouldBe($"{user.Id}");

        var shown = await root.AskAsync("GET", $"/personal_access_tokens/{made["id"]}", cancel);
        shown.Status.ShouldBe(200);
        shown["token"].ShouldBeNull();
        server.Log.ShouldNotContain(line => line.Contains(made["token"]!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Token_without_a_date_expires_in_a_year()
    {
        var user = await server.CreateUserAsync(cancel);
        (await CreateAsync(user, new { name = "a", scopes = new[] { "api" } }))["expires_at"].ShouldBe(Day(365));
        (await CreateAsync(user, new { name = "b", scopes = new[] { "api" }, expires_at = "2027-02-28" }))["expires_at"].ShouldBe("2027-02-28");
    }

    [Theory]
    [InlineData("""{"scopes":["api"]}""", """{"error":"name is missing"}""")]
    [InlineData("""{"name":"a"}""", """{"error":"scopes is missing"}""")]
    [InlineData("""{"name":"a","scopes":[]}""", """{"error":"scopes is empty"}""")]
    [InlineData("""{"name":"a","scopes":["api","everything"]}""", """{"error":"scopes does not have a valid value"}""")]
    [InlineData("""{"name":"a","scopes":["api"],"expires_at":"soon"}""", """{"error":"expires_at is invalid"}""")]
    public async Task Creating_with_bad_values_says_what_is_wrong(string body, string text)
    {
        var user = await server.CreateUserAsync(cancel);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v4/users/{user.Id}/personal_access_tokens")
        {
            Content = new StringContent(body, null, "application/json"),
        };
        var answer = await root.AskAsync(request, cancel);
        answer.Status.ShouldBe(400);
        answer.Text.ShouldBe(text);
    }

    [Fact]
    public async Task Scopes_may_come_as_form_fields_as_curl_sends_them()
    {
        var user = await server.CreateUserAsync(cancel);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v4/users/{user.Id}/personal_access_tokens")
        {
            Content = new FormUrlEncodedContent([new("name", "form"), new("scopes[]", "api"), new("scopes[]", "read_user")]),
        };
        var answer = await root.AskAsync(request, cancel);
        answer.Status.ShouldBe(201);
        answer.Json.GetProperty("scopes").GetArrayLength().ShouldBe(2);
    }

    [Fact]
    public async Task Nobody_but_an_administrator_makes_tokens_for_users()
    {
        var user = await server.CreateUserAsync(cancel);
        var body = new { name = "ci", scopes = new[] { "api" } };
        (await server.ClientFor(user).AskAsync("POST", $"/users/{user.Id}/personal_access_tokens", cancel, body)).Status.ShouldBe(403);
        (await root.AskAsync("POST", "/users/999999/personal_access_tokens", cancel, body)).Text.ShouldBe("""{"message":"404 User Not Found"}""");
    }

    [Fact]
    public async Task Users_list_their_own_tokens_and_administrators_everybodys()
    {
        var (user, other) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        await CreateAsync(user, new { name = "Second", scopes = new[] { "read_user" } });
        var client = server.ClientFor(user);
        var own = await client.AskAsync("GET", "/personal_access_tokens", cancel);
        own.Header("X-Total").ShouldBe("2");
        own.Json.EnumerateArray().ShouldAllBe(token => token.GetProperty("user_id").GetInt64() == user.Id);
        (await client.AskAsync("GET", $"/personal_access_tokens?user_id={user.Id}&search=SECO", cancel)).Json.GetArrayLength().ShouldBe(1);
        (await client.AskAsync("GET", $"/personal_access_tokens?user_id={other.Id}", cancel)).Status.ShouldBe(401);
        (await root.AskAsync("GET", $"/personal_access_tokens?user_id={other.Id}", cancel)).Json.GetArrayLength().ShouldBe(1);
        int.Parse((await root.AskAsync("GET", "/personal_access_tokens", cancel)).Header("X-Total"), CultureInfo.InvariantCulture).ShouldBeGreaterThan(3);
    }

    [Fact]
    public async Task Listing_filters_by_state()
    {
        var user = await server.CreateUserAsync(cancel);
        var revoked = await CreateAsync(user, new { name = "revoked", scopes = new[] { "api" } });
        await root.AskAsync("DELETE", $"/personal_access_tokens/{revoked["id"]}", cancel);
        var expired = await CreateAsync(user, new { name = "expired", scopes = new[] { "api" }, expires_at = Day(0) });
        async Task<string> IdsAsync(string filter) => string.Join(',', (await root.AskAsync(
            "GET", $"/personal_access_tokens?user_id={user.Id}&{filter}", cancel)).Json.EnumerateArray().Select(token => token.GetProperty("name").GetString()));

        (await IdsAsync("state=active")).ShouldBe("test");
        (await IdsAsync("state=inactive")).ShouldBe("revoked,expired");
        (await IdsAsync("revoked=true")).ShouldBe("revoked");
        (await IdsAsync("revoked=false")).ShouldBe("test,expired");
        (await root.AskAsync("GET", "/personal_access_tokens?state=odd", cancel)).Text.ShouldBe("""{"error":"state does not have a valid value"}""");
        (await root.AskAsync("GET", $"/personal_access_tokens/{expired["id"]}", cancel))["active"].ShouldBe("False");
    }

    [Fact]
    public async Task Revoked_token_stops_at_once()
    {
        var user = await server.CreateUserAsync(cancel);
        var client = server.ClientFor(user);
        (await client.AskAsync("DELETE", "/personal_access_tokens/self", cancel)).Status.ShouldBe(204);
        var refused = await client.AskAsync("GET", "/user", cancel);
        refused.Status.ShouldBe(401);
        refused.Text.ShouldContain("Token was revoked");
    }

    [Fact]
    public async Task Self_is_shown_whatever_the_scopes()
    {
        var user = await server.CreateUserAsync(cancel);
        var client = server.ClientFor(await server.CreateTokenAsync(user.Id, cancel, "read_virtual_registry"));
        var self = await client.AskAsync("GET", "/personal_access_tokens/self", cancel);
        self.Status.ShouldBe(200);
        self["user_id"].ShouldBe($"{user.Id}");
        (await client.AskAsync("GET", "/user", cancel)).Status.ShouldBe(403);
        (await client.AskAsync("POST", "/personal_access_tokens/self/rotate", cancel)).Status.ShouldBe(403);
        (await client.AskAsync("DELETE", "/personal_access_tokens/self", cancel)).Status.ShouldBe(204);
    }

    [Fact]
    public async Task Others_tokens_are_as_if_they_were_not()
    {
        var (user, other) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        var self = await server.ClientFor(other).AskAsync("GET", "/personal_access_tokens/self", cancel);
        var client = server.ClientFor(user);
        foreach (var id in new[] { self["id"], "999999" })
        {
            (await client.AskAsync("GET", $"/personal_access_tokens/{id}", cancel)).Status.ShouldBe(401);
            (await client.AskAsync("DELETE", $"/personal_access_tokens/{id}", cancel)).Status.ShouldBe(401);
            (await client.AskAsync("POST", $"/personal_access_tokens/{id}/rotate", cancel)).Status.ShouldBe(401);
        }
        (await server.ClientFor(other).AskAsync("GET", "/user", cancel)).Status.ShouldBe(200);
        (await root.AskAsync("GET", "/personal_access_tokens/999999", cancel)).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rotating_gives_a_new_token_and_ends_the_old_one(bool self)
    {
        var user = await server.CreateUserAsync(cancel);
        var client = server.ClientFor(user);
        var old = await client.AskAsync("GET", "/personal_access_tokens/self", cancel);
        var rotated = await client.AskAsync("POST", $"/personal_access_tokens/{(self ? "self" : old["id"])}/rotate", cancel);
        rotated.Status.ShouldBe(200);
        rotated["id"].ShouldNotBe(old["id"]);
        rotated["name"].ShouldBe(old["name"]);
        rotated["expires_at"].ShouldBe(Day(7));
        (await client.AskAsync("GET", "/user", cancel)).Status.ShouldBe(401);
        (await server.ClientFor(rotated["token"]).AskAsync("GET", "/user", cancel)).Status.ShouldBe(200);
        (await root.AskAsync("POST", $"/personal_access_tokens/{old["id"]}/rotate", cancel)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Rotating_takes_a_date()
    {
        var client = server.ClientFor(await server.CreateUserAsync(cancel));
        (await client.AskAsync("POST", "/personal_access_tokens/self/rotate", cancel, new { expires_at = "2026-03-04" }))["expires_at"].ShouldBe("2026-03-04");
    }

    [Fact]
    public async Task Self_rotate_is_a_scope_that_may_rotate_itself_alone()
    {
        var user = await server.CreateUserAsync(cancel);
        var client = server.ClientFor(await server.CreateTokenAsync(user.Id, cancel, "self_rotate"));
        var self = await client.AskAsync("GET", "/personal_access_tokens/self", cancel);
        (await client.AskAsync("POST", $"/personal_access_tokens/{self["id"]}/rotate", cancel)).Status.ShouldBe(403);
        (await client.AskAsync("POST", "/personal_access_tokens/self/rotate", cancel)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Of_two_that_rotate_one_token_at_once_one_wins()
    {
        var user = await server.CreateUserAsync(cancel);
        var self = await server.ClientFor(user).AskAsync("GET", "/personal_access_tokens/self", cancel);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            _ => root.AskAsync("POST", $"/personal_access_tokens/{self["id"]}/rotate", cancel)));
        answers.Count(answer => answer.Status == 200).ShouldBe(1);
        answers.Count(answer => answer.Status == 401).ShouldBe(7);
    }

    private Task<Answer> CreateAsync(TestUser user, object body) =>
        root.AskAsync("POST", $"/users/{user.Id}/personal_access_tokens", cancel, body);

    private string Day(int days) => server.Time.GetUtcNow().AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

public sealed class TokenApiTestsOnSqlite(SqliteServer fixture) : TokenApiTests(fixture.Server), IClassFixture<SqliteServer>;
public sealed class TokenApiTestsOnPostgres(PostgresServer fixture) : TokenApiTests(fixture.Server), IClassFixture<PostgresServer>;
