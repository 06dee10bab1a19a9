using System.Text;
using Larder.Registry.Namespaces;
using Larder.Registry.Graph;
using Larder.Testing;

namespace Larder.Registry.Tests.Graph;

public sealed class GraphTransportTestsOnSqlite(SqliteServer fixture) : GraphTransportTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class GraphTransportTestsOnPostgres(PostgresServer fixture) : GraphTransportTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Requests, credentials and limits of GraphQL: generic-packages contract section 5.</summary>
public abstract class GraphTransportTests(LarderServer server)
{
    private const string InvalidToken = """{"errors":[{"message":"Invalid token"}]}""";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);

    [Theory]
    [InlineData("PRIVATE-TOKEN", "glpat-nonsense")]
    [InlineData("Authorization", "Bearer glpat-nonsense")]
    public async Task Token_that_is_none_is_401(string header, string value)
    {
        using var client = server.ClientFor((string?)null);
        client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        var answer = await client.AskGraphAsync("{ __typename }", cancel);
        (answer.Status, answer.Text).ShouldBe((401, InvalidToken));
    }

    [Fact]
    public async Task Token_that_was_revoked_is_401_and_one_of_another_scope_403()
    {
        var user = await server.CreateUserAsync(cancel);
        using var client = server.ClientFor(user);
        (await client.AskAsync("DELETE", "/personal_access_tokens/self", cancel)).Status.ShouldBe(204);
        var answer = await client.AskGraphAsync("{ __typename }", cancel);
        (answer.Status, answer.Text).ShouldBe((401, InvalidToken));
        using var other = server.ClientFor(await server.CreateTokenAsync(user.Id, cancel, "read_virtual_registry"));
        (await other.AskGraphAsync("{ __typename }", cancel)).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Bearer_and_tokens_that_only_read_may_ask()
    {
        var user = await server.CreateUserAsync(cancel);
        using var bearer = server.ClientFor((string?)null);
        bearer.DefaultRequestHeaders.Authorization = new("Bearer", await server.CreateTokenAsync(user.Id, cancel, "read_api"));
        var query = $$"""{ namespace(fullPath: "{{user.Username}}") { packageSettings { genericDuplicatesAllowed } } }""";
        (await bearer.AskGraphAsync(query, cancel)).Text.ShouldContain("true");
        using var anonymous = server.ClientFor((string?)null);
        (await anonymous.AskGraphAsync("{ __typename }", cancel)).Text.ShouldBe("""{"data":{"__typename":"Query"}}""");
    }

    [Theory]
    [InlineData("not json", "application/json", "The request body is not a JSON object with a query")]
    [InlineData("[]", "application/json", "The request body is not a JSON object with a query")]
    [InlineData("{}", "application/json", "The request has no query")]
    [InlineData("""{"query":""}""", "application/json", "The request has no query")]
    [InlineData("""{"query":5}""", "application/json", "The request body is not a JSON object with a query")]
    [InlineData("""{"query":"{ __typename }"}""", "text/plain", "The request body must be JSON")]
    public async Task Request_that_is_none_is_400(string body, string contentType, string message)
    {
        var answer = await SendAsync(body, contentType);
        (answer.Status, answer.Text).ShouldBe((400, $$"""{"errors":[{"message":"{{message}}"}]}"""));
    }

    [Theory]
    [InlineData("{ project(fullPath: \"a/b\") { nothing } }")]
    [InlineData("{ project { id } }")]
    [InlineData("{ package(id: \"gid://gitlab/Project/1\") { id } }")]
    [InlineData("{ package(id: 5) { id } }")]
    [InlineData("mutation { updateNamespacePackageSettings(input: {namespacePath: \"a\", mavenDuplicatesAllowed: true}) { errors } }")]
    [InlineData("{ project(fullPath: \"a/b\") {")]
    public async Task Query_that_does_not_fit_the_schema_is_answered_with_errors_and_no_data(string query)
    {
        var answer = await root.AskGraphAsync(query, cancel);
        answer.Status.ShouldBe(200);
        answer.Json.GetProperty("errors").GetArrayLength().ShouldBeGreaterThan(0);
        answer.Json.GetProperty("errors")[0].TryGetProperty("message", out _).ShouldBeTrue();
        answer.Json.TryGetProperty("data", out var data).ShouldBe(false, data.ToString());
    }

    [Fact]
    public async Task One_of_several_operations_is_chosen_by_name()
    {
        var answer = await SendAsync("""{"query":"query a { __typename } query b { b: __typename }","operationName":"b"}""", "application/json");
        answer.Text.ShouldBe("""{"data":{"b":"Query"}}""");
    }

    [Fact]
    public async Task Errors_of_one_field_leave_the_others()
    {
        var project = await server.CreateProjectAsync(cancel);
        var answer = await root.AskGraphAsync($$"""
            { a: project(fullPath: "{{project.FullPath}}") { name packages(after: "nonsense") { count } }
              b: project(fullPath: "{{project.FullPath}}") { packages(first: -1) { count } }
              c: project(fullPath: "{{project.FullPath}}") { packages(first: 0) { count } } }
            """, cancel);
        answer.Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("message").GetString())
            .ShouldBe(["Invalid cursor", "`first` must not be negative"], ignoreOrder: true);
        var data = answer.Json.GetProperty("data");
        data.GetProperty("a").GetProperty("name").GetString().ShouldBe(project.Name);
        data.GetProperty("c").GetProperty("packages").GetProperty("count").GetInt32().ShouldBe(0);
    }

    [Fact]
    public async Task Query_that_asks_for_too_much_is_not_run()
    {
        var project = await server.CreateProjectAsync(cancel);
        var path = project.FullPath;
        // As deep as it may be, and one deeper; the project itself is the first.
        (await ErrorsAsync(Nested(path, GraphExecution.MostDepth / 3 - 1))).ShouldBe(0);
        (await ErrorsAsync(Nested(path, GraphExecution.MostDepth))).ShouldBe(1);
        // A page of pages: 100 x 100 nodes.
        (await ErrorsAsync($$"""{ project(fullPath: "{{path}}") { packages { nodes { project { packages { nodes { id } } } } } } }""")).ShouldBe(1);
        (await ErrorsAsync($$"""{ project(fullPath: "{{path}}") { packages(first: 9) { nodes { project { packages(first: 9) { nodes { id } } } } } } }""")).ShouldBe(0);
        // The same by many names.
        (await ErrorsAsync(Named(path, 40))).ShouldBe(0);
        (await ErrorsAsync(Named(path, 120))).ShouldBe(1);
        var answer = await root.AskGraphAsync($"{{ __typename #{new string('x', 10_000)}\n }}", cancel);
        (answer.Status, answer.Text).ShouldBe((400, """{"errors":[{"message":"The query is longer than 10000 characters"}]}"""));
        (await SendAsync($$$"""{"query":"{ __typename }","variables":{"a":"{{{new string('x', 300_000)}}}"}}""", "application/json")).Status.ShouldBe(413);
    }

    [Fact]
    public async Task Fragments_that_go_round_or_are_too_many_are_refused()
    {
        (await ErrorsAsync("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }")).ShouldBeGreaterThan(0);
        static string Chain(int length) => "{ ...f1 }" + string.Concat(Enumerable.Range(1, length)
            .Select(i => $"fragment f{i} on Query {{ __typename {(i < length ? $"...f{i + 1}" : "")} }} "));
        (await ErrorsAsync(Chain(LimitedDocuments.MostFragments))).ShouldBe(0);
        var answer = await root.AskGraphAsync(Chain(LimitedDocuments.MostFragments + 1), cancel);
        answer.Text.ShouldBe("""{"errors":[{"message":"Query has more than 50 fragments"}]}""");
    }

    [Theory]
    [InlineData("braces", "Query is nested too deeply")]
    [InlineData("subscription { anything }", "Schema is not configured for subscriptions")]
    public async Task Query_that_the_library_would_choke_on_is_an_error_of_the_query(string query, string message)
    {
        var answer = await root.AskGraphAsync(query == "braces" ? string.Concat(Enumerable.Repeat("{a", 3000)) : query, cancel);
        (answer.Status, answer.Text).ShouldBe((200, $$"""{"errors":[{"message":"{{message}}"}]}"""));
    }

    [Fact]
    public async Task Query_that_does_not_fit_the_schema_is_no_failure_of_the_server()
    {
        foreach (var query in new[] { "subscription { a }", "{ project { id } }", "{ package(id: 5) { id } }", "{ a(", "query ($a: Nothing) { a }", "{{{" })
            await root.AskGraphAsync(query, cancel);
        (await root.AskGraphAsync("query ($id: PackagesPackageID!) { package(id: $id) { id } }", cancel, new { id = "gid://gitlab/Project/1" }))
            .Json.GetProperty("errors").GetArrayLength().ShouldBe(1);
        server.Log.Where(line => line.StartsWith("Error", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"query":"{ group(fullPath: \"a\u0000b\") { id } }"}""")]
    [InlineData("""{"query":"{ group(fullPath: \"a\\u0000b\") { id } }"}""")]
    [InlineData("""{"query":"{ group(fullPath: \"a\\ud800\") { id } }"}""")]
    [InlineData("""{"query":"{ group(fullPath: \"a\ud800\") { id } }"}""")]
    [InlineData("""{"query":"query ($p: ID!) { group(fullPath: $p) { id } }","variables":{"p":"a\u0000b"}}""")]
    [InlineData("""{"query":"query ($p: ID!) { group(fullPath: $p) { id } }","variables":{"p":"a\ud800b"}}""")]
    [InlineData("""{"query":"query ($p: ID!) { group(fullPath: $p) { id } }","variables":{"p":[{"a\u0000":1}]}}""")]
    public async Task What_is_no_text_is_400(string body)
    {
        (await SendAsync(body, "application/json")).Status.ShouldBe(400);
        server.Log.Where(line => line.StartsWith("Error", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task More_words_than_can_be_looked_for_are_an_error_of_the_field()
    {
        var project = await server.CreateProjectAsync(cancel);
        var answer = await root.AskGraphAsync("query ($p: ID!, $n: String) { project(fullPath: $p) { packages(packageName: $n) { count } } }", cancel,
            new { p = project.FullPath, n = string.Join(' ', Enumerable.Repeat("w", 5000)) });
        answer.Json.GetProperty("errors")[0].GetProperty("message").GetString().ShouldBe("`packageName` has too many words");
    }

    [Fact]
    public async Task Schema_can_be_asked_for()
    {
        var answer = await root.AskGraphAsync("""
            query IntrospectionQuery { __schema { queryType { name } mutationType { name }
              types { ...FullType } directives { name description locations args { ...InputValue } } } }
            fragment FullType on __Type { kind name description
              fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
              inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
              possibleTypes { ...TypeRef } }
            fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
            fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
              ofType { kind name ofType { kind name ofType { kind name } } } } } } } }
            """, cancel);
        answer.Json.TryGetProperty("errors", out var errors).ShouldBeFalse(errors.ToString());
        answer.Json.GetProperty("data").GetProperty("__schema").GetProperty("types").EnumerateArray().Select(type => type.GetProperty("name").GetString())
            .ShouldContain("PackageDetailsType");
    }

    private static string Nested(string path, int times)
    {
        var query = new StringBuilder($$"""{ project(fullPath: "{{path}}") { """);
        for (var i = 0; i < times; i++) query.Append("packages(first: 1) { nodes { project { ");
        query.Append("id");
        for (var i = 0; i < times; i++) query.Append(" } } }");
        return query.Append(" } }").ToString();
    }

    private static string Named(string path, int times) =>
        $$"""query ($p: ID = "{{path}}") { {{string.Concat(Enumerable.Range(0, times).Select(i => $$"""a{{i}}: project(fullPath: $p) { packages { nodes { id } } }"""))}} }""";

    private async Task<int> ErrorsAsync(string query)
    {
        var answer = await root.AskGraphAsync(query, cancel);
        answer.Status.ShouldBe(200, answer.Text);
        return answer.Json.TryGetProperty("errors", out var errors) ? errors.GetArrayLength() : 0;
    }

    private async Task<Answer> SendAsync(string body, string contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/graphql") { Content = new StringContent(body, Encoding.UTF8, contentType) };
        return await root.AskAsync(request, cancel);
    }
}
