using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Namespaces;

public abstract class MemberTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Theory]
    [InlineData("groups")]
    [InlineData("projects")]
    public async Task Adding_a_member_gives_the_level_at_once(string kind)
    {
        var project = await server.CreateProjectAsync(cancel);
        var user = await server.CreateUserAsync(cancel);
        var client = server.ClientFor(user);
        (await client.AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(404);

        var place = $"/{kind}/{(kind == "groups" ? project.NamespaceId : project.Id)}/members";
        var added = await root.AskAsync("POST", place, cancel, new { user_id = user.Id, access_level = 30, expires_at = "2026-05-30" });
        added.Status.ShouldBe(201);
        added["id"].ShouldBe($"{user.Id}");
        added["username"].ShouldBe(user.Username);
        added["access_level"].ShouldBe("30");
        added["expires_at"].ShouldBe("2026-05-30");
        added["membership_state"].ShouldBe("active");

        (await client.AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(200);
        (await root.AskAsync("GET", $"{place}/{user.Id}", cancel))["access_level"].ShouldBe("30");
        var again = await root.AskAsync("POST", place, cancel, new { user_id = user.Id, access_level = 40 });
        again.Status.ShouldBe(409);
        again.Text.ShouldBe("""{"message":"Member already exists"}""");
    }

    [Theory]
    [InlineData("""{"access_level":30}""", 400, """{"error":"user_id is missing"}""")]
    [InlineData("""{"user_id":1}""", 400, """{"error":"access_level is missing"}""")]
    [InlineData("""{"user_id":"x","access_level":30}""", 400, """{"error":"user_id is invalid"}""")]
    [InlineData("""{"user_id":1,"access_level":31}""", 400, """{"message":{"access_level":["is not included in the list"]}}""")]
    [InlineData("""{"user_id":1,"access_level":5}""", 400, """{"message":{"access_level":["is not included in the list"]}}""")]
    [InlineData("""{"user_id":999999,"access_level":30}""", 404, """{"message":"404 User Not Found"}""")]
    [InlineData("""{"user_id":1,"access_level":30,"expires_at":"never"}""", 400, """{"error":"expires_at is invalid"}""")]
    public async Task Adding_with_bad_values_says_what_is_wrong(string body, int status, string text)
    {
        var project = await server.CreateProjectAsync(cancel);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v4/projects/{project.Id}/members")
        {
            Content = new StringContent(body, null, "application/json"),
        };
        var answer = await root.AskAsync(request, cancel);
        answer.Status.ShouldBe(status);
        answer.Text.ShouldBe(text);
    }

    [Fact]
    public async Task Member_may_be_named_and_minimal_access_is_for_groups()
    {
        var group = await server.CreateGroupAsync(cancel);
        var user = await server.CreateUserAsync(cancel);
        (await root.AskAsync("POST", $"/groups/{group.Id}/members", cancel, new { username = user.Username.ToUpperInvariant(), access_level = 5 }))
            .Status.ShouldBe(201);
        (await server.ClientFor(user).AskAsync("GET", $"/groups/{group.Id}", cancel)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Nobody_makes_another_more_than_they_are()
    {
        var project = await server.CreateProjectAsync(cancel);
        var (maintainer, developer, user) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        await server.AddMemberAsync(project, maintainer, AccessLevel.Maintainer, cancel);
        await server.AddMemberAsync(project, developer, AccessLevel.Developer, cancel);
        async Task<int> AddAsync(TestUser by, int level) => (await server.ClientFor(by).AskAsync(
            "POST", $"/projects/{project.Id}/members", cancel, new { user_id = user.Id, access_level = level })).Status;
        (await AddAsync(developer, 10)).ShouldBe(403);
        (await AddAsync(maintainer, 50)).ShouldBe(403);
        (await AddAsync(maintainer, 40)).ShouldBe(201);
    }

    [Fact]
    public async Task Group_members_are_managed_by_owners()
    {
        var group = await server.CreateGroupAsync(cancel);
        var (owner, maintainer, user) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        await server.AddMemberAsync(group, owner, AccessLevel.Owner, cancel);
        await server.AddMemberAsync(group, maintainer, AccessLevel.Maintainer, cancel);
        var body = new { user_id = user.Id, access_level = 50 };
        (await server.ClientFor(maintainer).AskAsync("POST", $"/groups/{group.Id}/members", cancel, body)).Status.ShouldBe(403);
        (await server.ClientFor(owner).AskAsync("POST", $"/groups/{group.Id}/members", cancel, body)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task All_lists_inherited_members_once_with_their_highest_level()
    {
        var group = await server.CreateGroupAsync(cancel);
        var child = await server.CreateGroupAsync(cancel, "child", parent: group);
        var project = await server.CreateProjectAsync(cancel, group: child);
        var (above, both, direct) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        await server.AddMemberAsync(group, above, AccessLevel.Reporter, cancel);
        await server.AddMemberAsync(group, both, AccessLevel.Maintainer, cancel);
        await server.AddMemberAsync(project, both, AccessLevel.Guest, cancel);
        await server.AddMemberAsync(project, direct, AccessLevel.Developer, cancel);

        var members = $"/projects/{project.Id}/members";
        var own = await root.AskAsync("GET", members, cancel);
        own.Json.EnumerateArray().Select(Level).ShouldBe([(both.Id, 10), (direct.Id, 30)]);
        var all = await root.AskAsync("GET", $"{members}/all", cancel);
        // root has made the groups and so owns them.
        all.Json.EnumerateArray().Select(Level).Skip(1).ShouldBe([(above.Id, 20), (both.Id, 40), (direct.Id, 30)]);
        all.Header("X-Total").ShouldBe("4");
        (await root.AskAsync("GET", $"{members}/all?query={both.Username.ToUpperInvariant()}", cancel)).Json.EnumerateArray().Select(Level).ShouldBe([(both.Id, 40)]);
        (await root.AskAsync("GET", $"{members}?query={above.Username}", cancel)).Json.GetArrayLength().ShouldBe(0);
        (await root.AskAsync("GET", $"{members}/all/{both.Id}", cancel))["access_level"].ShouldBe("40");
        (await root.AskAsync("GET", $"{members}/{above.Id}", cancel)).Text.ShouldBe("""{"message":"404 Not found"}""");
        (await root.AskAsync("GET", $"{members}/all/{above.Id}", cancel))["access_level"].ShouldBe("20");
        (await root.AskAsync("GET", $"/groups/{child.Id}/members/all", cancel)).Header("X-Total").ShouldBe("3");
        (await root.AskAsync("GET", $"{members}/jane", cancel)).Text.ShouldBe("""{"error":"user_id is invalid"}""");
    }

    [Fact]
    public async Task Expired_member_is_none_and_may_be_added_again()
    {
        var project = await server.CreateProjectAsync(cancel);
        var user = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(project, user, AccessLevel.Owner, cancel, new DateOnly(2026, 1, 2));
        (await root.AskAsync("GET", $"/projects/{project.Id}/members/{user.Id}", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("GET", $"/projects/{project.Id}/members", cancel)).Text.ShouldBe("[]");
        (await server.ClientFor(user).AskAsync("GET", $"/projects/{project.Id}", cancel)).Status.ShouldBe(404);
        (await root.AskAsync("POST", $"/projects/{project.Id}/members", cancel, new { user_id = user.Id, access_level = 30 })).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Anonymous_callers_see_no_members()
    {
        var group = await server.CreateGroupAsync(cancel, visibility: "public");
        (await server.ClientFor((string?)null).AskAsync("GET", $"/groups/{group.Id}/members", cancel)).Status.ShouldBe(401);
    }

    private static (long, int) Level(System.Text.Json.JsonElement member) =>
        (member.GetProperty("id").GetInt64(), member.GetProperty("access_level").GetInt32());

    [Fact]
    public async Task Memberships_are_listed_with_where_they_come_from()
    {
        var (store, page) = (server.Get<MemberStore>(), new Page(1, 10));
        var above = await server.CreateGroupAsync(cancel);
        var group = await server.CreateGroupAsync(cancel, parent: above);
        var beside = await server.CreateGroupAsync(cancel, parent: above);
        var project = await server.CreateProjectAsync(cancel, group: group);
        var (anna, berta, gone) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        await server.AddMemberAsync(above, anna, AccessLevel.Guest, cancel);
        await server.AddMemberAsync(beside, berta, AccessLevel.Guest, cancel);
        await server.AddMemberAsync(group, berta, AccessLevel.Reporter, cancel);
        await server.AddMemberAsync(project, anna, AccessLevel.Developer, cancel);
        await server.AddMemberAsync(project, gone, AccessLevel.Developer, cancel, new DateOnly(2026, 1, 1));
        await root.AskAsync("POST", $"/projects/{project.Id}/access_tokens", cancel, new { name = "bot", scopes = new[] { "api" }, access_level = 20 });

        var (members, total) = await store.ListWithSourcesAsync(new Place(project.Id, null), project.NamespaceLineage, null, page, cancel);
        string Told(MemberWithSource member) => $"{(member.Bot == 1 ? "bot" : member.Username)} {member.AccessLevel} {member.SourcePath}";
        string[] expected = [$"{anna.Username} 30 ", "bot 20 ", $"root 50 {above.FullPath}", $"{anna.Username} 10 {above.FullPath}", $"{berta.Username} 20 {group.FullPath}"];
        members.Select(Told).Order().ShouldBe([.. expected.Append($"root 50 {group.FullPath}").Order()]);
        members.Take(2).Select(Told).ShouldBe(expected[..2]);
        total.ShouldBe(6);
        (members, total) = await store.ListWithSourcesAsync(new Place(null, group.Id), group.Lineage, berta.Username.ToUpperInvariant(), page, cancel);
        members.ShouldHaveSingleItem().SourcePath.ShouldBeNull();
        total.ShouldBe(1);
    }
}

public sealed class MemberTestsOnSqlite(SqliteServer fixture) : MemberTests(fixture.Server), IClassFixture<SqliteServer>;
public sealed class MemberTestsOnPostgres(PostgresServer fixture) : MemberTests(fixture.Server), IClassFixture<PostgresServer>;
