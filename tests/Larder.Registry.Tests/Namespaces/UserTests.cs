using System.Text.Json;
using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Namespaces;

public abstract class UserTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Current_user_is_the_owner_of_the_token()
    {
        var user = await server.CreateUserAsync(cancel);
        var answer = await server.ClientFor(user).AskAsync("GET", "/user", cancel);
        answer.Status.ShouldBe(200);
        answer["id"].ShouldBe($"{user.Id}");
        answer["username"].ShouldBe(user.Username);
        answer["email"].ShouldBe($"{user.Username}@example.com");
        answer["state"].ShouldBe("active");
        answer["is_admin"].ShouldBe("False");
        answer["web_url"].ShouldBe($"{server.BaseAddress}{user.Username}");
        (await root.AskAsync("GET", "/user", cancel))["is_admin"].ShouldBe("True");
    }

    [Fact]
    public async Task Who_a_user_is_elsewhere_is_told_to_the_user_and_to_administrators()
    {
        var (user, other) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        var identities = server.Get<IdentityStore>();
        foreach (var one in (TestUser[])[user, other]) await identities.LinkAsync(one.Id, "https://id.example.com/", $"subject of {one.Username}", cancel);
        using var client = server.ClientFor(user);
        string[] told =
        [
            Identities((await client.AskAsync("GET", "/user", cancel)).Json), Identities((await client.AskAsync("GET", $"/users/{user.Id}", cancel)).Json),
            Identities((await root.AskAsync("GET", $"/users/{user.Id}", cancel)).Json),
            Identities((await root.AskAsync("GET", $"/users?username={user.Username}", cancel)).Json[0]),
        ];
        told.ShouldAllBe(text => text == $$"""[{"provider":"openid_connect","extern_uid":"subject of {{user.Username}}","issuer":"https://id.example.com"}]""");
        (await client.AskAsync("GET", $"/users/{other.Id}", cancel)).Text.ShouldNotContain("identities");
        Identities((await root.AskAsync("GET", "/user", cancel)).Json).ShouldBe("[]");

        static string Identities(JsonElement json) => json.GetProperty("identities").GetRawText();
    }

    [Fact]
    public async Task Right_of_an_administrator_is_never_taken_from_the_last_who_is_not_blocked()
    {
        var users = server.Get<UserStore>();
        var (one, two) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        (await users.SetAdministratorAsync(one.Id, true, cancel)).ShouldBeTrue();
        (await users.SetAdministratorAsync(two.Id, true, cancel)).ShouldBeTrue();
        var (admins, _) = await users.ListAsync(new UserFilter(null, null, UserState.Active, AdminsOnly: true), new Page(1, 100), cancel);
        var others = admins.Where(user => user.Id != one.Id && user.Id != two.Id).ToList();
        foreach (var other in others) await users.SetStateAsync(other.Id, UserState.Blocked, cancel);
        // Both at once: one of them is the last.
        (await Task.WhenAll(users.SetAdministratorAsync(one.Id, false, cancel), users.SetAdministratorAsync(two.Id, false, cancel)))
            .ShouldBe([true, false], ignoreOrder: true);
        foreach (var other in others) await users.SetStateAsync(other.Id, UserState.Active, cancel);
        (await users.SetAdministratorAsync(one.Id, false, cancel)).ShouldBeTrue();
        (await users.SetAdministratorAsync(two.Id, false, cancel)).ShouldBeTrue();
        (await root.AskAsync("GET", "/user", cancel))["is_admin"].ShouldBe("True");
    }

    [Fact]
    public async Task Creating_takes_what_python_gitlab_sends_and_shows_no_password()
    {
        var name = server.NewName("Jane");
        var answer = await root.AskAsync("POST", "/users", cancel, new
        {
            email = $"{name}@example.org", username = name, name = "Jane Doe", password = "s3cr3t-s3cr3t", skip_confirmation = true, reset_password = true,
        });
        answer.Status.ShouldBe(201);
        answer["username"].ShouldBe(name);
        answer["email"].ShouldBe($"{name}@example.org");
        answer.Text.ShouldNotContain("s3cr3t");
        var shown = await root.AskAsync("GET", $"/users/{answer["id"]}", cancel);
        shown["name"].ShouldBe("Jane Doe");
        shown["namespace_id"].ShouldBe(answer["namespace_id"]);
        server.Log.ShouldNotContain(line => line.Contains("s3cr3t", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"username":"a","name":"b"}""", 400, """{"error":"email is missing"}""")]
    [InlineData("""{}""", 400, """{"error":"username is missing, name is missing, email is missing"}""")]
    [InlineData("""{"username":"-a","name":"b","email":"a@b"}""", 400, """{"message":{"username":["can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'."]}}""")]
    [InlineData("""{"username":"api","name":"b","email":"a@b"}""", 400, """{"message":{"username":["api is a reserved name"]}}""")]
    [InlineData("""{"username":"a","name":"b","email":"nobody"}""", 400, """{"message":{"email":["is invalid"]}}""")]
    [InlineData("""{"username":"a","name":"b","email":"a@b","password":"1234567"}""", 400, """{"message":{"password":["is too short (minimum is 8 characters)"]}}""")]
    [InlineData("""{"username":"ROOT","name":"b","email":"other@example.com"}""", 409, """{"message":"Username has already been taken"}""")]
    [InlineData("""{"username":"root2","name":"b","email":"Admin@Example.com"}""", 409, """{"message":"Email has already been taken"}""")]
    public async Task Creating_with_bad_values_says_what_is_wrong(string body, int status, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v4/users") { Content = new StringContent(body, null, "application/json") };
        var answer = await root.AskAsync(request, cancel);
        answer.Status.ShouldBe(status);
        answer.Text.ShouldBe(text);
    }

    [Fact]
    public async Task Username_cannot_be_the_path_of_a_group()
    {
        var group = await server.CreateGroupAsync(cancel);
        var answer = await root.AskAsync("POST", "/users", cancel, new { username = group.Path, name = "n", email = $"{group.Path}@example.com" });
        answer.Status.ShouldBe(400);
        answer.Text.ShouldBe("""{"message":{"username":["has already been taken"]}}""");
        (await root.AskAsync("GET", $"/users?username={group.Path}", cancel)).Text.ShouldBe("[]");
    }

    [Fact]
    public async Task Only_administrators_create_users()
    {
        var user = await server.CreateUserAsync(cancel);
        var body = new { username = server.NewName("u"), name = "n", email = "x@example.com" };
        (await server.ClientFor(user).AskAsync("POST", "/users", cancel, body)).Status.ShouldBe(403);
        (await server.ClientFor((string?)null).AskAsync("POST", "/users", cancel, body)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Listing_filters_by_username_and_by_text_and_comes_in_pages()
    {
        var prefix = server.NewName("li_st");
        for (var i = 0; i < 3; i++) await server.CreateUserAsync(cancel, $"{prefix}-{i}");
        await server.CreateUserAsync(cancel, prefix.Replace('_', 'x')); // an underscore is no wildcard
        var page = await root.AskAsync("GET", $"/users?search={prefix.ToUpperInvariant()}&per_page=2", cancel);
        page.Json.EnumerateArray().Select(user => user.GetProperty("username").GetString()).ShouldBe([$"{prefix}-2", $"{prefix}-1"]);
        page.Header("X-Total").ShouldBe("3");
        page.Header("X-Next-Page").ShouldBe("2");
        var one = await root.AskAsync("GET", $"/users?username={prefix.ToUpperInvariant()}-1", cancel);
        one.Json.GetArrayLength().ShouldBe(1);
        (await root.AskAsync("GET", $"/users?search={prefix}-1@example.com", cancel)).Json.GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Others_see_no_email()
    {
        var (one, other) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        var answer = await server.ClientFor(one).AskAsync("GET", $"/users/{other.Id}", cancel);
        answer.Status.ShouldBe(200);
        answer["username"].ShouldBe(other.Username);
        answer.Text.ShouldNotContain("@example.com");
        (await server.ClientFor(one).AskAsync("GET", $"/users?username={other.Username}", cancel)).Text.ShouldNotContain("@example.com");
    }

    [Theory]
    [InlineData("999999", 404, """{"message":"404 User Not Found"}""")]
    [InlineData("jane", 400, """{"error":"id is invalid"}""")]
    public async Task Unknown_user_is_not_found(string id, int status, string text)
    {
        var answer = await root.AskAsync("GET", $"/users/{id}", cancel);
        answer.Status.ShouldBe(status);
        answer.Text.ShouldBe(text);
    }

    [Fact]
    public async Task Blocked_user_is_refused_at_once_and_let_in_again()
    {
        var user = await server.CreateUserAsync(cancel);
        var client = server.ClientFor(user);
        (await client.AskAsync("GET", "/user", cancel)).Status.ShouldBe(200);
        (await root.AskAsync("POST", $"/users/{user.Id}/block", cancel)).Status.ShouldBe(201);
        var refused = await client.AskAsync("GET", "/user", cancel);
        refused.Status.ShouldBe(403);
        refused.Text.ShouldBe("""{"message":"403 Forbidden - Your account has been blocked."}""");
        (await root.AskAsync("GET", $"/users/{user.Id}", cancel))["state"].ShouldBe("blocked");
        (await root.AskAsync("POST", $"/users/{user.Id}/unblock", cancel)).Status.ShouldBe(201);
        (await client.AskAsync("GET", "/user", cancel)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Nobody_blocks_themselves_or_nobody()
    {
        var self = (await root.AskAsync("GET", "/user", cancel))["id"];
        (await root.AskAsync("POST", $"/users/{self}/block", cancel)).Status.ShouldBe(403);
        (await root.AskAsync("POST", "/users/999999/block", cancel)).Status.ShouldBe(404);
    }
}

public sealed class UserTestsOnSqlite(SqliteServer fixture) : UserTests(fixture.Server), IClassFixture<SqliteServer>;
public sealed class UserTestsOnPostgres(PostgresServer fixture) : UserTests(fixture.Server), IClassFixture<PostgresServer>;
