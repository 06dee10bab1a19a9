using System.Text.Json;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Registry.Tests.Graph;
using Larder.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Tests.Audit;

public sealed class AuditTestsOnSqlite(SqliteServer fixture) : AuditTests(fixture.Server), IClassFixture<SqliteServer>
{
    protected override async Task<string> PlanAsync(string sql, object parameters) =>
        string.Join('\n', (await Database.ReadAsync(session => session.QueryAsync<Step>($"explain query plan {sql}", parameters), Cancel)).Select(step => step.Detail));

    private sealed record Step(long Id, long Parent, long NotUsed, string Detail);
}

public sealed class AuditTestsOnPostgres(PostgresServer fixture) : AuditTests(fixture.Server), IClassFixture<PostgresServer>
{
    // It weighs one column against the days by what it knows of the rows, and here are few.
    protected override string OrIndex => "|audit_events_created_at";

    // Few rows are faster read and sorted than looked for; the question is what an index can do.
    protected override async Task<string> PlanAsync(string sql, object parameters) => string.Join('\n', await Database.ReadAsync(async session =>
    {
        await session.ExecuteAsync("set enable_seqscan = off; set enable_bitmapscan = off");
        var plan = await session.QueryAsync<string>($"explain {sql}", parameters);
        await session.ExecuteAsync("reset enable_seqscan; reset enable_bitmapscan");
        return plan;
    }, Cancel));
}

