using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Namespaces;

public sealed class ProjectChangeTestsOnSqlite(SqliteServer fixture) : ProjectChangeTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class ProjectChangeTestsOnPostgres(PostgresServer fixture) : ProjectChangeTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>What can be changed of a project, and what a change of its package registry's access level does.</summary>
public abstract class ProjectChangeTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Theory]
    [InlineData("enabled", """{"package_registry_access_level":"public"}""", "public", "True")]
    [InlineData("enabled", """{"package_registry_access_level":"private"}""", "private", "True")]
    [InlineData("public", """{"package_registry_access_level":"disabled"}""", "disabled", "False")]
    [InlineData("disabled", """{"package_registry_access_level":"enabled"}""", "enabled", "True")]
    [InlineData("public", """{"packages_enabled":false}""", "disabled", "False")]
    [InlineData("disabled", """{"packages_enabled":true}""", "enabled", "True")]
    [InlineData("public", """{"packages_enabled":true}""", "public", "True")]
    [InlineData("public", """{"package_registry_access_level":"private","packages_enabled":false,"wiki_access_level":"private"}""", "private", "True")]
    public async Task Registry_access_can_be_changed(string before, string body, string after, string enabled)
    {
        var project = await server.CreateProjectAsync(cancel, registryAccess: before);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        var changed = await PutAsync(root, project, body);
        changed.Status.ShouldBe(200);
        changed["package_registry_access_level"].ShouldBe(after);
        changed["packages_enabled"].ShouldBe(enabled);
        changed["name"].ShouldBe(project.Name);
        changed["last_activity_at"].ShouldNotBe(changed["created_at"]);
        (await root.AskAsync("GET", $"/projects/{project.Id}", cancel))["package_registry_access_level"].ShouldBe(after);
        (await root.AskAsync("GET", $"/projects/{Uri.EscapeDataString(project.FullPath)}", cancel))["package_registry_access_level"].ShouldBe(after);
    }

    [Fact]
    public async Task Project_is_renamed_and_its_earlier_path_still_leads_there()
    {
        var group = await server.CreateGroupAsync(cancel, visibility: Visibility.Internal);
        var (project, other) = (await server.CreateProjectAsync(cancel, group: group), await server.CreateProjectAsync(cancel, group: group));
        var changed = await PutAsync(root, project, """{"name":"New","path":"new.path","description":"text","visibility":"internal"}""");
        changed.Status.ShouldBe(200);
        (changed["name"], changed["path_with_namespace"], changed["description"], changed["visibility"], changed["package_registry_access_level"])
            .ShouldBe(("New", $"{group.Path}/new.path", "text", "internal", "enabled"));
        foreach (var path in new[] { $"{group.Path}/new.path", project.FullPath })
            (await root.AskAsync("GET", $"/projects/{Uri.EscapeDataString(path)}", cancel))["id"].ShouldBe($"{project.Id}");
        (await PutAsync(root, other, """{"path":"new.path"}""")).Text.ShouldBe("""{"message":{"path":["has already been taken"]}}""");
        (await PutAsync(root, other, $$"""{"path":"{{project.Path}}"}"""))["path"].ShouldBe(project.Path);
        (await root.AskAsync("GET", $"/projects/{Uri.EscapeDataString(project.FullPath)}", cancel))["id"].ShouldBe($"{other.Id}");
        (await PutAsync(root, other, """{"path":"-x"}""")).Status.ShouldBe(400);
        (await PutAsync(root, other, """{"visibility":"public"}""")).Text
            .ShouldBe("""{"message":{"visibility_level":["public is not allowed in a internal group."]}}""");
    }

    [Theory]
    [InlineData(AccessLevel.Maintainer, 200, 403)]
    [InlineData(AccessLevel.Owner, 200, 200)]
    public async Task Path_and_visibility_are_for_owners(AccessLevel level, int name, int path)
    {
        var project = await server.CreateProjectAsync(cancel, visibility: Visibility.Internal);
        var user = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(project, user, level, cancel);
        var client = server.ClientFor(user.Token);
        (await PutAsync(client, project, """{"name":"n","visibility":"internal"}""")).Status.ShouldBe(name);
        (await PutAsync(client, project, """{"visibility":"private"}""")).Status.ShouldBe(path);
        (await PutAsync(client, project, """{"path":"other"}""")).Status.ShouldBe(path);
    }

    [Theory]
    [InlineData("{}", """{"error":"name, path, description, visibility, package_registry_access_level, packages_enabled are missing, at least one parameter must be provided"}""")]
    [InlineData("""{"package_registry_access_level":"open"}""", """{"error":"package_registry_access_level does not have a valid value"}""")]
    [InlineData("""{"packages_enabled":"perhaps"}""", """{"error":"packages_enabled is invalid"}""")]
    public async Task Change_that_makes_no_sense_is_refused_in_words(string body, string error)
    {
        var answer = await PutAsync(root, await server.CreateProjectAsync(cancel), body);
        (answer.Status, answer.Text).ShouldBe((400, error));
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData(AccessLevel.None, 404)]
    [InlineData(AccessLevel.Developer, 403)]
    [InlineData(AccessLevel.Maintainer, 200)]
    public async Task Project_is_changed_by_maintainers(AccessLevel? level, int status)
    {
        var project = await server.CreateProjectAsync(cancel);
        var user = level is null ? null : await server.CreateUserAsync(cancel);
        if (level is not (null or AccessLevel.None)) await server.AddMemberAsync(project, user!, level.Value, cancel);
        (await PutAsync(server.ClientFor(user?.Token), project, """{"packages_enabled":false}""")).Status.ShouldBe(status);
    }

    [Fact]
    public async Task Whoever_opens_the_registry_lets_everybody_pull_and_nobody_list()
    {
        var project = await server.CreateProjectAsync(cancel);
        using var file = new ByteArrayContent("bytes"u8.ToArray());
        (await root.PutAsync(new Uri($"/api/v4/projects/{project.Id}/packages/generic/app/1/a.txt", UriKind.Relative), file, cancel)).EnsureSuccessStatusCode();
        using var anonymous = server.ClientFor((string?)null);
        async Task<int> PullAsync() => (await anonymous.AskAsync("GET", $"/projects/{project.Id}/packages/generic/app/1/a.txt", cancel)).Status;
        (await PullAsync()).ShouldBe(401);
        await PutAsync(root, project, """{"package_registry_access_level":"public"}""");
        (await PullAsync()).ShouldBe(200);
        (await anonymous.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Status.ShouldBe(404);
        await PutAsync(root, project, """{"package_registry_access_level":"enabled"}""");
        (await PullAsync()).ShouldBe(401);
    }

    private async Task<Answer> PutAsync(HttpClient client, Project project, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{project.Id}")
        {
            Content = new StringContent(body, null, "application/json"),
        };
        return await client.AskAsync(request, cancel);
    }
}
