using System.Text.Json;
using System.Text.RegularExpressions;
using Larder.Testing;

namespace Larder.Server.Tests;

/// <summary>The API's own description, and the page that shows it.</summary>
public sealed class ApiReferenceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Document_has_every_call_with_its_parameters_and_its_errors()
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        using var document = JsonDocument.Parse(await client.GetStringAsync("/-/openapi/v4.json", Token));

        var paths = document.RootElement.GetProperty("paths");
        paths.EnumerateObject().Count().ShouldBeGreaterThan(80);
        var calls = paths.EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Where(member => member.Name != "parameters")).ToList();
        calls.ShouldAllBe(call => call.Value.GetProperty("summary").GetString()!.EndsWith('.'));
        calls.ShouldAllBe(call => call.Value.GetProperty("responses").EnumerateObject().Any(answer => answer.Name == "401"));

        var add = paths.GetProperty("/api/v4/projects/{id}/members").GetProperty("post");
        var body = add.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema");
        body.GetProperty("required").EnumerateArray().Select(name => name.GetString()).ShouldBe(["access_level"]);
        body.GetProperty("properties").GetProperty("expires_at").GetProperty("format").GetString().ShouldBe("date");
        add.GetProperty("responses").EnumerateObject().Select(answer => answer.Name).ShouldBe(["201", "400", "401", "403", "404", "503"]);

        var publish = paths.GetProperty("/api/v4/projects/{id}/packages/generic/{package_name}/{package_version}/{file_name}").GetProperty("put");
        publish.GetProperty("parameters").EnumerateArray().Select(parameter => parameter.GetProperty("name").GetString())
            .ShouldBe(["id", "package_name", "package_version", "file_name", "status", "select"]);
        publish.GetProperty("responses").TryGetProperty("413", out _).ShouldBeTrue();
    }

    [Fact]
    public async Task Every_call_says_what_it_answers()
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        using var document = JsonDocument.Parse(await client.GetStringAsync("/-/openapi/v4.json", Token));
        var answers = document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(call => (
            Name: $"{call.Name} {path.Name.Replace("/api/v4/", "", StringComparison.Ordinal)}",
            Answers: call.Value.GetProperty("responses").EnumerateObject().Where(answer => answer.Name[0] == '2').ToList()))).ToList();

        answers.Where(call => call.Answers.Count == 0).Select(call => call.Name).ShouldBe(
        [
            "post virtual_registries/packages/maven/registries/{id}/local/upstreams",
            "get virtual_registries/packages/maven/local/upstreams/{id}",
            "patch virtual_registries/packages/maven/local/upstreams/{id}",
            "delete virtual_registries/packages/maven/local/upstreams/{id}",
            "post virtual_registries/packages/maven/{id}/{path}",
        ], ignoreOrder: true, "these are there to refuse");
        answers.SelectMany(call => call.Answers.Where(answer => answer.Name != "204" && !answer.Value.TryGetProperty("content", out _))
            .Select(_ => call.Name)).Where(name => !name.StartsWith("head ", StringComparison.Ordinal))
            .ShouldBe(["post projects/{id}/packages/generic/{package_name}/{package_version}/{file_name}"], "tus tells by headers");
        answers.SelectMany(call => call.Answers).Where(answer => answer.Name == "204" && answer.Value.TryGetProperty("content", out _)).ShouldBeEmpty();

        // What may be anything: lists that are always empty here, and objects of others' making.
        var open = new List<string>();
        foreach (var schema in document.RootElement.GetProperty("components").GetProperty("schemas").EnumerateObject()) Gather(schema.Value, schema.Name);
        foreach (var (name, all) in answers)
            foreach (var answer in all)
                if (answer.Value.TryGetProperty("content", out var content))
                    foreach (var type in content.EnumerateObject()) Gather(type.Value.GetProperty("schema"), name);
        open.Order(StringComparer.Ordinal).ShouldBe(
        [
            "AuditEventDetails.parameters", "Group.shared_with_groups", "GroupPackage.tags", "Package.tags", "PackageVersion.tags",
            "Project.shared_with_groups", "SinglePackage.tags",
            "get projects/{id}/packages/{package_id}/pipelines", "post /api/graphql",
        ]);

        void Gather(JsonElement schema, string name)
        {
            if (schema.TryGetProperty("$ref", out _)) return;
            if (schema.TryGetProperty("items", out var items)) Gather(items, name + "[]");
            else if (schema.TryGetProperty("additionalProperties", out var others)) Gather(others, name + "{}");
            else if (schema.TryGetProperty("anyOf", out var choices) || schema.TryGetProperty("oneOf", out choices))
                foreach (var choice in choices.EnumerateArray()) Gather(choice, name);
            else if (schema.TryGetProperty("properties", out var fields))
                foreach (var field in fields.EnumerateObject()) Gather(field.Value, $"{name}.{field.Name}");
            else if (!schema.TryGetProperty("type", out var type) || type.ToString() is "object" or "array") open.Add(name);
        }
    }

    [Fact]
    public async Task Schemas_say_what_is_always_there_and_what_may_be_null()
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        using var document = JsonDocument.Parse(await client.GetStringAsync("/-/openapi/v4.json", Token));
        var schemas = document.RootElement.GetProperty("components").GetProperty("schemas");
        schemas.EnumerateObject().ShouldAllBe(schema => Regex.IsMatch(schema.Name, "^([A-Z][a-z]+)+$") && !schema.Name.EndsWith("Json", StringComparison.Ordinal));
        Regex.Matches(document.RootElement.GetRawText(), "\"#/components/schemas/([^\"]+)\"").Select(match => match.Groups[1].Value).Distinct()
            .ShouldBe(schemas.EnumerateObject().Select(schema => schema.Name), ignoreOrder: true);

        var package = schemas.GetProperty("Package");
        Names(package).ShouldBe(["id", "name", "version", "package_type", "status", "_links", "created_at", "last_downloaded_at", "creator_id", "tags"]);
        Required(package).ShouldBe(Names(package), ignoreOrder: true);
        Names(schemas.GetProperty("GroupPackage")).ShouldBe([.. Names(package), "project_id", "project_path"]);
        Field("Package", "last_downloaded_at").GetProperty("type").EnumerateArray().Select(type => type.GetString()).ShouldBe(["null", "string"], ignoreOrder: true);
        Field("Package", "last_downloaded_at").GetProperty("format").GetString().ShouldBe("date-time");
        Field("Package", "id").GetProperty("type").GetString().ShouldBe("integer");
        Field("PackageLinks", "web_path").GetProperty("type").GetString().ShouldBe("string");
        schemas.GetProperty("PackageLinks").TryGetProperty("required", out _).ShouldBeFalse();
        Field("PersonalAccessToken", "expires_at").GetProperty("format").GetString().ShouldBe("date");
        Field("User", "bio").GetProperty("type").GetString().ShouldBe("string");
        Field("Project", "permissions").GetProperty("$ref").GetString().ShouldBe("#/components/schemas/ProjectPermissions");
        Required(schemas.GetProperty("Project")).ShouldNotContain("permissions");

        var list = document.RootElement.GetProperty("paths").GetProperty("/api/v4/projects/{id}/packages").GetProperty("get").GetProperty("responses").GetProperty("200");
        list.GetProperty("headers").EnumerateObject().Select(header => header.Name)
            .ShouldBe(["X-Total", "X-Total-Pages", "X-Per-Page", "X-Page", "X-Next-Page", "X-Prev-Page", "Link"]);
        var schema = list.GetProperty("content").GetProperty("application/json").GetProperty("schema");
        schema.GetProperty("items").GetProperty("$ref").GetString().ShouldBe("#/components/schemas/Package");
        var limits = document.RootElement.GetProperty("paths").GetProperty("/api/v4/application/plan_limits").GetProperty("get").GetProperty("responses")
            .GetProperty("200").GetProperty("content").GetProperty("application/json").GetProperty("schema");
        Names(limits).ShouldContain("generic_packages_max_file_size");
        document.RootElement.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("name").GetString())
            .ShouldBe(["Packages", "Virtual registries", "Projects", "Groups", "Users", "Tokens", "Audit events", "Server"]);

        JsonElement Field(string type, string name) => schemas.GetProperty(type).GetProperty("properties").GetProperty(name);

        static List<string> Names(JsonElement schema) => [.. schema.GetProperty("properties").EnumerateObject().Select(field => field.Name)];

        static List<string?> Required(JsonElement schema) => [.. schema.GetProperty("required").EnumerateArray().Select(name => name.GetString())];
    }

    [Fact]
    public async Task Page_loads_nothing_from_elsewhere()
    {
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        var page = await client.GetStringAsync("/-/api/", Token);
        var sources = Regex.Matches(page, "src=\"([^\"]+)\"").Select(match => match.Groups[1].Value).ToList();
        sources.ShouldNotBeEmpty();
        foreach (var source in sources)
        {
            source.ShouldNotContain("//");
            (await client.GetAsync("/-/api/" + source, Token)).IsSuccessStatusCode.ShouldBeTrue(source);
        }
        page.ShouldContain("-/openapi/v4.json");
    }
}
