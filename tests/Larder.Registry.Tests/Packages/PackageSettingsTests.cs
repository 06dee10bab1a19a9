using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class PackageSettingsTestsOnSqlite(SqliteServer fixture) : PackageSettingsTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class PackageSettingsTestsOnPostgres(PostgresServer fixture) : PackageSettingsTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Duplicate files: generic-packages contract sections 2.7 and 5.</summary>
public abstract class PackageSettingsTests(LarderServer server) : IAsyncLifetime
{
    private const string Refusal = """{"message":"400 Bad request - Duplicate package is not allowed"}""";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private Namespace group = null!;
    private Project project = null!;

    private string Settings => $"/groups/{group.Id}/package_settings";

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
    public async Task Settings_have_defaults_and_keep_what_is_not_set()
    {
        (await root.AskAsync("GET", Settings, cancel)).Text.ShouldBe(
            """{"generic_duplicates_allowed":true,"generic_duplicate_exception_regex":""}""");
        (await root.AskAsync("PUT", Settings, cancel, new { generic_duplicate_exception_regex = ".*-SNAPSHOT" })).Text.ShouldBe(
            """{"generic_duplicates_allowed":true,"generic_duplicate_exception_regex":".*-SNAPSHOT"}""");
        (await root.AskAsync("PUT", Settings, cancel, new { generic_duplicates_allowed = false })).Text.ShouldBe(
            """{"generic_duplicates_allowed":false,"generic_duplicate_exception_regex":".*-SNAPSHOT"}""");
        (await root.AskAsync("PUT", Settings, cancel, new { generic_duplicate_exception_regex = (string?)null })).Text.ShouldBe(
            """{"generic_duplicates_allowed":false,"generic_duplicate_exception_regex":""}""");
        (await root.AskAsync("GET", Settings, cancel)).Text.ShouldBe(
            """{"generic_duplicates_allowed":false,"generic_duplicate_exception_regex":""}""");
    }

    [Theory]
    [InlineData("{}", "generic_duplicates_allowed, generic_duplicate_exception_regex are missing, at least one parameter must be provided")]
    [InlineData("""{"generic_duplicates_allowed":"perhaps"}""", "generic_duplicates_allowed is invalid")]
    [InlineData("""{"generic_duplicates_allowed":true,"maven_duplicates_allowed":true}""", "maven_duplicates_allowed is unknown")]
    public async Task Parameters_that_make_no_sense_are_refused_in_words(string body, string error) =>
        (await PutAsync(root, body)).ShouldBe((400, $$"""{"error":"{{error}}"}"""));

    [Theory]
    [InlineData("(", "not valid RE2 syntax: InsufficientClosingParentheses at 1")]
    [InlineData("a)|(b", "not valid RE2 syntax: InsufficientOpeningParentheses at 2")]
    [InlineData("(?=a)", "not valid RE2 syntax: look-around, back-references, and patterns of more than 10,000 states are not supported")]
    [InlineData(@"(a)\\1", "not valid RE2 syntax: look-around, back-references, and patterns of more than 10,000 states are not supported")]
    [InlineData("(((a{99}){99}){99}){99}", "not valid RE2 syntax: look-around, back-references, and patterns of more than 10,000 states are not supported")]
    public async Task Exception_that_is_no_sound_expression_is_refused(string exception, string problem)
    {
        (await PutAsync(root, $$"""{"generic_duplicate_exception_regex":"{{exception}}"}""")).ShouldBe(
            (400, $$$"""{"message":{"generic_duplicate_exception_regex":["{{{problem}}}"]}}"""));
        (await root.AskAsync("GET", Settings, cancel))["generic_duplicate_exception_regex"].ShouldBe("");
    }

    [Fact]
    public async Task Exception_may_have_255_characters()
    {
        (await PutAsync(root, $$"""{"generic_duplicate_exception_regex":"{{new string('a', 255)}}"}""")).Status.ShouldBe(200);
        (await PutAsync(root, $$"""{"generic_duplicate_exception_regex":"{{new string('a', 256)}}"}""")).Text.ShouldBe(
            """{"message":{"generic_duplicate_exception_regex":["is too long (maximum is 255 characters)"]}}""");
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData(AccessLevel.None, 404)]
    [InlineData(AccessLevel.Maintainer, 403)]
    [InlineData(AccessLevel.Owner, 200)]
    public async Task Settings_are_for_owners(AccessLevel? level, int status)
    {
        var user = level is null ? null : await server.CreateUserAsync(cancel);
        if (level is not (null or AccessLevel.None)) await server.AddMemberAsync(group, user!, level.Value, cancel);
        using var client = server.ClientFor(user?.Token);
        (await client.AskAsync("GET", Settings, cancel)).Status.ShouldBe(status);
        (await PutAsync(client, """{"generic_duplicates_allowed":true}""")).Status.ShouldBe(status);
    }

