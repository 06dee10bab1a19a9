using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;
using Microsoft.Playwright;

namespace Larder.Web.Tests;

/// <summary>One's own tokens and password.</summary>
public sealed class OwnSettingsTests(Chromium chromium, PageServer fixture) : IClassFixture<PageServer>
{
    private const string Attack = "<img src=x onerror=alert(1)>\"'";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    [Fact]
    public async Task Token_is_made_shown_once_replaced_and_revoked()
    {
        var user = await server.CreateUserAsync(cancel);
        await using var visit = await chromium.VisitAsync(server);
        var page = visit.Page;
        await visit.SignInAsync(user.Token);
        await page.GetByRole(AriaRole.Link, new() { Name = "Your settings" }).ClickAsync();
        await visit.InspectAsync("own-tokens");
        (await page.GetByText("You have signed in with this one.").CountAsync()).ShouldBe(1);
        (await page.GetByLabel("Expires on", new() { Exact = true }).InputValueAsync()).ShouldBe(Day(30));
        (await page.GetByLabel("Expires on", new() { Exact = true }).GetAttributeAsync("max")).ShouldBe(Day(365));

        await page.GetByLabel("Name").FillAsync(Attack);
        await page.GetByLabel("Description").FillAsync("for the laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the token" }).ClickAsync();
        await visit.InspectAsync("own-tokens-refused");
        (await page.Locator("#scopes-about").TextContentAsync()).ShouldBe("Scopes: is empty");
        (await page.GetByLabel("Name").InputValueAsync()).ShouldBe(Attack);
        await page.GetByLabel("read_user").CheckAsync();
        await page.GetByLabel("read_api").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the token" }).ClickAsync();

