using System.Net;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Namespaces;
using Larder.Testing;
using OpenIddict.Abstractions;

namespace Larder.Web.Tests;

/// <summary>Signing in by an OpenID provider.</summary>
public sealed class OpenIdTests : IClassFixture<SharedProvider>
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private const string Callback = "/-/sign_in/openid/callback";
    private readonly TestProvider provider;

    public OpenIdTests(SharedProvider shared)
    {
        provider = shared.Provider;
        provider.Forget();
        provider.Claims.AddRange([("sub", "subject-7"), ("preferred_username", "anna@example.com"), ("name", "Anna"), ("email", "anna@example.com")]);
    }

    [Fact]
    public async Task Person_with_a_stored_identity_signs_in_and_comes_back_to_where_she_was()
    {
        await using var server = await StartAsync();
        var (user, other) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        using var root = server.ClientFor(LarderServer.RootToken);
        (await root.AskAsync("PUT", $"/users/{user.Id}", cancel, new { extern_uid = "subject-7" })).Status.ShouldBe(200);
        (await root.AskAsync("PUT", $"/users/{other.Id}", cancel, new { extern_uid = "subject-7" })).Status.ShouldBe(409);
        (await root.AskAsync("POST", "/users", cancel, new { username = "x", name = "x", email = "x@example.com", extern_uid = "subject-7" })).Status.ShouldBe(409);
        (await root.AskAsync("POST", "/users", cancel, new { username = "x", name = "x", email = "x@example.com", extern_uid = "subject-9" })).Status.ShouldBe(201);
        using var person = new Person(server);
        (await person.GetAsync("/-/sign_in?return=/a/b", cancel)).Text.ShouldContain("href=\"/-/sign_in/openid?return=%2Fa%2Fb\"");
        var back = await SignInAsync(person, "/a/b");
        (back.Status, back.Header("Location")).ShouldBe((303, "/a/b"), back.Text);
        back.Header("Set-Cookie").ShouldContain("larder_session=");
        (await person.GetAsync("/", cancel)).Text.ShouldContain($"Sign out {user.Username}");
        using var client = server.ClientFor(user);
        foreach (var knowing in (HttpClient[])[root, client])
        {
            var identity = (await knowing.AskAsync("GET", $"/users/{user.Id}", cancel)).Json.GetProperty("identities")[0];
            identity.GetProperty("provider").GetString().ShouldBe("openid_connect");
            identity.GetProperty("extern_uid").GetString().ShouldBe("subject-7");
            identity.GetProperty("issuer").GetString().ShouldBe(provider.Url.TrimEnd('/'));
        }
        (await client.AskAsync("GET", "/user", cancel)).Json.GetProperty("identities").GetArrayLength().ShouldBe(1);
        (await client.AskAsync("GET", $"/users/{other.Id}", cancel)).Json.TryGetProperty("identities", out _).ShouldBeFalse();
        (await root.AskAsync("GET", $"/users/{other.Id}", cancel)).Json.GetProperty("identities").GetArrayLength().ShouldBe(0);
        var happened = (await server.Get<AuditLog>().ListAsync(new AuditFilter(EventName: "user_signed_in"), null, 10, cancel)).ShouldHaveSingleItem();
        (happened.AuthorId, happened.Target).ShouldBe((user.Id, "OpenID Connect"));
        happened.Parameters.ShouldContain("subject-7");
        server.Log.ShouldNotContain(line => line.Contains(TestProvider.ClientSecret, StringComparison.Ordinal));

        await server.Get<UserStore>().SetStateAsync(user.Id, UserState.Blocked, cancel);
        using var again = new Person(server);
        var blocked = await SignInAsync(again);
        blocked.Status.ShouldBe(403);
        blocked.Text.ShouldContain("Your account is blocked.");
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("https://evil.example/")]
    [InlineData("/-/sign_in/openid")]
    public async Task Nobody_is_sent_to_another_host_or_round_in_circles(string address)
    {
        await using var server = await StartAsync(create: true);
        using var person = new Person(server);
        (await SignInAsync(person, address)).Header("Location").ShouldBe("/");
    }

    [Fact]
    public async Task Unknown_person_is_told_that_an_administrator_must_make_an_account()
    {
        await using var server = await StartAsync();
        await server.CreateUserAsync(cancel, "anna"); // the same name, and the e-mail address anna@example.com: that is not enough
        using var person = new Person(server);
        var refused = await SignInAsync(person);
        refused.Status.ShouldBe(403);
        refused.Text.ShouldContain("An administrator must make one and connect it with you; the provider calls you subject-7.");
        (await person.GetAsync("/", cancel)).Text.ShouldNotContain("Sign out");
        (await server.Get<AuditLog>().ListAsync(new AuditFilter(EventName: "user_sign_in_refused"), null, 10, cancel)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Verified_address_connects_where_the_operator_wants_it_and_an_unverified_one_never()
    {
        await using var server = await StartAsync(byEmail: true);
        var user = await server.CreateUserAsync(cancel, "anna");
        using var person = new Person(server);
        (await SignInAsync(person)).Status.ShouldBe(403);
        provider.Claims.Add(("email_verified", "true"));
        (await SignInAsync(person)).Status.ShouldBe(303);
        (await server.Get<IdentityStore>().FindUserAsync(provider.Url, "subject-7", cancel)).ShouldBe(user.Id);
        provider.Claims[0] = ("sub", "subject-8"); // somebody else has the address now
        using var other = new Person(server);
        (await SignInAsync(other)).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Unknown_person_gets_an_account_where_the_operator_wants_it()
    {
        await using var server = await StartAsync(create: true);
        using var person = new Person(server);
        (await SignInAsync(person)).Status.ShouldBe(303);
        (await person.GetAsync("/", cancel)).Text.ShouldContain("Sign out anna");
        provider.Claims[0] = ("sub", "subject-8");
        using var other = new Person(server);
        (await SignInAsync(other)).Text.ShouldContain("There is an account with the name anna or your e-mail address already.");
        provider.Claims[1] = ("preferred_username", "<b>");
        (await SignInAsync(other)).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Provider_makes_administrators_and_takes_it_back()
    {
        await using var server = await StartAsync(create: true);
        provider.Claims.AddRange([("groups", "people"), ("groups", "larder-admins")]);
        using var person = new Person(server);
        await SignInAsync(person);
        (await person.GetAsync("/-/admin", cancel)).Status.ShouldBe(200);
        provider.Claims.RemoveAll(claim => claim.Value == "larder-admins");
        using var again = new Person(server);
        await SignInAsync(again);
        (await again.GetAsync("/-/admin", cancel)).Status.ShouldBe(404);
        (await person.GetAsync("/-/admin", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Last_administrator_stays_one_whatever_the_provider_says()
    {
        await using var server = await StartAsync(create: true);
        provider.Claims.Add(("groups", "larder-admins"));
        using var person = new Person(server);
        await SignInAsync(person);
        provider.Claims.RemoveAll(claim => claim.Value == "larder-admins");
        var users = server.Get<UserStore>();
        await users.SetStateAsync(1, UserState.Blocked, cancel); // root, the other one
        using var last = new Person(server);
        (await SignInAsync(last)).Status.ShouldBe(303);
        (await last.GetAsync("/-/admin", cancel)).Status.ShouldBe(200);
        server.Log.ShouldContain(line => line.StartsWith("Warning 7022", StringComparison.Ordinal) && line.Contains("anna", StringComparison.Ordinal));
        await users.SetStateAsync(1, UserState.Active, cancel);
        using var again = new Person(server);
        await SignInAsync(again);
        (await again.GetAsync("/-/admin", cancel)).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("nonce")]
    [InlineData("audience")]
    [InlineData("expired")]
    [InlineData("state")]
    [InlineData("code")]
    [InlineData("browser")]
    public async Task What_does_not_hold_signs_nobody_in(string what)
    {
        await using var server = await StartAsync(create: true);
        provider.Falsify = what switch
        {
            "nonce" => token => token.SetClaim("nonce", "another"),
            "audience" => token => token.SetAudiences("another"),
            "expired" => token => token.SetCreationDate(DateTimeOffset.UtcNow.AddHours(-2)).SetExpirationDate(DateTimeOffset.UtcNow.AddHours(-1)),
            _ => null,
        };
        using var person = new Person(server);
        var back = await VisitAsync(person, "/");
        back = what switch
        {
            "state" => back.Replace("state=", "state=x", StringComparison.Ordinal),
            "code" => back.Replace("code=", "code=x", StringComparison.Ordinal),
            _ => back,
        };
        using var another = new Person(server);
        var refused = await (what == "browser" ? another : person).GetAsync(back, cancel);
        refused.Status.ShouldBe(403, refused.Text);
        refused.Text.ShouldContain("did not sign you in");
        refused.Text.ShouldNotContain("IDX2", Case.Sensitive);
        refused.Text.ShouldNotContain("Exception");
        server.Log.ShouldContain(line => line.StartsWith("Warning 7021", StringComparison.Ordinal));
        (await person.GetAsync("/", cancel)).Text.ShouldNotContain("Sign out");
    }

    [Fact]
    public async Task Answer_is_good_once()
    {
        await using var server = await StartAsync(create: true);
        using var person = new Person(server);
        var back = await VisitAsync(person, "/");
        (await person.GetAsync(back, cancel)).Status.ShouldBe(303);
        (await person.GetAsync(back, cancel)).Status.ShouldBe(403);
        (await person.GetAsync(Callback, cancel)).Status.ShouldBe(403);
        (await person.GetAsync($"{Callback}?error=access_denied&error_description=%3Cscript%3E&state=x", cancel)).Text.ShouldNotContain("<script>");
    }

    [Fact]
    public async Task Provider_that_is_down_is_told_in_words_and_passwords_still_work()
    {
        await using var server = await StartAsync(authority: $"http://127.0.0.1:{Ports.Free()}");
        using var person = new Person(server);
        var refused = await person.GetAsync("/-/sign_in/openid", cancel);
        refused.Status.ShouldBe(503);
        refused.Text.ShouldContain("OpenID Connect does not answer just now.");
        refused.Text.ShouldNotContain("Exception");
        server.Log.ShouldContain(line => line.StartsWith("Warning 7020", StringComparison.Ordinal));
        (await person.SignInAsync(cancel, ("token", LarderServer.RootToken))).Status.ShouldBe(303);
    }

    [Fact]
    public async Task Provider_that_dies_between_leaving_and_coming_back_is_told_in_words()
    {
        await using var mortal = await TestProvider.StartAsync(cancel);
        mortal.Claims.Add(("sub", "subject-7"));
        await using var server = await StartAsync(authority: mortal.Url);
        using var person = new Person(server);
        var back = await VisitAsync(person, "/");
        await mortal.StopAsync(cancel);
        var refused = await person.GetAsync(back, cancel);
        refused.Status.ShouldBe(503);
        refused.Text.ShouldContain("does not answer just now");
    }

    [Fact]
    public async Task Slow_provider_holds_nobody_else_up()
    {
        await using var server = await StartAsync(create: true);
        var answer = new TaskCompletionSource();
        provider.Until = answer.Task;
        using var person = new Person(server);
        var leaving = person.GetAsync("/-/sign_in/openid", cancel);
        using var other = new Person(server);
        (await other.SignInAsync(cancel, ("token", LarderServer.RootToken))).Status.ShouldBe(303);
        leaving.IsCompleted.ShouldBeFalse();
        answer.SetResult();
        (await leaving).Status.ShouldBe(302);
    }

    [Fact]
    public async Task Without_a_provider_there_is_no_such_page()
    {
        await using var server = await LarderServer.StartAsync(cancel, pages: true);
        using var person = new Person(server);
        (await person.GetAsync("/-/sign_in", cancel)).Text.ShouldNotContain("openid");
        (await person.GetAsync("/-/sign_in/openid", cancel)).Status.ShouldBe(404);
        using var root = server.ClientFor(LarderServer.RootToken);
        (await root.AskAsync("PUT", "/users/1", cancel, new { extern_uid = "subject-7" })).Text.ShouldContain("this server has no OpenID provider");
        (await person.GetAsync(Callback + "?code=1&state=2", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Whoever_fails_too_often_waits()
    {
        await using var server = await StartAsync();
        using var person = new Person(server);
        for (var i = 0; i < 30; i++) (await person.GetAsync(Callback, cancel)).Status.ShouldBe(403);
        (await person.GetAsync(Callback, cancel)).Status.ShouldBe(429);
        (await person.GetAsync("/-/sign_in/openid", cancel)).Status.ShouldBe(429);
    }

    private async Task<Answer> SignInAsync(Person person, string back = "/") => await person.GetAsync(await VisitAsync(person, back), cancel);

    // To the provider and with its answer back to the door: the address that the browser is sent to.
    private async Task<string> VisitAsync(Person person, string back)
    {
        var leaving = await person.GetAsync($"/-/sign_in/openid?return={Uri.EscapeDataString(back)}", cancel);
        leaving.Status.ShouldBe(302, leaving.Text);
        var address = leaving.Header("Location");
        foreach (var part in (string[])["response_type=code", "code_challenge_method=S256", "nonce=", "state="]) address.ShouldContain(part);
        address.ShouldNotContain("response_mode=form_post");
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        using var answer = await browser.GetAsync(address, cancel);
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect, await answer.Content.ReadAsStringAsync(cancel));
        return answer.Headers.Location!.PathAndQuery;
    }

    private async Task<LarderServer> StartAsync(bool create = false, bool byEmail = false, string? authority = null) => await LarderServer.StartAsync(
        cancel, pages: true, options: (data, database) => new LarderOptions
        {
            DataDirectory = data, Database = database, InitialRootToken = LarderServer.RootToken,
            SignIn = new SignInOptions
            {
                OpenIdConnect = new OpenIdOptions
                {
                    Authority = authority ?? provider.Url, TimeoutSeconds = 600, ClientId = TestProvider.ClientId, ClientSecret = TestProvider.ClientSecret, CreateUsers = create, MatchByEmail = byEmail,
                    AdministratorClaim = "groups", AdministratorValue = "larder-admins",
                },
            },
        });
}

/// <summary>One provider for all these tests, which run one after the other: making its keys takes a while.</summary>
public sealed class SharedProvider : IAsyncLifetime
{
    internal TestProvider Provider { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Provider = await TestProvider.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => Provider.DisposeAsync();
}