/// <summary>Who changed access, settings or packages can be read afterwards, and nothing else can.</summary>
public abstract class AuditTests(LarderServer server)
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected Database Database => server.Get<Database>();

    protected abstract Task<string> PlanAsync(string sql, object parameters);

    protected virtual string OrIndex => "";

    [Fact]
    public void Every_call_that_is_no_question_is_audited_or_says_why_not()
    {
        var routes = server.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>().Where(route => route.Metadata.GetMetadata<RequiredPermission>() is not null).ToList();
        var changing = routes.Where(route =>
            route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Intersect(["POST", "PUT", "PATCH", "DELETE"]).Any()).ToList();
        changing.Count.ShouldBeGreaterThan(50);
        changing.Where(route => route.Metadata.GetMetadata<AuditedAs>() is null && route.Metadata.GetMetadata<NotAudited>() is null)
            .Select(route => route.RoutePattern.RawText).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("groups", "Group")]
    [InlineData("projects", "Project")]
    public async Task Adding_a_member_is_told_with_author_place_and_parameters(string kind, string type)
    {
        var project = await server.CreateProjectAsync(cancel);
        var (owner, added) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        var place = kind == "groups" ? project.NamespaceId : project.Id;
        await root.AskAsync("POST", $"/{kind}/{place}/members", cancel, new { user_id = owner.Id, access_level = 50 });
        using var client = server.ClientFor(owner);
        (await client.AskAsync("POST", $"/{kind}/{place}/members", cancel, new { user_id = added.Id, access_level = 30 })).Status.ShouldBe(201);

        var happened = (await EventsAsync(client, $"/{kind}/{place}/audit_events"))[0];
        happened["event_name"].GetString().ShouldBe("member_added");
        happened["author_id"].GetInt64().ShouldBe(owner.Id);
        happened["entity_type"].GetString().ShouldBe(type);
        happened["entity_id"].GetInt64().ShouldBe(place);
        var details = happened["details"];
        details.GetProperty("author_name").GetString().ShouldBe(owner.Username);
        details.GetProperty("target_details").GetString().ShouldBe($"POST {kind}/{place}/members");
        details.GetProperty("ip_address").GetString().ShouldBe("127.0.0.1");
        details.GetProperty("parameters").GetProperty("access_level").GetString().ShouldBe("30");
        details.GetProperty("parameters").GetProperty("user_id").GetString().ShouldBe($"{added.Id}");
    }

    [Fact]
    public async Task What_was_refused_is_no_event()
    {
        var project = await server.CreateProjectAsync(cancel);
        (await root.AskAsync("POST", $"/projects/{project.Id}/members", cancel, new { user_id = 999_999, access_level = 30 })).Status.ShouldBe(404);
        (await root.AskAsync("PUT", $"/projects/{project.Id}", cancel, new { visibility = "nonsense" })).Status.ShouldBe(400);
        (await EventsAsync(root, $"/projects/{project.Id}/audit_events")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Publishing_and_deleting_are_told_and_a_refused_duplicate_is_not()
    {
        var project = await server.CreateProjectAsync(cancel);
        await root.AskAsync("PUT", $"/groups/{project.NamespaceId}/package_settings", cancel, new { generic_duplicates_allowed = false });
        async Task<int> PublishAsync(string content)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{project.Id}/packages/generic/app/1.0/app.zip")
            {
                Content = new StringContent(content),
            };
            return (await root.AskAsync(request, cancel)).Status;
        }
        (await PublishAsync("one")).ShouldBe(201);
        (await PublishAsync("two")).ShouldBe(400);
        (await PublishAsync("one")).ShouldBe(201); // the same again adds nothing
        var package = (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json[0].GetProperty("id").GetInt64();
        (await root.AskAsync("DELETE", $"/projects/{project.Id}/packages/{package}", cancel)).Status.ShouldBe(204);

        var events = await EventsAsync(root, $"/projects/{project.Id}/audit_events");
        events.Select(happened => happened["event_name"].GetString()).ShouldBe(["package_deleted", "package_file_published"]);
        events[1]["details"].GetProperty("target_details").GetString()
            .ShouldBe($"PUT projects/{project.Id}/packages/generic/app/1.0/app.zip");
    }

    [Fact]
    public async Task Making_a_group_or_project_is_told_by_what_was_made()
    {
        var path = server.NewName("made");
        var group = await MakeAsync("Group", "groups", new { name = path, path }, path);
        await MakeAsync("Group", "groups", new { name = "inner", path = "inner", parent_id = group }, $"{path}/inner");
        await MakeAsync("Project", "projects", new { name = "tools", namespace_id = group }, $"{path}/tools");

        async Task<long> MakeAsync(string type, string kind, object json, string fullPath)
        {
            var made = (await root.AskAsync("POST", $"/{kind}", cancel, json)).Json.GetProperty("id").GetInt64();
            var happened = (await EventsAsync(root, $"/{kind}/{made}/audit_events")).ShouldHaveSingleItem();
            happened["event_name"].GetString().ShouldBe($"{type.ToLowerInvariant()}_created");
            happened["entity_type"].GetString().ShouldBe(type);
            happened["details"].GetProperty("entity_path").GetString().ShouldBe(fullPath);
            return made;
        }
    }

    [Fact]
    public async Task Mutations_are_told_by_their_project()
    {
        var project = await server.CreateProjectAsync(cancel);
        await root.AskAsync("PUT", $"/projects/{project.Id}/packages/generic/app/1.0/app.zip", cancel, new { any = "thing" });
        var package = (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json[0].GetProperty("id").GetInt64();
        await root.AskGraphAsync($$"""mutation { destroyPackage(input: {id: "gid://gitlab/Packages::Package/{{package}}"}) { errors } }""", cancel);

        var happened = (await EventsAsync(root, $"/projects/{project.Id}/audit_events"))[0];
        happened["event_name"].GetString().ShouldBe("package_deleted");
        happened["details"].GetProperty("target_details").GetString().ShouldBe("graphql destroyPackage");
        happened["details"].GetProperty("parameters").GetProperty("id").ToString().ShouldBe($"{package}");
    }

    [Fact]
    public async Task Secrets_are_not_told()
    {
        const string password = "a-password-nobody-may-read";
        var name = server.NewName("told");
        (await root.AskAsync("POST", "/users", cancel, new { username = name, name, email = $"{name}@example.com", password })).Status.ShouldBe(201);
        var user = (await root.AskAsync("GET", $"/users?username={name}", cancel)).Json[0].GetProperty("id").GetInt64();
        var token = (await root.AskAsync("POST", $"/users/{user}/personal_access_tokens", cancel, new { name = "t", scopes = new[] { "api" } }))["token"]!;
        using var client = server.ClientFor(token);
        (await client.AskAsync("DELETE", $"/personal_access_tokens/self?private_token={token}", cancel)).Status.ShouldBe(204);

        var told = await root.AskAsync("GET", "/audit_events?per_page=100", cancel);
        told.Text.ShouldContain("user_created");
        told.Text.ShouldContain("personal_access_token_revoked");
        told.Text.ShouldNotContain(password);
        told.Text.ShouldNotContain(token);
    }

    [Fact]
    public async Task Events_are_for_maintainers_of_the_project_owners_of_the_group_and_administrators()
    {
        var project = await server.CreateProjectAsync(cancel);
        var user = await server.CreateUserAsync(cancel);
        using var client = server.ClientFor(user);
        async Task<int[]> AskAllAsync() =>
        [
            (await client.AskAsync("GET", $"/projects/{project.Id}/audit_events", cancel)).Status,
            (await client.AskAsync("GET", $"/groups/{project.NamespaceId}/audit_events", cancel)).Status,
            (await client.AskAsync("GET", "/audit_events", cancel)).Status,
        ];
        (await AskAllAsync()).ShouldBe([404, 404, 403]);
        var members = $"/groups/{project.NamespaceId}/members";
        await root.AskAsync("POST", members, cancel, new { user_id = user.Id, access_level = 30 });
        (await AskAllAsync()).ShouldBe([403, 403, 403]);
        await root.AskAsync("PUT", $"{members}/{user.Id}", cancel, new { access_level = 40 });
        (await AskAllAsync()).ShouldBe([200, 403, 403]);
        await root.AskAsync("PUT", $"{members}/{user.Id}", cancel, new { access_level = 50 });
        (await AskAllAsync()).ShouldBe([200, 200, 403]);
    }

    [Fact]
    public async Task Pages_follow_each_other_by_key_and_filters_choose()
    {
        var project = await server.CreateProjectAsync(cancel);
        for (var i = 0; i < 5; i++) await root.AskAsync("PUT", $"/projects/{project.Id}", cancel, new { description = $"number {i}" });
        var first = await root.AskAsync("GET", $"/projects/{project.Id}/audit_events?per_page=3", cancel);
        Descriptions(first).ShouldBe(["number 4", "number 3", "number 2"]);
        var next = first.Header("Link").Split('>')[0].TrimStart('<');
        var second = await root.AskAsync(new HttpRequestMessage(HttpMethod.Get, next), cancel);
        Descriptions(second).ShouldBe(["number 1", "number 0"]);
        second.Header("Link").ShouldBeEmpty();

        (await EventsAsync(root, $"/projects/{project.Id}/audit_events?event_name=member_added")).ShouldBeEmpty();
        (await EventsAsync(root, $"/projects/{project.Id}/audit_events?author_id=1")).Count.ShouldBe(5);
        (await EventsAsync(root, $"/projects/{project.Id}/audit_events?created_before=2001-01-01")).ShouldBeEmpty();
        (await EventsAsync(root, $"/projects/{project.Id}/audit_events?created_after=2001-01-01")).Count.ShouldBe(5);
        (await EventsAsync(root, $"/audit_events?entity_type=Project&entity_id={project.Id}")).Count.ShouldBe(5);
        (await root.AskAsync("GET", $"/projects/{project.Id}/audit_events?cursor=x", cancel)).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Events_outlive_what_they_tell_of()
    {
        var project = await server.CreateProjectAsync(cancel);
        (await root.AskAsync("DELETE", $"/projects/{project.Id}", cancel)).Status.ShouldBe(202);
        var happened = (await EventsAsync(root, $"/audit_events?entity_type=Project&entity_id={project.Id}"))[0];
        happened["event_name"].GetString().ShouldBe("project_removed");
        happened["details"].GetProperty("entity_path").GetString().ShouldBe(project.FullPath);
    }

    [Fact]
    public async Task Removal_takes_the_oldest_and_keeps_what_is_young_enough()
    {
        var log = server.Get<AuditLog>();
        var path = server.NewName("removal");
        for (var i = 0; i < 3; i++) await log.AddAsync(Event(path));
        var now = server.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var mine = (await log.ListAsync(new AuditFilter(), before: null, limit: 100, cancel)).Where(happened => happened.EntityPath == path).ToList();
        mine.Count.ShouldBe(3);
        await log.RemoveAsync(mine.Min(happened => happened.CreatedAt), limit: 1000, cancel);
        (await log.ListAsync(new AuditFilter(), null, 100, cancel)).Count(happened => happened.EntityPath == path).ShouldBe(3);
        while (await log.RemoveAsync(now + 1, limit: 2, cancel) == 2) { }
        (await log.ListAsync(new AuditFilter(CreatedBefore: now), null, 100, cancel)).ShouldNotContain(happened => happened.EntityPath == path);
    }

    [Fact]
    public async Task Log_is_asked_for_the_name_of_who_did_it_and_the_path_of_where()
    {
        var log = server.Get<AuditLog>();
        var path = server.NewName("asked");
        await log.AddAsync(Event(path));
        await log.AddAsync(Event(path) with { AuthorName = path });
        (await log.ListAsync(new AuditFilter(EntityPath: path), null, 10, cancel)).Count.ShouldBe(2);
        (await log.ListAsync(new AuditFilter(EntityPath: path, AuthorName: path, EventName: "test"), null, 10, cancel)).ShouldHaveSingleItem();
        (await log.ListAsync(new AuditFilter(AuthorName: path + "x"), null, 10, cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Days_of_whatever_is_asked_for_are_read_from_an_index_in_the_order_of_the_answer()
    {
        var asked = new (AuditFilter Filter, string Index)[]
        {
            (new(), "audit_events_created_at"), (new(AuthorName: "root"), "audit_events_author"), (new(EventName: "test"), "audit_events_name"),
            (new(EntityPath: "acme"), "audit_events_path"), (new(EntityTypes.Project, 1), "audit_events_entity"),
            (new(AuthorName: "root", EventName: "test"), "audit_events_(author|name)"),
        };
        foreach (var (filter, index) in asked)
        {
            foreach (var before in (long?[])[null, 5])
            {
                var (sql, parameters) = AuditLog.Statement(filter with { CreatedAfter = 1, CreatedBefore = 9 }, before, before, 51);
                var plan = await PlanAsync(sql, parameters);
                plan.ShouldMatch($@"({index}{OrIndex})[\s\S]*created_at ?>", filter.ToString());
                plan.ShouldNotMatch("TEMP B-TREE|Sort");
            }
        }
    }

    [Fact]
    public async Task Pages_go_by_the_clock_and_by_the_order_of_adding_where_it_stood_still()
    {
        var log = server.Get<AuditLog>();
        var path = server.NewName("clock");
        for (var i = 0; i < 4; i++) await log.AddAsync(Event(path) with { Target = $"{i}" });
        var added = await log.ListAsync(new AuditFilter(EntityPath: path), null, 10, cancel);
        added.Select(one => one.Target).ShouldBe(["3", "2", "1", "0"]);
        // The clock of another node was behind.
        await Database.WriteAsync(session => session.ExecuteAsync(
            "update audit_events set created_at = created_at - 5000 where id = @Id", new { added[0].Id }), cancel);
        var (seen, before) = (new List<string>(), default(long?));
        for (var page = await log.ListAsync(new AuditFilter(EntityPath: path), before, 1, cancel); page.Count > 0; page = await log.ListAsync(new AuditFilter(EntityPath: path), before, 1, cancel))
        {
            seen.Add(page[0].Target);
            before = page[0].Id;
        }
        seen.ShouldBe(["2", "1", "0", "3"]);
        // One that is gone leaves its place.
        await Database.WriteAsync(session => session.ExecuteAsync("delete from audit_events where id = @Id", new { added[1].Id }), cancel);
        (await log.ListAsync(new AuditFilter(EntityPath: path), added[1].Id, 10, cancel)).Select(one => one.Target).ShouldBe(["1", "0", "3"]);
        (await log.ListAsync(new AuditFilter(EntityPath: path), 0, 10, cancel)).ShouldBeEmpty();
    }

    private static AuditEvent Event(string path) => new()
    {
        EventName = "test", AuthorName = "test", EntityType = EntityTypes.Instance, EntityPath = path, Target = "test",
    };

    private static IEnumerable<string?> Descriptions(Answer answer) => answer.Json.EnumerateArray()
        .Select(happened => happened.GetProperty("details").GetProperty("parameters").GetProperty("description").GetString());

    private async Task<IReadOnlyList<IReadOnlyDictionary<string, JsonElement>>> EventsAsync(HttpClient client, string path)
    {
        var answer = await client.AskAsync("GET", path, cancel);
        answer.Status.ShouldBe(200, answer.Text);
        return [.. answer.Json.EnumerateArray().Select(happened => happened.EnumerateObject().ToDictionary(member => member.Name, member => member.Value))];
    }
}
