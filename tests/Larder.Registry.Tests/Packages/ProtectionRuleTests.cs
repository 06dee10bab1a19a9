using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class ProtectionRuleTestsOnSqlite(SqliteServer fixture) : ProtectionRuleTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class ProtectionRuleTestsOnPostgres(PostgresServer fixture) : ProtectionRuleTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Protection rules: generic-packages contract section 7.</summary>
public abstract class ProtectionRuleTests(LarderServer server) : IAsyncLifetime
{
    private const string PushRefusal = """{"message":"403 Forbidden - Package protected."}""";
    private const string DeleteRefusal = """{"message":"403 Forbidden - Package is deletion protected."}""";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private Namespace group = null!;
    private Project project = null!;

    private string Rules => $"/projects/{project.Id}/packages/protection/rules";

    public async ValueTask InitializeAsync()
    {
        group = await server.CreateGroupAsync(cancel);
        project = await server.CreateProjectAsync(cancel, group: group);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        root.Dispose();
        return default;
    }

    [Fact]
    public async Task Rule_is_made_listed_changed_and_removed()
    {
        (await root.AskAsync("GET", Rules, cancel)).Text.ShouldBe("[]");
        var made = await root.AskAsync("POST", Rules, cancel, new
        {
            package_name_pattern = "app-*", package_type = "generic", minimum_access_level_for_push = "maintainer",
        });
        made.Status.ShouldBe(201);
        var id = made["id"];
        made.Text.ShouldBe($$"""
            {"id":{{id}},"project_id":{{project.Id}},"package_name_pattern":"app-*","package_type":"generic","minimum_access_level_for_delete":null,"minimum_access_level_for_push":"maintainer"}
            """);
        (await root.AskAsync("GET", Rules, cancel)).Text.ShouldBe($"[{made.Text}]");

        var changed = await root.AskAsync("PATCH", $"{Rules}/{id}", cancel, new
        {
            package_name_pattern = "tool", minimum_access_level_for_push = (string?)null, minimum_access_level_for_delete = "admin",
        });
        changed.Status.ShouldBe(200);
        changed.Text.ShouldBe($$"""
            {"id":{{id}},"project_id":{{project.Id}},"package_name_pattern":"tool","package_type":"generic","minimum_access_level_for_delete":"admin","minimum_access_level_for_push":null}
            """);
        (await root.AskAsync("PATCH", $"{Rules}/{id}", cancel, new { package_type = "npm" }))["package_name_pattern"].ShouldBe("tool");
        (await root.AskAsync("GET", Rules, cancel)).Json[0].GetProperty("package_type").GetString().ShouldBe("npm");

        (await root.AskAsync("DELETE", $"{Rules}/{id}", cancel)).Status.ShouldBe(204);
        (await root.AskAsync("DELETE", $"{Rules}/{id}", cancel)).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await root.AskAsync("PATCH", $"{Rules}/{id}", cancel, new { package_type = "npm" })).Status.ShouldBe(404);
        (await root.AskAsync("GET", Rules, cancel)).Text.ShouldBe("[]");
    }

    [Theory]
    [InlineData("{}", "package_name_pattern is missing, package_type is missing, minimum_access_level_for_push, minimum_access_level_for_delete are missing, at least one parameter must be provided")]
    [InlineData("""{"package_name_pattern":"a","package_type":"generic"}""", "minimum_access_level_for_push, minimum_access_level_for_delete are missing, at least one parameter must be provided")]
    [InlineData("""{"package_name_pattern":"a","package_type":"floppy","minimum_access_level_for_push":"owner"}""", "package_type does not have a valid value")]
    [InlineData("""{"package_name_pattern":"a","package_type":"generic","minimum_access_level_for_push":"developer"}""", "minimum_access_level_for_push does not have a valid value")]
    [InlineData("""{"package_name_pattern":"a","package_type":"generic","minimum_access_level_for_push":""}""", "minimum_access_level_for_push does not have a valid value")]
    [InlineData("""{"package_name_pattern":"a","package_type":"generic","minimum_access_level_for_delete":"maintainer"}""", "minimum_access_level_for_delete does not have a valid value")]
    public async Task Parameters_that_make_no_sense_are_400(string body, string error) =>
        (await SendAsync("POST", Rules, body)).ShouldBe((400, $$"""{"error":"{{error}}"}"""));

    [Theory]
    [InlineData("""{"package_name_pattern":"a","package_type":"generic","minimum_access_level_for_push":null,"minimum_access_level_for_delete":null}""", "A rule must have at least a minimum access role for push or delete.")]
    [InlineData("""{"package_name_pattern":" ","package_type":"generic","minimum_access_level_for_push":"owner"}""", "Package name pattern can't be blank")]
    public async Task Rule_that_makes_no_sense_is_422(string body, string error) =>
        (await SendAsync("POST", Rules, body)).ShouldBe((422, $$$"""{"message":{"error":["{{{error}}}"]}}"""));

    [Fact]
    public async Task Pattern_is_unique_in_project_and_type_and_at_most_255_long()
    {
        await ProtectAsync("app", push: "owner");
        const string taken = """{"message":{"error":["Package name pattern has already been taken"]}}""";
        var again = await PostAsync("app", "generic");
        (again.Status, again.Text).ShouldBe((422, taken));
        (await PostAsync("app", "npm")).Status.ShouldBe(201);
        var other = await PostAsync("other", "generic");
        (await root.AskAsync("PATCH", $"{Rules}/{other["id"]}", cancel, new { package_name_pattern = "app" })).Text.ShouldBe(taken);
        (await PostAsync(new string('a', 255), "generic")).Status.ShouldBe(201);
        (await PostAsync(new string('a', 256), "generic")).Text.ShouldBe(
            """{"message":{"error":["Package name pattern is too long (maximum is 255 characters)"]}}""");
    }

    [Fact]
    public async Task Last_level_cannot_be_taken_away()
    {
        var id = (await ProtectAsync("app", push: "owner"))["id"];
        var answer = await root.AskAsync("PATCH", $"{Rules}/{id}", cancel, new { minimum_access_level_for_push = (string?)null });
        answer.Status.ShouldBe(422);
        answer.Text.ShouldBe("""{"message":{"error":["A rule must have at least a minimum access role for push or delete."]}}""");
        (await root.AskAsync("PATCH", $"{Rules}/{id}", cancel, new { package_type = "floppy" })).Status.ShouldBe(400);
        (await root.AskAsync("PATCH", $"{Rules}/x", cancel, new { package_type = "npm" })).Text.ShouldBe("""{"error":"package_protection_rule_id is invalid"}""");
    }

    [Fact]
    public async Task Rule_of_another_project_is_not_found()
    {
        var other = await server.CreateProjectAsync(cancel);
        var id = (await ProtectAsync("app", push: "owner"))["id"];
        (await root.AskAsync("DELETE", $"/projects/{other.Id}/packages/protection/rules/{id}", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("PATCH", $"/projects/{other.Id}/packages/protection/rules/{id}", cancel, new { package_type = "npm" })).Status.ShouldBe(404);
        (await root.AskAsync("GET", $"/projects/{other.Id}/packages/protection/rules", cancel)).Text.ShouldBe("[]");
    }

    [Fact]
    public async Task Rule_changed_since_is_not_deleted()
    {
        var id = (await ProtectAsync("app", push: "owner"))["id"];
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/v4{Rules}/{id}");
        request.Headers.IfUnmodifiedSince = server.Time.GetUtcNow().AddHours(-1);
        (await root.AskAsync(request, cancel)).Status.ShouldBe(412);
        (await root.AskAsync("GET", Rules, cancel)).Json.GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData(AccessLevel.None, 404)]
    [InlineData(AccessLevel.Guest, 403)]
    [InlineData(AccessLevel.Reporter, 403)]
    [InlineData(AccessLevel.Developer, 403)]
    [InlineData(AccessLevel.Maintainer, 200)]
    public async Task Rules_are_for_maintainers(AccessLevel? level, int status)
    {
        var id = (await ProtectAsync("app", push: "owner"))["id"];
        using var client = level is null ? server.ClientFor((string?)null) : await MemberAsync(level.Value);
        (await client.AskAsync("GET", Rules, cancel)).Status.ShouldBe(status);
        (await client.AskAsync("POST", Rules, cancel, new { package_name_pattern = "b", package_type = "npm", minimum_access_level_for_push = "owner" }))
            .Status.ShouldBe(status == 200 ? 201 : status);
        (await client.AskAsync("PATCH", $"{Rules}/{id}", cancel, new { package_type = "pypi" })).Status.ShouldBe(status);
        (await client.AskAsync("DELETE", $"{Rules}/{id}", cancel)).Status.ShouldBe(status == 200 ? 204 : status);
    }

    [Theory]
    [InlineData("maintainer", AccessLevel.Developer, false)]
    [InlineData("maintainer", AccessLevel.Maintainer, true)]
    [InlineData("owner", AccessLevel.Maintainer, false)]
    [InlineData("owner", AccessLevel.Owner, true)]
    [InlineData("admin", AccessLevel.Owner, false)]
    public async Task Push_takes_the_level_that_the_rule_asks(string minimum, AccessLevel level, bool allowed)
    {
        await ProtectAsync("app", push: minimum);
        using var client = await MemberAsync(level);
        var answer = await client.PutFileAsync(project, "app/1.0/a.txt", "bytes", cancel);
        answer.Status.ShouldBe(allowed ? 201 : 403);
        if (!allowed) answer.Text.ShouldBe(PushRefusal);
        (await root.GetFileAsync(project, "app/1.0/a.txt", cancel)).Status.ShouldBe(allowed ? 200 : 404);
        (await client.PutFileAsync(project, "other/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
        (await root.PutFileAsync(project, "app/1.0/b.txt", "bytes", cancel)).Status.ShouldBe(201);
    }

    [Theory]
    [InlineData("owner", AccessLevel.Maintainer, false)]
    [InlineData("owner", AccessLevel.Owner, true)]
    [InlineData("admin", AccessLevel.Owner, false)]
    public async Task Deletion_takes_the_level_that_the_rule_asks(string minimum, AccessLevel level, bool allowed)
    {
        await ProtectAsync("app", delete: minimum);
        using var client = await MemberAsync(level);
        (await client.PutFileAsync(project, "app/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
        var package = $"/projects/{project.Id}/packages/{await root.PackageIdAsync(project, "app", "1.0", cancel)}";
        var file = (await root.AskAsync("GET", $"{package}/package_files", cancel)).Json[0].GetProperty("id");
        foreach (var path in new[] { $"{package}/package_files/{file}", package })
        {
            var answer = await client.AskAsync("DELETE", path, cancel);
            answer.Status.ShouldBe(allowed ? 204 : 403);
            if (!allowed) answer.Text.ShouldBe(DeleteRefusal);
        }
        (await root.GetFileAsync(project, "app/1.0/a.txt", cancel)).Status.ShouldBe(allowed ? 404 : 200);
        if (!allowed) (await root.AskAsync("DELETE", package, cancel)).Status.ShouldBe(204);
    }

    [Theory]
    [InlineData("maintainer")]
    [InlineData("admin")]
    public async Task Deploy_token_is_refused_by_any_rule_that_matches(string minimum)
    {
        await ProtectAsync("app", push: minimum);
        await ProtectAsync("tool", delete: "owner");
        var token = await root.AskAsync("POST", $"/projects/{project.Id}/deploy_tokens", cancel, new
        {
            name = "publisher", scopes = new[] { "write_package_registry" },
        });
        using var client = server.ClientFor((string?)null);
        client.DefaultRequestHeaders.Add("DEPLOY-TOKEN", token["token"]);
        (await client.PutFileAsync(project, "app/1.0/a.txt", "bytes", cancel)).Text.ShouldBe(PushRefusal);
        (await client.PutFileAsync(project, "tool/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
        (await client.PutFileAsync(project, "other/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
    }

    [Theory]
    [InlineData(AccessLevel.Developer, false)]
    [InlineData(AccessLevel.Maintainer, true)]
    public async Task Job_token_has_the_level_of_its_user(AccessLevel level, bool allowed)
    {
        await ProtectAsync("app", push: "maintainer");
        var user = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(group, user, level, cancel);
        var token = await root.AskAsync("POST", $"/projects/{project.Id}/job_tokens", cancel, new { user_id = user.Id });
        using var client = server.ClientFor((string?)null);
        client.DefaultRequestHeaders.Add("JOB-TOKEN", token["token"]);
        (await client.PutFileAsync(project, "app/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(allowed ? 201 : 403);
        (await client.PutFileAsync(project, "other/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task One_rule_that_matches_protects_whatever_the_others_say()
    {
        await ProtectAsync("app*", push: "maintainer");
        await ProtectAsync("*p", push: "owner");
        await ProtectAsync("app", push: "admin", type: "npm");
        using var client = await MemberAsync(AccessLevel.Maintainer);
        (await client.PutFileAsync(project, "app/1.0/a.txt", "bytes", cancel)).Text.ShouldBe(PushRefusal);
        (await client.PutFileAsync(project, "apps/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Change_of_a_rule_holds_at_once_and_not_for_what_only_the_level_for_deletion_protects()
    {
        using var client = await MemberAsync(AccessLevel.Developer);
        (await client.PutFileAsync(project, "app/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
        var id = (await ProtectAsync("app", push: "owner"))["id"];
        (await client.PutFileAsync(project, "app/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(403);
        await root.AskAsync("PATCH", $"{Rules}/{id}", cancel, new { minimum_access_level_for_push = (string?)null, minimum_access_level_for_delete = "owner" });
        (await client.PutFileAsync(project, "app/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
        await root.AskAsync("PATCH", $"{Rules}/{id}", cancel, new { minimum_access_level_for_push = "owner" });
        (await client.PutFileAsync(project, "app/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(403);
        await root.AskAsync("DELETE", $"{Rules}/{id}", cancel);
        (await client.PutFileAsync(project, "app/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Rule_made_while_the_body_arrives_holds_for_it()
    {
        using var client = await MemberAsync(AccessLevel.Developer);
        using var halfway = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{project.Id}/packages/generic/app/1.0/a.txt")
        {
            Content = new StoppingContent(halfway, goOn),
        };
        // The server says "100 Continue" once it reads the body, which is after it has looked at the rules.
        request.Headers.ExpectContinue = true;
        var upload = client.AskAsync(request, cancel);
        await halfway.WaitAsync(cancel);
        await ProtectAsync("app", push: "owner");
        goOn.Release();
        (await upload).Text.ShouldBe(PushRefusal);
        (await root.GetFileAsync(project, "app/1.0/a.txt", cancel)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Project_has_at_most_200_rules()
    {
        var store = server.Get<ProtectionRuleStore>();
        for (var i = 0; i < ProtectionRuleStore.MostRules; i++)
            await store.CreateAsync(project.Id, new ProtectionRuleForm($"app-{i}", "generic", null, "owner"), cancel);
        var answer = await PostAsync("one-too-many", "generic");
        (answer.Status, answer.Text).ShouldBe((422, """{"message":{"error":["Maximum number of package protection rules (200) exceeded"]}}"""));
    }

    private async Task<HttpClient> MemberAsync(AccessLevel level)
    {
        var user = await server.CreateUserAsync(cancel);
        if (level != AccessLevel.None) await server.AddMemberAsync(group, user, level, cancel);
        return server.ClientFor(user);
    }

    private async Task<Answer> ProtectAsync(string pattern, string? push = null, string? delete = null, string type = "generic")
    {
        var made = await root.AskAsync("POST", Rules, cancel, new
        {
            package_name_pattern = pattern, package_type = type, minimum_access_level_for_push = push, minimum_access_level_for_delete = delete,
        });
        made.Status.ShouldBe(201);
        return made;
    }

    private Task<Answer> PostAsync(string pattern, string type) => root.AskAsync("POST", Rules, cancel, new
    {
        package_name_pattern = pattern, package_type = type, minimum_access_level_for_push = "owner",
    });

    private async Task<(int Status, string Text)> SendAsync(string method, string path, string body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/v4{path}")
        {
            Content = new StringContent(body, null, "application/json"),
        };
        var answer = await root.AskAsync(request, cancel);
        return (answer.Status, answer.Text);
    }

    /// <summary>A body that stops in its middle until it is told to go on.</summary>
    private sealed class StoppingContent(SemaphoreSlim halfway, SemaphoreSlim goOn) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync("first"u8.ToArray());
            await stream.FlushAsync();
            halfway.Release();
            await goOn.WaitAsync();
            await stream.WriteAsync("second"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 11;
            return true;
        }
    }
}

/// <summary>Names with stars.</summary>
public sealed class NamePatternTests
{
    [Theory]
    [InlineData("app", "app", true)]
    [InlineData("app", "APP", true)]
    [InlineData("App", "apP", true)]
    [InlineData("app", "apps", false)]
    [InlineData("app", "ap", false)]
    [InlineData("*", "anything", true)]
    [InlineData("app*", "app", true)]
    [InlineData("app*", "apps", true)]
    [InlineData("*app", "app", true)]
    [InlineData("*app", "appapp", true)]
    [InlineData("*app", "apps", false)]
    [InlineData("a*b*c", "abc", true)]
    [InlineData("a*b*c", "a-b-b-c", true)]
    [InlineData("a*b*c", "a-c-b", false)]
    [InlineData("a**c", "abc", true)]
    [InlineData("a.c", "abc", false)]
    [InlineData("a?c", "abc", false)]
    [InlineData("a%c", "abc", false)]
    [InlineData("a_c", "abc", false)]
    [InlineData("[a-z]", "a", false)]
    [InlineData("(a+)+", "aaaa", false)]
    public void Whole_name_is_like_the_pattern(string pattern, string name, bool matches) =>
        new ProtectionRule(1, 1, pattern, "generic", null, "owner", 0, 0).Matches("generic", name).ShouldBe(matches);

    [Fact]
    public void Rule_for_another_type_does_not_match() =>
        new ProtectionRule(1, 1, "*", "npm", null, "owner", 0, 0).Matches("generic", "app").ShouldBeFalse();
}
