using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Namespaces;

public abstract class OwnAccountTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Token_for_oneself_works_and_is_told_of()
    {
        var user = await server.CreateUserAsync(cancel);
        var client = server.ClientFor(user);
        var made = await client.AskAsync("POST", "/user/personal_access_tokens", cancel,
            new { name = "laptop", description = "of mine", scopes = new[] { "read_user", "read_api" }, expires_at = Day(30) });
        made.Status.ShouldBe(201);
        made["user_id"].ShouldBe($"{user.Id}");
        made["description"].ShouldBe("of mine");
        made["expires_at"].ShouldBe(Day(30));
        made["token"].ShouldNotBeNull().ShouldStartWith("glpat-");
        (await server.ClientFor(made["token"]).AskAsync("GET", "/user", cancel))["id"].ShouldBe($"{user.Id}");
        var happened = (await root.AskAsync("GET", $"/audit_events?author_id={user.Id}", cancel)).Json[0];
        happened.GetProperty("event_name").GetString().ShouldBe("personal_access_token_created");
        happened.ToString().ShouldNotContain(made["token"]!);
    }

    [Fact]
    public async Task Token_for_oneself_lives_for_a_year_at_the_most()
    {
        var client = server.ClientFor(await server.CreateUserAsync(cancel));
        Task<Answer> CreateAsync(string? expires) => client.AskAsync("POST", "/user/personal_access_tokens", cancel,
            new { name = "a", scopes = new[] { "api" }, expires_at = expires });
        (await CreateAsync(null))["expires_at"].ShouldBe(Day(365));
        (await CreateAsync(Day(365)))["expires_at"].ShouldBe(Day(365));
        (await CreateAsync(Day(366))).Text.ShouldBe($$$"""{"message":{"expires_at":["must be on {{{Day(365)}}} at the latest"]}}""");
        (await CreateAsync(Day(0))).Text.ShouldBe("""{"message":{"expires_at":["can't be in the past"]}}""");
        (await CreateAsync(Day(1))).Status.ShouldBe(201);
    }

    [Theory]
    [InlineData("api", "api read_api read_user self_rotate k8s_proxy", 201)]
    [InlineData("api", "sudo", 400)]
    [InlineData("api sudo", "sudo", 201)]
    [InlineData("api", "read_user admin_mode", 400)]
    [InlineData("read_api read_user", "read_user", 403)]
    [InlineData("self_rotate", "self_rotate", 403)]
    public async Task Token_makes_none_that_may_more(string own, string wanted, int status)
    {
        var user = await server.CreateUserAsync(cancel);
        var client = server.ClientFor(await server.CreateTokenAsync(user.Id, cancel, own.Split(' ')));
        (await client.AskAsync("POST", "/user/personal_access_tokens", cancel, new { name = "a", scopes = wanted.Split(' ') })).Status.ShouldBe(status);
    }

    [Fact]
    public async Task Bots_and_nobody_make_none()
    {
        var project = await server.CreateProjectAsync(cancel);
        var bot = await root.AskAsync("POST", $"/projects/{project.Id}/access_tokens", cancel, new { name = "bot", scopes = new[] { "api" }, access_level = 40 });
        var body = new { name = "a", scopes = new[] { "api" }, password = "correct horse" };
        (await server.ClientFor(bot["token"]).AskAsync("POST", "/user/personal_access_tokens", cancel, body)).Status.ShouldBe(403);
        (await server.ClientFor(bot["token"]).AskAsync("PUT", "/user/password", cancel, body)).Status.ShouldBe(403);
        (await server.ClientFor((string?)null).AskAsync("POST", "/user/personal_access_tokens", cancel, body)).Status.ShouldBe(401);
        (await server.ClientFor((string?)null).AskAsync("PUT", "/user/password", cancel, body)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Too_long_words_are_refused()
    {
        var client = server.ClientFor(await server.CreateUserAsync(cancel));
        (await client.AskAsync("POST", "/user/personal_access_tokens", cancel, new { name = "a", description = new string('x', 256), scopes = new[] { "api" } }))
            .Text.ShouldBe("""{"message":{"description":["is too long (maximum is 255 characters)"]}}""");
        (await client.AskAsync("POST", "/user/personal_access_tokens", cancel, new { name = new string('x', 256), scopes = new[] { "api" } })).Status.ShouldBe(400);
    }

    [Fact]
    public async Task First_password_needs_none_before_it_and_every_later_one_does()
    {
        var user = await server.CreateUserAsync(cancel);
        var (client, signIn, sessions) = (server.ClientFor(user), server.Get<SignIn>(), server.Get<SessionStore>());
        (await client.AskAsync("PUT", "/user/password", cancel, new { password = "short" }))
            .Text.ShouldBe("""{"message":{"password":["is too short (minimum is 8 characters)"]}}""");
        (await client.AskAsync("PUT", "/user/password", cancel, new { password = "correct horse" })).Status.ShouldBe(204);
        var secret = (await signIn.WithPasswordAsync(user.Username, "correct horse", cancel)).ShouldNotBeNull();
        foreach (var wrong in (string?[])[null, "", "wrong horse"])
        {
            (await client.AskAsync("PUT", "/user/password", cancel, new { password = "another horse", current_password = wrong }))
                .Text.ShouldBe("""{"message":{"current_password":["is invalid"]}}""");
        }
        (await sessions.FindAsync(secret, cancel)).ShouldNotBeNull();
        (await client.AskAsync("PUT", "/user/password", cancel, new { password = "another horse", current_password = "correct horse" })).Status.ShouldBe(204);
        (await sessions.FindAsync(secret, cancel)).ShouldBeNull();
        (await signIn.WithPasswordAsync(user.Username, "another horse", cancel)).ShouldNotBeNull();
        var told = (await root.AskAsync("GET", $"/audit_events?author_id={user.Id}&event_name=user_password_changed", cancel));
        told.Json.GetArrayLength().ShouldBe(2);
        told.Text.ShouldNotContain("horse");
        server.Log.ShouldNotContain(line => line.Contains("horse", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Guessing_the_password_before_is_bounded()
    {
        var user = await server.CreateUserAsync(cancel);
        await server.Get<UserStore>().SetPasswordAsync(user.Id, Passwords.Hash("correct horse"), cancel);
        var client = server.ClientFor(user);
        var guess = new { password = "another horse", current_password = "wrong horse" };
        for (var i = 0; i < SignInLimit.OfName; i++) (await client.AskAsync("PUT", "/user/password", cancel, guess)).Status.ShouldBe(400);
        (await client.AskAsync("PUT", "/user/password", cancel, guess)).Status.ShouldBe(429);
    }

    private string Day(int days) => server.Time.GetUtcNow().AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

public sealed class OwnAccountTestsOnSqlite(SqliteServer fixture) : OwnAccountTests(fixture.Server), IClassFixture<SqliteServer>;
public sealed class OwnAccountTestsOnPostgres(PostgresServer fixture) : OwnAccountTests(fixture.Server), IClassFixture<PostgresServer>;