    // allowed, exception, whether a second file is taken; the package is app of version 1.0.
    [Theory]
    [InlineData(true, "", true)]
    [InlineData(true, "other", true)]
    [InlineData(true, "app", false)]
    [InlineData(true, @"1\.\d+", false)]
    [InlineData(true, "ap", true)]
    [InlineData(true, "pp", true)]
    [InlineData(true, "APP", true)]
    [InlineData(true, "x|app|y", false)]
    [InlineData(true, "x|ap|y", true)]
    [InlineData(false, "", false)]
    [InlineData(false, "other", false)]
    [InlineData(false, "app", true)]
    [InlineData(false, @"1\.\d+", true)]
    [InlineData(false, @"1\.", false)]
    public async Task Second_file_of_a_name_is_taken_or_refused_by_the_rules(bool allowed, string exception, bool taken)
    {
        await SetAsync(allowed, exception);
        (await root.PutFileAsync(project, "app/1.0/a.txt", "first", cancel)).Status.ShouldBe(201);
        (await root.PutFileAsync(project, "app/1.0/b.txt", "other name", cancel)).Status.ShouldBe(201);
        var second = await root.PutFileAsync(project, "app/1.0/a.txt", "second", cancel);
        second.Status.ShouldBe(taken ? 201 : 400);
        if (!taken) second.Text.ShouldBe(Refusal);
        (await root.GetFileAsync(project, "app/1.0/a.txt", cancel)).Text.ShouldBe(taken ? "second" : "first");
    }

    [Fact]
    public async Task Refused_file_changes_nothing()
    {
        await SetAsync(false, "");
        await root.PutFileAsync(project, "app/1.0/a.txt", "first", cancel);
        var id = await root.PackageIdAsync(project, "app", "1.0", cancel);
        (await root.PutFileAsync(project, "app/1.0/a.txt?status=hidden", "second", cancel)).Text.ShouldBe(Refusal);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages/{id}", cancel))["status"].ShouldBe("default");
        (await root.FileNamesAsync(project, id, cancel)).ShouldBe(["a.txt"]);
    }

    [Fact]
    public async Task Same_content_again_is_success_and_no_second_file()
    {
        await SetAsync(false, "");
        var first = await root.PutFileAsync(project, "app/1.0/dir/a.txt?select=package_file", "same", cancel);
        var again = await root.PutFileAsync(project, "app/1.0/dir/a.txt?select=package_file", "same", cancel);
        (again.Status, again["id"]).ShouldBe((200, first["id"]));
        (await root.PutFileAsync(project, "app/1.0/dir/a.txt?status=hidden", "same", cancel)).Status.ShouldBe(201);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages?status=hidden", cancel)).Json.GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Content_of_an_older_file_of_the_name_is_a_duplicate()
    {
        await root.PutFileAsync(project, "app/1.0/a.txt", "older", cancel);
        await root.PutFileAsync(project, "app/1.0/a.txt", "newer", cancel);
        await SetAsync(false, "");
        (await root.PutFileAsync(project, "app/1.0/a.txt", "older", cancel)).Text.ShouldBe(Refusal);
        (await root.PutFileAsync(project, "app/1.0/a.txt", "newer", cancel)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Deleted_file_is_no_duplicate()
    {
        await SetAsync(false, "");
        await root.PutFileAsync(project, "app/1.0/a.txt", "first", cancel);
        var id = await root.PackageIdAsync(project, "app", "1.0", cancel);
        var file = (await root.AskAsync("GET", $"/projects/{project.Id}/packages/{id}/package_files", cancel)).Json[0].GetProperty("id");
        (await root.AskAsync("DELETE", $"/projects/{project.Id}/packages/{id}/package_files/{file}", cancel)).Status.ShouldBe(204);
        (await root.PutFileAsync(project, "app/1.0/a.txt", "second", cancel)).Status.ShouldBe(201);
        (await root.GetFileAsync(project, "app/1.0/a.txt", cancel)).Text.ShouldBe("second");
    }

    [Fact]
    public async Task Settings_reach_the_projects_of_the_group_and_not_those_of_its_subgroups()
    {
        await SetAsync(false, "");
        var inner = await server.CreateProjectAsync(cancel, group: await server.CreateGroupAsync(cancel, parent: group));
        await root.PutFileAsync(inner, "app/1.0/a.txt", "first", cancel);
        (await root.PutFileAsync(inner, "app/1.0/a.txt", "second", cancel)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Of_many_uploads_of_one_name_at_once_one_is_taken()
    {
        await SetAsync(false, "");
        for (var round = 0; round < 5; round++)
        {
            var path = $"app/{round}/a.txt";
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => root.PutFileAsync(project, path, $"{i}", cancel)));
            answers.Count(answer => answer.Status == 201).ShouldBe(1);
            answers.Count(answer => answer.Text == Refusal).ShouldBe(15);
            var same = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => root.PutFileAsync(project, $"same/{round}/a.txt", "same", cancel)));
            same.ShouldAllBe(answer => answer.Status == 201);
            var id = await root.PackageIdAsync(project, "same", $"{round}", cancel);
            (await root.FileNamesAsync(project, id, cancel)).ShouldBe(["a.txt"]);
        }
    }

    private async Task SetAsync(bool allowed, string exception) => (await root.AskAsync("PUT", Settings, cancel,
        new { generic_duplicates_allowed = allowed, generic_duplicate_exception_regex = exception })).Status.ShouldBe(200);

    private async Task<(int Status, string Text)> PutAsync(HttpClient client, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4{Settings}")
        {
            Content = new StringContent(body, null, "application/json"),
        };
        var answer = await client.AskAsync(request, cancel);
        return (answer.Status, answer.Text);
    }
}