        await visit.InspectAsync("own-tokens-made");
        var first = await SecretAsync(page);
        (await server.ClientFor(first).AskAsync("GET", "/user", cancel))["username"].ShouldBe(user.Username);
        (await page.Locator("main img").CountAsync()).ShouldBe(0);
        (await page.Locator(".secret button").TextContentAsync()).ShouldBe("Copy");
        await page.ReloadAsync();
        (await page.Locator(".secret").CountAsync()).ShouldBe(0);
        (await page.ContentAsync()).ShouldNotContain(first);

        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "for the laptop" });
        (await row.TextContentAsync()).ShouldNotBeNull().ShouldContain("read_api");
        await row.GetByText("Replace", new() { Exact = true }).ClickAsync();
        await visit.InspectAsync("own-tokens-replacing");
        await row.GetByRole(AriaRole.Button, new() { Name = "Replace" }).ClickAsync();
        var second = await SecretAsync(page);
        (await server.ClientFor(first).AskAsync("GET", "/user", cancel)).Status.ShouldBe(401);
        await row.GetByText("Revoke", new() { Exact = true }).ClickAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        (await page.GetByRole(AriaRole.Status).TextContentAsync()).ShouldBe("The token is revoked.");
        (await server.ClientFor(second).AskAsync("GET", "/user", cancel)).Status.ShouldBe(401);
        await page.GetByRole(AriaRole.Link, new() { Name = "Show those that have ended" }).ClickAsync();
        (await row.CountAsync()).ShouldBe(2);
        await visit.InspectAsync("own-tokens-ended");
        await page.GetByRole(AriaRole.Link, new() { Name = "Password" }).ClickAsync();
        await page.GetByLabel("New password", new() { Exact = true }).FillAsync("short");
        await page.GetByLabel("New password once more").FillAsync("short");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set the password" }).ClickAsync();
        await visit.InspectAsync("own-password-refused");
    }

    [Fact]
    public async Task Without_scripts_a_password_is_set_and_changed_and_one_stays_signed_in()
    {
        var user = await server.CreateUserAsync(cancel);
        await using var visit = await chromium.VisitAsync(server, scripts: false);
        var page = visit.Page;
        await visit.SignInAsync(user.Token);
        await page.GotoAsync(Links.Tokens);
        await page.GetByRole(AriaRole.Link, new() { Name = "Password" }).ClickAsync();
        await FillAsync("short", "short");
        (await page.Locator("#password-about").TextContentAsync()).ShouldBe("New password is too short (minimum is 8 characters)");
        await FillAsync("correct horse", "correct house");
        (await page.GetByRole(AriaRole.Alert).TextContentAsync()).ShouldNotBeNull().ShouldContain("typed in two ways");
        await FillAsync("correct horse", "correct horse");
        (await page.GetByRole(AriaRole.Status).TextContentAsync()).ShouldNotBeNull().ShouldContain("is changed");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.GetByLabel("Username").FillAsync(user.Username);
        await page.GetByLabel("Password").FillAsync("correct horse");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in with the password" }).ClickAsync();
        await page.GotoAsync("/-/password");
        await page.GetByLabel("Present password").FillAsync("wrong horse");
        await FillAsync("another horse", "another horse");
        (await page.Locator("#current_password-about").TextContentAsync()).ShouldBe("Present password is invalid");
        await page.GetByLabel("Present password").FillAsync("correct horse");
        await FillAsync("another horse", "another horse");
        (await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).TextContentAsync()).ShouldBe($"Sign out {user.Username}");
        (await server.Get<SignIn>().WithPasswordAsync(user.Username, "another horse", cancel)).ShouldNotBeNull();

        async Task FillAsync(string password, string repeated)
        {
            await page.GetByLabel("New password", new() { Exact = true }).FillAsync(password);
            await page.GetByLabel("New password once more").FillAsync(repeated);
            await page.Locator("main button[type=submit]").ClickAsync();
        }
    }

    [Fact]
    public async Task Own_settings_are_for_whoever_is_signed_in()
    {
        using var person = new Person(server);
        (await person.GetAsync(Links.Tokens, cancel)).Header("Location").ShouldBe("/-/sign_in?return=%2F-%2Ftokens");
        (await person.PostAsync(Links.Tokens, cancel, ("do", "create"))).Header("Location").ShouldBe("/-/sign_in?return=%2F-%2Ftokens");
        await person.SignInAsync(cancel, ("token", (await server.CreateUserAsync(cancel)).Token));
        var token = await person.FormTokenAsync(Links.Tokens, cancel);
        (await person.PostAsync(Links.Tokens, cancel, ("do", "anything"), ("form_token", token))).Status.ShouldBe(403);
        (await person.PostAsync(Links.Tokens, cancel, ("do", "create"))).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Tokens_of_others_are_not_ended_and_secrets_are_for_one_session_and_page()
    {
        var (one, other) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        using var person = new Person(server);
        await person.SignInAsync(cancel, ("token", one.Token));
        var form = await person.FormTokenAsync(Links.Tokens, cancel);
        var self = await server.ClientFor(other).AskAsync("GET", "/personal_access_tokens/self", cancel);
        (await person.PostAsync(Links.Tokens, cancel, ("form_token", form), ("do", "revoke"), ("id", self["id"]!))).Status.ShouldBe(422);
        (await server.ClientFor(other).AskAsync("GET", "/user", cancel)).Status.ShouldBe(200);

        var made = await person.PostAsync(Links.Tokens, cancel,
            ("form_token", form), ("do", "create"), ("name", "mine"), ("scopes", "api"), ("expires_at", Day(3)));
        made.Status.ShouldBe(303);
        var cookie = made.Header("Set-Cookie").Split(';')[0];
        made.Header("Set-Cookie").ShouldContain("httponly");
        made.Text.ShouldNotContain("glpat-");
        (await person.GetAsync("/-/password", cancel)).Text.ShouldNotContain("glpat-");
        using var stranger = new Person(server, keepsCookies: false);
        var secret = (await server.Get<SignIn>().WithTokenAsync(other.Token, cancel))!;
        stranger.Client.DefaultRequestHeaders.Add("Cookie", $"larder_session={secret}; {cookie}");
        var page = await stranger.GetAsync(Links.Tokens, cancel);
        page.Status.ShouldBe(200);
        page.Text.ShouldNotContain("glpat-");
    }

    private static async Task<string> SecretAsync(IPage page) => (await page.Locator(".secret code").TextContentAsync())!;

    private string Day(int days) => server.Time.GetUtcNow().AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
