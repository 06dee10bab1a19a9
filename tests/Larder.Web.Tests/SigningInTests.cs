using System.Net;
using AngleSharp.Html.Parser;
using Larder.Registry.Access;
using Larder.Testing;
using Larder.Web.SigningIn;

namespace Larder.Web.Tests;

/// <summary>What the pages say to those who are no browser, or no friend.</summary>
public sealed class SigningInTests(PageServer fixture) : IClassFixture<PageServer>
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    [Fact]
    public async Task Cookie_of_a_session_is_for_this_host_and_not_for_scripts()
    {
        using var person = new Person(server);
        var answer = await person.SignInAsync(cancel, ("token", LarderServer.RootToken));
        answer.Status.ShouldBe(303);
        answer.Header("Location").ShouldBe("/");
        answer.Header("Set-Cookie").ShouldContain("larder_session=");
        answer.Header("Set-Cookie").ShouldEndWith("path=/; samesite=lax; httponly");
        (await person.GetAsync("/", cancel)).Text.ShouldContain("Sign out root");
    }

    [Fact]
    public async Task Behind_https_the_cookie_is_bound_to_it()
    {
        await using var secure = await LarderServer.StartAsync(cancel, options: (data, database) => new()
        {
            DataDirectory = data, Database = database, InitialRootToken = LarderServer.RootToken, ExternalUrl = "https://packages.example",
        }, pages: true);
        using var person = new Person(secure, keepsCookies: false);
        var page = await person.GetAsync("/-/sign_in", cancel);
        page.Header("Set-Cookie").ShouldStartWith("__Host-larder_form=");
        page.Header("Set-Cookie").ShouldEndWith("path=/; secure; samesite=lax; httponly");
    }

    [Fact]
    public async Task Pages_allow_no_foreign_or_inline_script_and_no_frame()
    {
        using var person = new Person(server);
        foreach (var path in (string[])["/", "/-/sign_in", "/nothing/here"])
        {
            var answer = await person.GetAsync(path, cancel);
            answer.Header("Content-Security-Policy").ShouldStartWith("default-src 'none'; style-src 'self'; script-src 'self';");
            answer.Header("Content-Security-Policy").ShouldNotContain("unsafe");
            answer.Header("X-Frame-Options").ShouldBe("DENY");
            answer.Header("X-Content-Type-Options").ShouldBe("nosniff");
            answer.Header("Referrer-Policy").ShouldBe("same-origin");
            answer.Header("Cache-Control").ShouldBe("no-store");
        }
    }

    [Fact]
    public async Task Styles_are_kept_by_browsers_and_their_address_changes_with_them()
    {
        using var person = new Person(server);
        var page = await new HtmlParser().ParseDocumentAsync((await person.GetAsync("/", cancel)).Text, cancel);
        foreach (var link in page.QuerySelectorAll("link[rel=stylesheet]"))
        {
            var style = await person.GetAsync(link.GetAttribute("href")!, cancel);
            style.Status.ShouldBe(200);
            style.Header("Cache-Control").ShouldBe("public, max-age=31536000, immutable");
            style.Header("Content-Type").ShouldBe("text/css; charset=utf-8");
        }
        (await person.GetAsync("/-/assets/0123456789abcdef/larder.css", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Api_does_not_take_the_cookie()
    {
        using var person = new Person(server);
        await person.SignInAsync(cancel, ("token", LarderServer.RootToken));
        (await person.GetAsync("/api/v4/user", cancel)).Status.ShouldBe(401);
        (await person.GetAsync("/api/v4/nothing", cancel)).Text.ShouldBe("""{"error":"404 Not Found"}""");
    }

    [Fact]
    public async Task Forms_of_others_change_nothing()
    {
        using var person = new Person(server);
        await person.SignInAsync(cancel, ("token", LarderServer.RootToken));
        var path = server.NewName("forged");
        foreach (var token in (string[])["", "0123", new string('0', 64)])
            (await person.PostAsync("/-/groups/new", cancel, ("form_token", token), ("name", path), ("path", path))).Status.ShouldBe(403);
        (await person.PostAsync("/-/sign_out", cancel, ("form_token", ""))).Status.ShouldBe(403);
        (await person.GetAsync("/" + path, cancel)).Status.ShouldBe(404);
        (await person.GetAsync("/", cancel)).Text.ShouldContain("Sign out root");
        using var stranger = new Person(server);
        (await stranger.PostAsync("/-/sign_in", cancel, ("form_token", new string('0', 64)), ("token", LarderServer.RootToken))).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Form_from_another_site_is_refused_even_with_its_token()
    {
        using var person = new Person(server);
        await person.SignInAsync(cancel, ("token", LarderServer.RootToken));
        var token = await person.FormTokenAsync("/-/groups/new", cancel);
        person.Client.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");
        (await person.PostAsync("/-/groups/new", cancel, ("form_token", token), ("name", "x"), ("path", "x"))).Status.ShouldBe(403);
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("https://evil.example/")]
    [InlineData("/\t/evil.example/")]
    [InlineData("evil")]
    public async Task Nobody_is_sent_to_another_host(string address)
    {
        using var person = new Person(server);
        (await person.SignInAsync(cancel, ("token", LarderServer.RootToken), ("return", address))).Header("Location").ShouldBe("/");
    }

    [Fact]
    public async Task Ended_session_leads_to_signing_in_and_back()
    {
        await using var own = await LarderServer.StartAsync(cancel, pages: true);
        using var person = new Person(own);
        await person.SignInAsync(cancel, ("token", LarderServer.RootToken));
        (await person.GetAsync("/-/projects/new?namespace=7", cancel)).Status.ShouldBe(200);
        own.Time.Advance(SessionStore.Idle);
        var answer = await person.GetAsync("/-/projects/new?namespace=7", cancel);
        answer.Status.ShouldBe(303);
        answer.Header("Location").ShouldBe("/-/sign_in?return=%2F-%2Fprojects%2Fnew%3Fnamespace%3D7");
        (await person.SignInAsync(cancel, ("token", LarderServer.RootToken), ("return", "/-/projects/new?namespace=7")))
            .Header("Location").ShouldBe("/-/projects/new?namespace=7");
    }

    [Fact]
    public async Task Password_opens_a_session_and_its_change_ends_it()
    {
        var name = server.NewName("anna");
        var root = server.ClientFor(LarderServer.RootToken);
        var made = await root.AskAsync("POST", "/users", cancel, new { username = name, name = "Anna", email = $"{name}@example.com", password = "correct horse" });
        made.Status.ShouldBe(201);
        using var person = new Person(server);
        (await person.SignInAsync(cancel, ("username", name), ("password", "Correct horse"))).Status.ShouldBe(422);
        (await person.SignInAsync(cancel, ("username", name.ToUpperInvariant()), ("password", "correct horse"))).Status.ShouldBe(303);
        (await person.GetAsync("/", cancel)).Text.ShouldContain($"Sign out {name}");
        (await root.AskAsync("PUT", $"/users/{made["id"]}", cancel, new { password = "another horse" })).Status.ShouldBe(200);
        (await person.GetAsync("/", cancel)).Text.ShouldNotContain("Sign out");
        (await person.SignInAsync(cancel, ("username", name), ("password", "correct horse"))).Status.ShouldBe(422);
        (await person.SignInAsync(cancel, ("username", name), ("password", "another horse"))).Status.ShouldBe(303);
        server.Log.ShouldNotContain(line => line.Contains("horse", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_fails_too_often_waits()
    {
        await using var own = await LarderServer.StartAsync(cancel, pages: true);
        using var person = new Person(own);
        for (var i = 0; i < SignInLimit.OfName; i++)
            (await person.SignInAsync(cancel, ("username", i % 2 == 0 ? "root" : "ROOT"), ("password", "wrong"))).Status.ShouldBe(422);
        var refused = await person.SignInAsync(cancel, ("username", "root"), ("password", "wrong"));
        refused.Status.ShouldBe(429);
        refused.Header("Retry-After").ShouldBe("300");
        (await person.SignInAsync(cancel, ("token", LarderServer.RootToken))).Status.ShouldBe(303);
        using var another = new Person(own);
        for (var i = SignInLimit.OfName + 1; i < SignInLimit.OfAddress; i++)
            (await another.SignInAsync(cancel, ("token", $"wrong-{i}"))).Status.ShouldBe(422);
        (await another.SignInAsync(cancel, ("token", LarderServer.RootToken))).Status.ShouldBe(429);
        own.Time.Advance(SignInLimit.Span);
        (await another.SignInAsync(cancel, ("token", LarderServer.RootToken))).Status.ShouldBe(303);
    }

    [Fact]
    public async Task Failed_sign_ins_are_told_by_their_form_and_logged_without_what_was_typed()
    {
        await using var own = await LarderServer.StartAsync(cancel, pages: true);
        using var person = new Person(own);
        // Whoever exists, has no password or does not exist at all is told the same.
        var answers = new List<string>();
        foreach (var name in (string[])["root", "nobody-typed", ""])
        {
            var answer = await person.SignInAsync(cancel, ("username", name), ("password", "secret-typed"));
            answer.Status.ShouldBe(422);
            answers.Add((await new HtmlParser().ParseDocumentAsync(answer.Text, cancel)).QuerySelector("[role=alert]")!.TextContent.Trim());
        }
        answers.Distinct().ShouldBe(["The username or the password is wrong, or the user may not sign in."]);
        foreach (var token in (string[])["glpat-typed", ""])
            (await person.SignInAsync(cancel, ("token", token))).Text.ShouldContain("A token must be a person&#x27;s own");
        Logged("was refused").ShouldBe([.. Enumerable.Repeat("Warning 2010 A sign-in from 127.0.0.1 was refused: Password", 3),
            .. Enumerable.Repeat("Warning 2010 A sign-in from 127.0.0.1 was refused: Token", 2)]);
        own.Log.ShouldNotContain(line => line.Contains("typed", StringComparison.Ordinal));

        for (var i = 5; i < SignInLimit.OfAddress; i++) await person.SignInAsync(cancel, ("token", "glpat-typed"));
        for (var i = 0; i < 3; i++) (await person.SignInAsync(cancel, ("token", "glpat-typed"))).Status.ShouldBe(429);
        Logged("unseen").ShouldBe(["Warning 2011 Sign-ins from 127.0.0.1 are refused unseen: 30 have failed within 00:05:00"]);
        Logged("was refused").Count().ShouldBe(SignInLimit.OfAddress);

        own.Time.Advance(SignInLimit.Span);
        for (var i = 0; i < SignInLimit.OfName + 3; i++) await person.SignInAsync(cancel, ("username", "typed"), ("password", "typed"));
        Logged("unseen").Last().ShouldBe("Warning 2012 Sign-ins with one name are refused unseen, the last from 127.0.0.1: 10 have failed within 00:05:00");
        Logged("unseen").Count().ShouldBe(2);

        IEnumerable<string> Logged(string words) => own.Log.Where(line => line.Contains(words, StringComparison.Ordinal)).Select(line => line.Trim());
    }

    [Fact]
    public async Task What_one_may_not_see_is_as_what_is_not_there()
    {
        var project = await server.CreateProjectAsync(cancel);
        var user = await server.CreateUserAsync(cancel);
        using var person = new Person(server);
        await person.SignInAsync(cancel, ("token", user.Token));
        var hidden = await person.GetAsync("/" + project.FullPath, cancel);
        var absent = await person.GetAsync("/" + project.FullPath + "x", cancel);
        hidden.Status.ShouldBe(404);
        absent.Status.ShouldBe(404);
        hidden.Text.Replace(project.FullPath, "", StringComparison.Ordinal).ShouldBe(absent.Text.Replace(project.FullPath + "x", "", StringComparison.Ordinal));
        (await person.GetAsync("/" + project.FullPath.Split('/')[0], cancel)).Status.ShouldBe(404);
    }
}

/// <summary>Somebody with cookies and without a browser.</summary>
internal sealed class Person : IDisposable
{
    private readonly HttpClientHandler handler;

    public Person(LarderServer server, bool keepsCookies = true)
    {
        handler = new HttpClientHandler { AllowAutoRedirect = false, UseCookies = keepsCookies };
        Client = new HttpClient(handler) { BaseAddress = server.BaseAddress };
    }

    public HttpClient Client { get; }

    public void Dispose()
    {
        Client.Dispose();
        handler.Dispose();
    }

    public async Task<Answer> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await Client.AskAsync(request, cancellationToken);
    }

    public async Task<Answer> PostAsync(string path, CancellationToken cancellationToken, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))),
        };
        return await Client.AskAsync(request, cancellationToken);
    }

    public async Task<string> FormTokenAsync(string path, CancellationToken cancellationToken)
    {
        var page = await new HtmlParser().ParseDocumentAsync((await GetAsync(path, cancellationToken)).Text, cancellationToken);
        return page.QuerySelector("main input[name=form_token]")!.GetAttribute("value")!;
    }

    public async Task<Answer> SignInAsync(CancellationToken cancellationToken, params (string Name, string Value)[] fields)
    {
        // Whoever is signed in already is sent on from the form.
        foreach (Cookie cookie in handler.CookieContainer.GetCookies(Client.BaseAddress!)) cookie.Expired = true;
        return await PostAsync("/-/sign_in", cancellationToken, [("form_token", await FormTokenAsync("/-/sign_in", cancellationToken)), .. fields]);
    }
}
