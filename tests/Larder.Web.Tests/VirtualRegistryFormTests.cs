using System.Xml.Linq;
using Larder.Registry.Access;
using Larder.Testing;

namespace Larder.Web.Tests;

/// <summary>The forms and lines of virtual registries without a browser.</summary>
public sealed class VirtualRegistryFormTests(PageServer fixture) : IClassFixture<PageServer>
{
    private const string Attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'${x}";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly LarderServer server = fixture.Server;

    [Theory]
    [InlineData("access", "Private-Token")]
    [InlineData("deploy", "Deploy-Token")]
    [InlineData("no such kind", "Private-Token")]
    public async Task Settings_of_Maven_as_they_are_shown_fetch_a_file(string kind, string header)
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var registry = await world.AddRegistryAsync("Maven & <\u0001>");
        var (upstream, url) = world.NewUpstream();
        upstream.File("/org/acme/tool/1.0/tool-1.0.jar", "bytes"u8.ToArray());
        await world.AddUpstreamAsync(registry, new { url, name = "acme" });
        using var person = await world.SignInAsync();
        var page = await world.PageAsync(person, $"/-/virtual_registries/{registry}?token={Uri.EscapeDataString(kind)}");

        var settings = XDocument.Parse(page.QuerySelector("pre[data-file='settings.xml']")!.TextContent);
        var names = settings.Root!.Name.Namespace;
        settings.Root.Name.LocalName.ShouldBe("settings");
        var mirror = settings.Descendants(names + "mirror").ShouldHaveSingleItem();
        mirror.Element(names + "mirrorOf")!.Value.ShouldBe("*");
        mirror.Element(names + "name")!.Value.ShouldBe("Maven & <?>");
        settings.Descendants(names + "server").ShouldHaveSingleItem().Element(names + "id")!.Value.ShouldBe(mirror.Element(names + "id")!.Value);
        var property = settings.Descendants(names + "property").ShouldHaveSingleItem();
        property.Element(names + "name")!.Value.ShouldBe(header);
        property.Element(names + "value")!.Value.ShouldBe("${env.LARDER_TOKEN}");
        var token = header == "Deploy-Token"
            ? (await world.Root.AskAsync("POST", $"/groups/{world.Group.Id}/deploy_tokens", cancel, new { name = "build", scopes = new[] { "read_virtual_registry" } }))["token"]!
            : LarderServer.RootToken;
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, mirror.Element(names + "url")!.Value + "/org/acme/tool/1.0/tool-1.0.jar");
        request.Headers.Add(header, token);
        (await client.AskAsync(request, cancel)).Text.ShouldBe("bytes");
        foreach (var file in (string[])["settings.gradle", "settings.gradle.kts"])
        {
            var lines = page.QuerySelector($"pre[data-file='{file}']")!.TextContent;
            lines.ShouldContain(mirror.Element(names + "url")!.Value);
            lines.ShouldContain(header);
        }
    }

    [Fact]
    public async Task Everything_goes_without_scripts()
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var (upstream, url) = world.NewUpstream();
        upstream.Otherwise((request, answer) => answer.HeadAsync(request.Headers.ContainsKey("authorization") ? 404 : 503, ("Content-Length", "0")));
        using var person = await world.SignInAsync();
        var made = await world.SubmitAsync(person, $"/-/groups/{world.Group.Id}/virtual_registries/new", "Create the registry", ("name", "plain"), ("metadata_strategy", "first"));
        var registry = made.Header("Location");
        made.Status.ShouldBe(303);
        (await world.SubmitAsync(person, registry + "/edit", "Save the registry", ("name", " "))).Text.ShouldContain("Name is empty");
        (await world.SubmitAsync(person, registry + "/edit", "Save the registry", ("description", "About it"))).Status.ShouldBe(303);

        var form = registry + "/upstreams/new";
        var tested = await world.SubmitAsync(person, form, "Test the connection", ("name", "x"), ("url", url));
        tested.Status.ShouldBe(200);
        tested.Text.ShouldContain("In trouble: it answered 503");
        tested.Text.ShouldContain($" for {url}/com/company/app/maven-metadata.xml. Try again later.");
        tested.Text.ShouldContain($"value=\"{url}\"");
        var refused = await world.SubmitAsync(person, form, "Create the upstream",
            ("name", "x"), ("url", url), ("username", "robot"), ("cache_validity_hours", "-1"), ("metadata_cache_validity_hours", "0"));
        refused.Status.ShouldBe(422);
        foreach (var text in (string[])["Password can&#x27;t be blank", "Hours that files are fresh must be greater than or equal to 0", "Hours that lists of versions are fresh must be greater than 0"])
            refused.Text.ShouldContain(text);
        var added = await world.SubmitAsync(person, form, "Create the upstream", ("name", "x"), ("url", url), ("username", "robot"), ("password", " pass "), ("verify_checksum_files", "true"));
        added.Status.ShouldBe(303);
        var id = added.Header("Location").Split("#upstream-")[1];
        var page = $"/-/upstreams/{id}";
        var absent = (await world.SubmitAsync(person, page, "Test the connection")).Text;
        absent.ShouldContain("Reachable: it answered 404");
        absent.ShouldContain($" for {url}/com/company/app/maven-metadata.xml. It does not have this file; hardly any repository has, so that says nothing against it.");

        var elsewhere = await world.SubmitAsync(person, page + "/edit", "Save the upstream", ("url", url + "/other"));
        elsewhere.Status.ShouldBe(422);
        elsewhere.Text.ShouldContain("Password must be typed again for another address");
        (await world.SubmitAsync(person, page + "/edit", "Save the upstream", ("description", "kept"))).Status.ShouldBe(303);
        (await world.SubmitAsync(person, page + "/edit", "Test the connection", ("username", ""))).Text.ShouldContain("In trouble");
        var saved = await world.AskAsync("GET", $"/upstreams/{id}");
        (saved["username"], saved["description"], saved["verify_checksum_files"]).ShouldBe(("robot", "kept", "True"));
        (await world.SubmitAsync(person, page + "/edit", "Save the upstream", ("username", ""))).Status.ShouldBe(303);
        (await world.AskAsync("GET", $"/upstreams/{id}"))["username"].ShouldBeNull();
        (await world.SubmitAsync(person, page, "Empty the cache")).Header("Location").ShouldBe(page);
        (await world.SubmitAsync(person, registry, "Empty the caches")).Header("Location").ShouldBe(registry);
        (await world.SubmitAsync(person, page, "Delete x for good")).Header("Location").ShouldBe($"/{world.Group.FullPath}/-/virtual_registries");
        (await world.SubmitAsync(person, registry, "Delete plain for good")).Header("Location").ShouldBe($"/{world.Group.FullPath}/-/virtual_registries");
        (await person.GetAsync(registry, cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Upstream_of_two_registries_is_shared_and_emptied_by_name()
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var (one, other) = (await world.AddRegistryAsync("one"), await world.AddRegistryAsync("other"));
        var (upstream, url) = world.NewUpstream();
        upstream.File("/a/b.jar", "bytes"u8.ToArray());
        var id = await world.AddUpstreamAsync(one, new { url, name = "shared" });
        using var person = await world.SignInAsync();
        (await world.SubmitAsync(person, $"/-/virtual_registries/{other}", "Add it")).Status.ShouldBe(303);
        (await world.AskAsync("GET", $"/{other}/a/b.jar")).Text.ShouldBe("bytes");
        (await world.PageAsync(person, $"/-/upstreams/{id}")).QuerySelectorAll("dd a").Select(link => link.TextContent).ShouldBe(["one", "other"]);
        (await world.PageAsync(person, $"/{world.Group.FullPath}/-/virtual_registries")).QuerySelectorAll("tbody tr").Select(row => row.LastElementChild!.TextContent.Trim())
            .Last().ShouldBe("2");
    }

    [Fact]
    public async Task Cache_is_walked_searched_and_a_file_deleted()
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var registry = await world.AddRegistryAsync();
        var (upstream, url) = world.NewUpstream();
        const string jar = "org/acme/tool/1.0/tool-1.0.jar";
        upstream.File("/" + jar, "bytes"u8.ToArray(), ("ETag", "\"<tag>\""), ("Content-Type", "application/<x>"));
        var id = await world.AddUpstreamAsync(registry, new { url, name = "acme" });
        using var person = await world.SignInAsync();
        await world.CacheAsync(registry, id, jar);
        // The connection is tried with a file that it has supplied.
        (await world.SubmitAsync(person, $"/-/upstreams/{id}", "Test the connection")).Text.ShouldMatch($"Reachable: it answered 200[ \\w]* for {url}/{jar}\\.");
        upstream.Status("/" + jar, 404);
        var gone = (await world.SubmitAsync(person, $"/-/upstreams/{id}", "Test the connection")).Text;
        gone.ShouldMatch($"Reachable: it answered 404[ \\w]* for {url}/{jar}\\. It does not have this file any more");
        foreach (var start in (string[])[$"/-/upstreams/{id}/cache", $"/-/virtual_registries/{registry}/cache"])
        {
            var (page, address) = (await world.PageAsync(person, start), "");
            foreach (var step in (string[])["org/", "acme/", "tool/", "1.0/", "tool-1.0.jar"])
            {
                var link = page.QuerySelectorAll("tbody a").ShouldHaveSingleItem();
                link.TextContent.ShouldBe(step);
                page = await world.PageAsync(person, address = link.GetAttribute("href")!);
            }
            address.ShouldBe($"/-/upstreams/{id}/cache/file?path=%2Forg%2Facme%2Ftool%2F1.0%2Ftool-1.0.jar");
            foreach (var text in (string[])["5 bytes", "application/<x>", "\"<tag>\"", "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9"])
                page.QuerySelectorAll("dd").ShouldContain(value => value.TextContent.Contains(text), text);
            (await world.PageAsync(person, start + "?search=TOOL+jar")).QuerySelectorAll("tbody a").ShouldHaveSingleItem().TextContent.ShouldBe(jar);
            (await world.PageAsync(person, start + "?search=nothing")).QuerySelectorAll("tbody a").ShouldBeEmpty();
            (await person.GetAsync(start + "?search=org.acme:tool:1.0", cancel)).Header("Location").ShouldBe($"{start}?path=%2Forg%2Facme%2Ftool%2F1.0%2F");
            (await world.PageAsync(person, $"{start}?path={Uri.EscapeDataString(Attack)}&search={Uri.EscapeDataString(Attack)}&after={Uri.EscapeDataString(Attack)}"))
                .QuerySelectorAll("body img, body script").ShouldBeEmpty();
        }
        var deleted = await world.SubmitAsync(person, $"/-/upstreams/{id}/cache/file?path=%2F{Uri.EscapeDataString(jar)}", "Delete tool-1.0.jar");
        deleted.Header("Location").ShouldBe($"/-/upstreams/{id}/cache?path=%2Forg%2Facme%2Ftool%2F1.0%2F");
        (await world.PageAsync(person, $"/-/upstreams/{id}/cache")).Body!.TextContent.ShouldContain("Nothing is kept here.");
        foreach (var path in (string[])["", "?path=x", "?path=%2F..%2Fx", "?path=%2F" + Uri.EscapeDataString(jar)])
            (await person.GetAsync($"/-/upstreams/{id}/cache/file{path}", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Rules_are_added_changed_and_removed()
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var id = await world.AddUpstreamAsync(await world.AddRegistryAsync(), new { url = world.NewUpstream().Url, name = "acme" });
        using var person = await world.SignInAsync();
        var page = $"/-/upstreams/{id}/rules";
        var refused = await world.SubmitAsync(person, page, "Add the rule", ("pattern_type", "regex"), ("pattern", "(" + Attack));
        refused.Status.ShouldBe(422);
        refused.Text.ShouldContain("Pattern is not a regular expression that matches in linear time");
        refused.Text.ShouldContain("value=\"(&lt;script&gt;");
        (await world.SubmitAsync(person, page, "Add the rule", ("rule_type", "deny"), ("pattern", Attack))).Header("Location").ShouldBe(page);
        (await world.SubmitAsync(person, page, "Add the rule", ("rule_type", "deny"), ("pattern", Attack))).Text.ShouldContain("Pattern has already been taken");
        var list = await world.PageAsync(person, page);
        list.QuerySelectorAll("main ol li").ShouldHaveSingleItem().TextContent.ShouldContain("It may not supply files whose group matches the wildcard");
        list.QuerySelector("main ol code")!.TextContent.ShouldBe(Attack);
        var edit = list.QuerySelector("main ol a")!.GetAttribute("href")!;
        (await world.SubmitAsync(person, edit, "Save the rule", ("pattern", ""))).Text.ShouldContain("Pattern is empty");
        (await world.SubmitAsync(person, edit, "Save the rule", ("target_coordinate", "version"), ("pattern", "*-SNAPSHOT"))).Header("Location").ShouldBe(page);
        (await world.AskAsync("GET", $"/upstreams/{id}/rules")).Text.ShouldContain("""
            "target_coordinate":"version","pattern":"*-SNAPSHOT"
            """.Trim());
        (await world.SubmitAsync(person, page, $"Delete rule {edit.Split('/')[^1]}")).Header("Location").ShouldBe(page);
        (await world.PageAsync(person, page)).Body!.TextContent.ShouldContain("None: it may supply everything.");
        (await person.GetAsync(edit, cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Why_a_file_comes_from_where_it_does_is_explained()
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var registry = await world.AddRegistryAsync();
        const string jar = "org/acme/tool/1.0/tool-1.0.jar";
        using var person = await world.SignInAsync();
        var page = $"/-/virtual_registries/{registry}/why";
        (await ExplainAsync(jar)).ShouldContain("400: the registry has no upstreams.");
        var (_, denied) = world.NewUpstream();
        var (holder, held) = world.NewUpstream();
        holder.File("/" + jar, "bytes"u8.ToArray());
        var first = await world.AddUpstreamAsync(registry, new { url = denied, name = "outside" });
        var second = await world.AddUpstreamAsync(registry, new { url = held, name = "inside" });
        await world.AddUpstreamAsync(registry, new { url = world.NewUpstream().Url, name = "last" });
        await world.AskAsync("POST", $"/upstreams/{first}/rules", new { rule_type = "deny", pattern_type = "wildcard", target_coordinate = "group_id", pattern = "org.acme" });
        (await ExplainAsync(jar)).ShouldContain("inside would be asked. What it says decides.");
        await world.CacheAsync(registry, second, jar);
        server.Time.Advance(TimeSpan.FromSeconds(6)); // out of the memory of this node
        foreach (var typed in (string[])[jar, "/" + jar + ".sha1", $"{server.BaseAddress}api/v4/virtual_registries/packages/maven/{registry}/{jar}"])
        {
            var explained = await ExplainAsync(typed);
            explained.ShouldContain("The copy of inside is served.");
            explained.ShouldContain("outside: passed over, its rules refuse the file (denied by rule");
            explained.ShouldContain("last (not reached)");
        }
        var coordinates = await ExplainAsync("org.acme:tool:jar:1.0");
        coordinates.ShouldContain($"These are the coordinates of {jar}.");
        coordinates.ShouldContain("The copy of inside is served.");
        (await ExplainAsync("org.acme:tool:1.0")).ShouldContain("These are the coordinates of org/acme/tool/1.0/tool-1.0.pom.");
        (await ExplainAsync("org.acme:tool:zip:dist:1.0")).ShouldContain("These are the coordinates of org/acme/tool/1.0/tool-1.0-dist.zip.");
        (await ExplainAsync("org/acme/tool/maven-metadata.xml")).ShouldContain("Lists of versions are merged");
        foreach (var typed in (string[])["a//b", "org.acme:tool", "a:b:c:d:e:f", Attack])
        {
            var refused = await person.GetAsync($"{page}?path={Uri.EscapeDataString(typed)}", cancel);
            refused.Status.ShouldBe(422);
            refused.Text.ShouldContain("File is no path of a file in a Maven repository, and no coordinates of one");
            refused.Text.ShouldNotContain("<img");
        }

        async Task<string> ExplainAsync(string path) => string.Join(' ', (await world.PageAsync(person, $"{page}?path={Uri.EscapeDataString(path)}"))
            .Body!.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Health_says_how_upstreams_are_doing()
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var registry = await world.AddRegistryAsync();
        using var person = await world.SignInAsync();
        var page = $"/-/virtual_registries/{registry}/health";
        (await world.PageAsync(person, page)).Body!.TextContent.ShouldContain("It has no upstreams.");
        var (failing, failingUrl) = world.NewUpstream();
        var (holder, held) = world.NewUpstream();
        var (limited, limitedUrl) = world.NewUpstream();
        failing.Otherwise((_, answer) => answer.HeadAsync(500, ("Content-Length", "0")));
        limited.Otherwise((_, answer) => answer.HeadAsync(429, ("Retry-After", "60"), ("Content-Length", "0")));
        const string jar = "org/acme/tool/1.0/tool-1.0.jar";
        holder.File("/" + jar, new byte[2048]);
        var rests = await world.AddUpstreamAsync(registry, new { url = failingUrl, name = "failing" });
        await world.AddUpstreamAsync(registry, new { url = limitedUrl, name = "limited" });
        var id = await world.AddUpstreamAsync(registry, new { url = held, name = "holder" });
        (await TextsAsync(page)).ShouldContain("Not asked yet");
        await world.CacheAsync(registry, id, jar);
        for (var i = 0; i < 5; i++) await world.AskAsync("GET", $"/{registry}/fails/{i}.jar");
        (await world.AskAsync("GET", $"/{registry}/{jar}")).Status.ShouldBe(200);
        await world.WaitForFiguresAsync(id, hits: 1, sent: 1 + 5); // each that fails above is asked for here too
        var text = await TextsAsync(page);
        text.ShouldContain("Resting until 2026-");
        text.ShouldContain("It failed 5 times in a row.");
        text.ShouldContain("Last error, at 2026-01-02 ");
        text.ShouldContain(" UTC: it answered 500.");
        text.ShouldContain("Rate-limited until 2026-");
        text.ShouldContain("Answering. Its answers begin after");
        text.ShouldContain("Bytes saved");
        var one = await TextsAsync($"/-/upstreams/{id}");
        one.ShouldContain("50.0 %: 1 answers from the cache, 1 while the file was fetched");
        one.ShouldContain("2.0 KiB from the cache; 2.0 KiB fetched");
        (await TextsAsync($"/-/upstreams/{rests}")).ShouldContain("Resting");

        async Task<string> TextsAsync(string address) => string.Join(' ',
            (await world.PageAsync(person, address)).Body!.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Guest_looks_and_changes_nothing_and_strangers_see_nothing()
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var registry = await world.AddRegistryAsync();
        var id = await world.AddUpstreamAsync(registry, new { url = world.NewUpstream().Url, name = "x", username = "robot-of-acme", password = "p" });
        string[] pages = [$"/{world.Group.FullPath}/-/virtual_registries", $"/-/virtual_registries/{registry}", $"/-/upstreams/{id}", $"/-/virtual_registries/{registry}/cache", $"/-/upstreams/{id}/cache", $"/-/upstreams/{id}/rules", $"/-/virtual_registries/{registry}/why?path=a/b.jar", $"/-/virtual_registries/{registry}/health"];
        string[] forms = [$"/-/groups/{world.Group.Id}/virtual_registries/new", pages[1] + "/edit", pages[1] + "/upstreams/new", pages[2] + "/edit"];
        var (guest, stranger) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        await server.AddMemberAsync(world.Group, guest, AccessLevel.Guest, cancel);
        using var person = await world.SignInAsync(guest.Token);
        using var other = await world.SignInAsync(stranger.Token);
        using var visitor = new Person(server);
        foreach (var page in pages)
        {
            var seen = await world.PageAsync(person, page);
            seen.QuerySelectorAll("main form[method=post]").Select(form => form.GetAttribute("action")).Except([pages[2] + "/test"]).ShouldBeEmpty();
            seen.Body!.TextContent.ShouldNotContain("robot-of-acme");
            (await other.GetAsync(page, cancel)).Status.ShouldBe(404);
            (await visitor.GetAsync(page, cancel)).Status.ShouldBe(404);
        }
        foreach (var form in forms)
        {
            (await person.GetAsync(form, cancel)).Status.ShouldBe(404);
            (await visitor.GetAsync(form, cancel)).Header("Location").ShouldStartWith("/-/sign_in?return=");
        }
        var token = await person.FormTokenAsync(pages[2], cancel);
        foreach (var form in (string[])[.. forms, pages[1] + "/delete", pages[1] + "/purge", pages[2] + "/delete", pages[2] + "/purge", pages[2] + "/rules", pages[2] + "/cache/file?path=%2Fa%2Fb.jar"])
        {
            (await person.PostAsync(form, cancel, ("form_token", token), ("name", "y"), ("url", "https://repository-1.example"))).Status.ShouldBeOneOf(403, 404);
            (await person.PostAsync(form, cancel, ("form_token", "0"))).Status.ShouldBeOneOf(403, 404);
        }
        (await world.AskAsync("GET", $"/registries/{registry}"))["name"].ShouldBe("maven");
        (await world.AskAsync("GET", $"/upstreams/{id}"))["name"].ShouldBe("x");
    }

    [Fact]
    public async Task Names_are_text_in_every_page()
    {
        await using var world = await RegistryGroup.CreateAsync(server);
        var registry = await world.AddRegistryAsync(Attack, Attack);
        var id = await world.AddUpstreamAsync(registry, new { url = world.NewUpstream().Url, name = Attack, description = Attack, username = Attack, password = Attack });
        using var person = await world.SignInAsync();
        foreach (var page in (string[])
            [$"/{world.Group.FullPath}/-/virtual_registries?search={Uri.EscapeDataString(Attack)}", $"/-/virtual_registries/{registry}?token={Uri.EscapeDataString(Attack)}",
             $"/-/virtual_registries/{registry}/edit", $"/-/virtual_registries/{registry}/upstreams/new", $"/-/upstreams/{id}", $"/-/upstreams/{id}/edit"])
        {
            var shown = await world.PageAsync(person, page);
            shown.QuerySelectorAll("body img, body script, [onerror]").ShouldBeEmpty(page);
        }
        var lines = (await world.PageAsync(person, $"/-/virtual_registries/{registry}")).QuerySelector("pre[data-file='settings.gradle.kts']")!.TextContent;
        lines.ShouldContain("name = \"-script-alert-1---script--img src-x onerror-alert-2------x-\"");
    }
}
