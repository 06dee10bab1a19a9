using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Access;

/// <summary>Sessions of browsers, each test on a user of its own.</summary>
public abstract class SessionTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly SessionStore sessions = server.Get<SessionStore>();
    private readonly SignIn signIn = server.Get<SignIn>();

    [Fact]
    public async Task Session_has_the_rights_of_its_user_and_ends_with_its_token()
    {
        var user = await server.CreateUserAsync(cancel);
        var secret = (await signIn.WithTokenAsync(user.Token, cancel)).ShouldNotBeNull();
        var session = (await sessions.FindAsync(secret, cancel)).ShouldNotBeNull();
        session.Caller.UserId.ShouldBe(user.Id);
        session.Caller.Username.ShouldBe(user.Username);
        session.Caller.IsAdmin.ShouldBeFalse();
        session.Caller.Scopes.ShouldBe(Scopes.Api);
        (await sessions.FindAsync(secret + "x", cancel)).ShouldBeNull();
        (await server.ClientFor(user).AskAsync("DELETE", "/personal_access_tokens/self", cancel)).Status.ShouldBe(204);
        (await sessions.FindAsync(secret, cancel)).ShouldBeNull();
        (await signIn.WithTokenAsync(user.Token, cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task Session_ends_when_it_is_told_to_and_for_a_blocked_user()
    {
        var user = await server.CreateUserAsync(cancel);
        var (first, second) = ((await signIn.WithTokenAsync(user.Token, cancel))!, (await signIn.WithTokenAsync(user.Token, cancel))!);
        await sessions.EndAsync(first, cancel);
        (await sessions.FindAsync(first, cancel)).ShouldBeNull();
        (await sessions.FindAsync(second, cancel)).ShouldNotBeNull();
        await server.Get<UserStore>().SetStateAsync(user.Id, UserState.Blocked, cancel);
        (await sessions.FindAsync(second, cancel)).ShouldBeNull();
        (await signIn.WithTokenAsync(user.Token, cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task Narrow_tokens_and_bots_open_none()
    {
        var user = await server.CreateUserAsync(cancel);
        (await signIn.WithTokenAsync(await server.CreateTokenAsync(user.Id, cancel, "read_api", "read_user"), cancel)).ShouldBeNull();
        var project = await server.CreateProjectAsync(cancel);
        var bot = await server.ClientFor(LarderServer.RootToken).AskAsync("POST", $"/projects/{project.Id}/access_tokens", cancel,
            new { name = "bot", scopes = new[] { "api" }, access_level = 40 });
        bot.Status.ShouldBe(201);
        (await signIn.WithTokenAsync(bot["token"]!, cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task Password_is_checked_whole_and_only_its_hash_is_kept()
    {
        var name = server.NewName("anna");
        var user = await server.Get<UserStore>().CreateAsync(
            new NewUser(name, name, $"{name}@example.com", false) { PasswordHash = Passwords.Hash("correct horse") }, cancel);
        var secret = (await signIn.WithPasswordAsync(name.ToUpperInvariant(), "correct horse", cancel)).ShouldNotBeNull();
        (await sessions.FindAsync(secret, cancel))!.Caller.Scopes.ShouldBe(Scopes.Api);
        (await signIn.WithPasswordAsync(name, "correct horse ", cancel)).ShouldBeNull();
        (await signIn.WithPasswordAsync(name, "", cancel)).ShouldBeNull();
        (await signIn.WithPasswordAsync(name, new string('x', Passwords.Longest + 1), cancel)).ShouldBeNull();
        (await signIn.WithPasswordAsync("nobody-of-this-name", "correct horse", cancel)).ShouldBeNull();
        (await signIn.WithPasswordAsync("root", "", cancel)).ShouldBeNull();
        var kept = await server.Get<Database>().ReadAsync(
            session => session.SingleAsync<string>("select password_hash from users where id = @Id", new { user.Id }), cancel);
        kept.ShouldNotContain("horse");

        await server.Get<UserStore>().ChangeAsync(
            user, new UserChanges(name, name, user.Email, false) { PasswordHash = Passwords.Hash("another horse") }, cancel);
        (await sessions.FindAsync(secret, cancel)).ShouldBeNull();
        (await signIn.WithPasswordAsync(name, "correct horse", cancel)).ShouldBeNull();
        (await signIn.WithPasswordAsync(name, "another horse", cancel)).ShouldNotBeNull();
    }
}

/// <summary>Those that move the clock, on a server of their own.</summary>
public abstract class SessionTimeTests
{
    protected static async Task EndAsync(LarderServer server)
    {
        var cancel = TestContext.Current.CancellationToken;
        var sessions = server.Get<SessionStore>();
        var user = await server.CreateUserAsync(cancel);
        var (used, unused) = (await sessions.BeginAsync(user.Id, null, cancel), await sessions.BeginAsync(user.Id, null, cancel));
        var end = server.Time.GetUtcNow() + SessionStore.Longest;
        var step = SessionStore.Idle / 2;
        for (var i = 0; server.Time.GetUtcNow() + step < end; i++)
        {
            server.Time.Advance(step);
            (await sessions.FindAsync(used, cancel)).ShouldNotBeNull();
            if (i == 1) (await sessions.FindAsync(unused, cancel)).ShouldBeNull();
        }
        server.Time.Advance(end - server.Time.GetUtcNow());
        (await sessions.FindAsync(used, cancel)).ShouldBeNull();
        await sessions.BeginAsync(user.Id, null, cancel);
        (await server.Get<Database>().ReadAsync(session => session.SingleAsync<long>("select count(*) from sessions"), cancel)).ShouldBe(1);
    }
}

public sealed class SqliteSessionTests(SqliteServer fixture) : SessionTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class PostgresSessionTests(PostgresServer fixture) : SessionTests(fixture.Server), IClassFixture<PostgresServer>;

public sealed class SqliteSessionTimeTests(SqliteServer fixture) : SessionTimeTests, IClassFixture<SqliteServer>
{
    [Fact]
    public Task Session_lives_while_it_is_used_and_no_longer_than_a_week() => EndAsync(fixture.Server);
}

public sealed class PostgresSessionTimeTests(PostgresServer fixture) : SessionTimeTests, IClassFixture<PostgresServer>
{
    [Fact]
    public Task Session_lives_while_it_is_used_and_no_longer_than_a_week() => EndAsync(fixture.Server);
}
