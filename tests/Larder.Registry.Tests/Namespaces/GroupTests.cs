using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Namespaces;

public abstract class GroupTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Fact]
    public async Task Any_user_makes_a_top_level_group_and_owns_it()
    {
        var user = await server.CreateUserAsync(cancel);
        var client = server.ClientFor(user);
        var path = server.NewName("Acme.Tools");
        var made = await client.AskAsync("POST", "/groups", cancel, new { name = "Acme Tools", path, description = "all of it" });
        made.Status.ShouldBe(201);
        made["name"].ShouldBe("Acme Tools");
        made["path"].ShouldBe(path);
        made["full_path"].ShouldBe(path);
        made["full_name"].ShouldBe("Acme Tools");
        made["description"].ShouldBe("all of it");
        made["visibility"].ShouldBe("private");
        made["parent_id"].ShouldBeNull();
        made["web_url"].ShouldBe($"{server.BaseAddress}groups/{path}");
        var member = await client.AskAsync("GET", $"/groups/{made["id"]}/members/{user.Id}", cancel);
        member["access_level"].ShouldBe("50");
    }

    [Fact]
    public async Task Group_is_found_by_id_and_by_path_in_any_case()
    {
        var parent = await server.CreateGroupAsync(cancel);
        var child = await server.CreateGroupAsync(cancel, "Inner", parent: parent);
        foreach (var id in new[] { $"{child.Id}", $"{parent.Path}%2FInner", $"{parent.Path}%2finner", $"{parent.Path.ToUpperInvariant()}%2FINNER" })
        {
            var answer = await root.AskAsync("GET", $"/groups/{id}", cancel);
            answer.Status.ShouldBe(200, id);
            answer["full_path"].ShouldBe($"{parent.Path}/Inner");
            answer["full_name"].ShouldBe($"{parent.Name} / {child.Name}");
            answer["parent_id"].ShouldBe($"{parent.Id}");
        }
        (await root.AskAsync("GET", $"/groups/{parent.Path}/Inner", cancel)).Text.ShouldBe("""{"error":"404 Not Found"}""");
        (await root.AskAsync("GET", $"/groups/{parent.Path}%252FInner", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("GET", "/groups/99999999999999999999", cancel)).Text.ShouldBe("""{"message":"404 Group Not Found"}""");
    }

    [Fact]
    public async Task Personal_namespace_is_no_group()
    {
        var user = await server.CreateUserAsync(cancel);
        (await root.AskAsync("GET", $"/groups/{user.Username}", cancel)).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("""{"path":"a"}""", 400, """{"error":"name is missing"}""")]
    [InlineData("""{"name":"","path":""}""", 400, """{"error":"name is empty, path is empty"}""")]
    [InlineData("""{"name":"a","path":"a","visibility":"secret"}""", 400, """{"error":"visibility does not have a valid value"}""")]
    [InlineData("""{"name":"a","path":"a b"}""", 400, """{"message":{"path":["can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'."]}}""")]
    [InlineData("""{"name":"a","path":"Groups"}""", 400, """{"message":{"path":["Groups is a reserved name"]}}""")]
    [InlineData("""{"name":"a","path":"ROOT"}""", 400, """{"message":{"path":["has already been taken"]}}""")]
    [InlineData("""{"name":"a","path":"a","parent_id":999999}""", 404, """{"message":"404 Group Not Found"}""")]
    public async Task Creating_with_bad_values_says_what_is_wrong(string body, int status, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v4/groups") { Content = new StringContent(body, null, "application/json") };
        var answer = await root.AskAsync(request, cancel);
        answer.Status.ShouldBe(status);
        answer.Text.ShouldBe(text);
    }

    [Theory]
    [InlineData(AccessLevel.None, 404)]
    [InlineData(AccessLevel.Developer, 403)]
    [InlineData(AccessLevel.Maintainer, 201)]
    [InlineData(AccessLevel.Owner, 201)]
    public async Task Subgroup_is_made_by_maintainers(AccessLevel level, int status)
    {
        var parent = await server.CreateGroupAsync(cancel);
        var user = await server.CreateUserAsync(cancel);
        if (level != AccessLevel.None) await server.AddMemberAsync(parent, user, level, cancel);
        var answer = await server.ClientFor(user).AskAsync("POST", "/groups", cancel, new { name = "Sub", path = "sub", parent_id = parent.Id });
        answer.Status.ShouldBe(status);
        if (status == 201) answer["full_path"].ShouldBe($"{parent.Path}/sub");
    }

    [Fact]
    public async Task Nothing_is_made_inside_a_personal_namespace()
    {
        var user = await server.CreateUserAsync(cancel);
        var personal = await server.Get<NamespaceStore>().FindAsync(user.Username, cancel);
        (await server.ClientFor(user).AskAsync("POST", "/groups", cancel, new { name = "s", path = "s", parent_id = personal!.Id })).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Subgroup_is_no_more_open_than_its_parent()
    {
        var parent = await server.CreateGroupAsync(cancel, visibility: Visibility.Internal);
        var body = new { name = "s", path = "s", parent_id = parent.Id, visibility = "public" };
        var answer = await root.AskAsync("POST", "/groups", cancel, body);
        answer.Status.ShouldBe(400);
        answer.Text.ShouldBe("""{"message":{"visibility_level":["public is not allowed since the parent group has a internal visibility."]}}""");
        (await root.AskAsync("POST", "/groups", cancel, new { name = "s", path = "s", parent_id = parent.Id, visibility = "internal" })).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Listing_shows_what_the_caller_may_see()
    {
        var tag = server.NewName("vis");
        var open = await server.CreateGroupAsync(cancel, $"{tag}-public", Visibility.Public);
        var inside = await server.CreateGroupAsync(cancel, $"{tag}-internal", Visibility.Internal);
        var closed = await server.CreateGroupAsync(cancel, $"{tag}-private");
        var child = await server.CreateGroupAsync(cancel, "child", parent: closed);
        var user = await server.CreateUserAsync(cancel);
        async Task<string> PathsAsync(HttpClient client, string more = "") => string.Join(' ', (await client.AskAsync(
            "GET", $"/groups?search={tag}{more}", cancel)).Json.EnumerateArray().Select(group => group.GetProperty("path").GetString()));

        (await PathsAsync(server.ClientFor((string?)null))).ShouldBe(open.Path);
        (await PathsAsync(server.ClientFor(user))).ShouldBe($"{inside.Path} {open.Path}");
        (await PathsAsync(root)).ShouldBe($"{inside.Path} {closed.Path} {open.Path}");

        // A member of something inside a group sees the group.
        await server.AddMemberAsync(child, user, AccessLevel.Guest, cancel);
        (await PathsAsync(server.ClientFor(user))).ShouldBe($"{inside.Path} {closed.Path} {open.Path}");
        (await PathsAsync(server.ClientFor(user), "&min_access_level=10")).ShouldBe("");
        (await PathsAsync(server.ClientFor(user), "&all_available=false")).ShouldBe("");
        (await PathsAsync(root, "&owned=true")).ShouldBe($"{inside.Path} {closed.Path} {open.Path}");
        (await PathsAsync(root, "&visibility=public")).ShouldBe(open.Path);
        (await root.AskAsync("GET", "/groups?min_access_level=7", cancel)).Text.ShouldBe("""{"error":"min_access_level does not have a valid value"}""");
    }

    [Fact]
    public async Task Top_level_only_leaves_out_subgroups()
    {
        var tag = server.NewName("top");
        var parent = await server.CreateGroupAsync(cancel, tag);
        await server.CreateGroupAsync(cancel, $"{tag}-child", parent: parent);
        (await root.AskAsync("GET", $"/groups?search={tag}", cancel)).Json.GetArrayLength().ShouldBe(2);
        var top = await root.AskAsync("GET", $"/groups?search={tag}&top_level_only=true", cancel);
        top.Json.EnumerateArray().Single().GetProperty("id").GetInt64().ShouldBe(parent.Id);
    }

    [Fact]
    public async Task Subgroups_are_those_directly_inside()
    {
        var parent = await server.CreateGroupAsync(cancel, visibility: Visibility.Public);
        var child = await server.CreateGroupAsync(cancel, "child", Visibility.Public, parent);
        await server.CreateGroupAsync(cancel, "hidden", Visibility.Private, parent);
        await server.CreateGroupAsync(cancel, "grandchild", Visibility.Public, child);
        var answer = await server.ClientFor((string?)null).AskAsync("GET", $"/groups/{parent.Id}/subgroups", cancel);
        answer.Json.EnumerateArray().Select(group => group.GetProperty("full_path").GetString()).ShouldBe([child.FullPath]);
        answer.Header("X-Total").ShouldBe("1");
    }

    [Fact]
    public async Task Projects_of_a_group_include_those_of_subgroups_when_asked()
    {
        var parent = await server.CreateGroupAsync(cancel);
        var child = await server.CreateGroupAsync(cancel, "child", parent: parent);
        var (one, two) = (await server.CreateProjectAsync(cancel, group: parent), await server.CreateProjectAsync(cancel, group: child));
        await server.CreateProjectAsync(cancel);
        async Task<IEnumerable<long>> IdsAsync(string more) => (await root.AskAsync(
            "GET", $"/groups/{parent.FullPath}/projects?order_by=id&sort=asc{more}", cancel)).Json.EnumerateArray().Select(p => p.GetProperty("id").GetInt64());
        (await IdsAsync("")).ShouldBe([one.Id]);
        (await IdsAsync("&include_subgroups=true")).ShouldBe([one.Id, two.Id]);
        (await IdsAsync("&include_subgroups=true&simple=true&search=nothing-like-it")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(Visibility.Private, 404, 404)]
    [InlineData(Visibility.Internal, 404, 200)]
    [InlineData(Visibility.Public, 200, 200)]
    public async Task Visibility_decides_for_those_who_are_no_members(string visibility, int anonymous, int stranger)
    {
        var group = await server.CreateGroupAsync(cancel, visibility: visibility);
        var user = await server.CreateUserAsync(cancel);
        (await server.ClientFor((string?)null).AskAsync("GET", $"/groups/{group.Id}", cancel)).Status.ShouldBe(anonymous);
        var answer = await server.ClientFor(user).AskAsync("GET", $"/groups/{group.Id}", cancel);
        answer.Status.ShouldBe(stranger);
        if (stranger == 404) answer.Text.ShouldBe("""{"message":"404 Group Not Found"}""");
    }
}

public sealed class GroupTestsOnSqlite(SqliteServer fixture) : GroupTests(fixture.Server), IClassFixture<SqliteServer>;
public sealed class GroupTestsOnPostgres(PostgresServer fixture) : GroupTests(fixture.Server), IClassFixture<PostgresServer>;
