using System.Text.Json;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Tests.Packages;
using Larder.Testing;

namespace Larder.Registry.Tests.Graph;

public sealed class GraphMutationTestsOnSqlite(SqliteServer fixture) : GraphMutationTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class GraphMutationTestsOnPostgres(PostgresServer fixture) : GraphMutationTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Mutations: generic-packages contract sections 5 and 6.</summary>
public abstract class GraphMutationTests(LarderServer server) : IAsyncLifetime
{
    private const string NotAvailable =
        "The resource that you are attempting to access does not exist or you don't have permission to perform this action";

    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private Namespace group = null!;
    private Project project = null!;

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
    public async Task Package_settings_are_those_of_REST()
    {
        var set = await MutateAsync(root, "updateNamespacePackageSettings", new
        {
            namespacePath = group.FullPath, genericDuplicatesAllowed = false, genericDuplicateExceptionRegex = "a.*", clientMutationId = "mine",
        }, "packageSettings { genericDuplicatesAllowed genericDuplicateExceptionRegex } errors clientMutationId");
        set.Text.ShouldBe("""{"data":{"updateNamespacePackageSettings":{"packageSettings":{"genericDuplicatesAllowed":false,"genericDuplicateExceptionRegex":"a.*"},"errors":[],"clientMutationId":"mine"}}}""");
        (await root.AskAsync("GET", $"/groups/{group.Id}/package_settings", cancel)).Text.ShouldBe(
            """{"generic_duplicates_allowed":false,"generic_duplicate_exception_regex":"a.*"}""");
        await MutateAsync(root, "updateNamespacePackageSettings", new { namespacePath = group.FullPath, genericDuplicateExceptionRegex = (string?)null }, "errors");
        (await root.AskGraphAsync($$"""{ group(fullPath: "{{group.FullPath}}") { packageSettings { genericDuplicatesAllowed genericDuplicateExceptionRegex } } }""", cancel))
            .Text.ShouldContain("""{"genericDuplicatesAllowed":false,"genericDuplicateExceptionRegex":""}""");
    }

    [Fact]
    public async Task Expression_that_is_unsound_is_an_error_of_the_payload()
    {
        var answer = await MutateAsync(root, "updateNamespacePackageSettings", new
        {
            namespacePath = group.FullPath, genericDuplicatesAllowed = false, genericDuplicateExceptionRegex = "(",
        }, "packageSettings { genericDuplicatesAllowed } errors");
        answer.Text.ShouldBe("""{"data":{"updateNamespacePackageSettings":{"packageSettings":null,"errors":["Generic duplicate exception regex not valid RE2 syntax: InsufficientClosingParentheses at 1"]}}}""");
        (await root.AskAsync("GET", $"/groups/{group.Id}/package_settings", cancel))["generic_duplicates_allowed"].ShouldBe("True");
    }

    [Fact]
    public async Task Cleanup_policy_is_that_of_REST()
    {
        var set = await MutateAsync(root, "updatePackagesCleanupPolicy", new { projectPath = project.FullPath, keepNDuplicatedPackageFiles = "TWENTY_PACKAGE_FILES" },
            "packagesCleanupPolicy { keepNDuplicatedPackageFiles deleteGenericPackagesNotDownloadedInDays nextRunAt } errors");
        set.Text.ShouldBe("""{"data":{"updatePackagesCleanupPolicy":{"packagesCleanupPolicy":{"keepNDuplicatedPackageFiles":"TWENTY_PACKAGE_FILES","deleteGenericPackagesNotDownloadedInDays":null,"nextRunAt":"2026-01-02T15:04:05Z"},"errors":[]}}}""");
        await MutateAsync(root, "updatePackagesCleanupPolicy", new { projectPath = project.FullPath, deleteGenericPackagesNotDownloadedInDays = 30 }, "errors");
        var policy = await root.AskAsync("GET", $"/projects/{project.Id}/packages/cleanup_policy", cancel);
        (policy["keep_n_duplicated_package_files"], policy["delete_generic_packages_not_downloaded_in_days"]).ShouldBe(("20", "30"));
        await MutateAsync(root, "updatePackagesCleanupPolicy", new { projectPath = project.FullPath, deleteGenericPackagesNotDownloadedInDays = (int?)null }, "errors");
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages/cleanup_policy", cancel))["delete_generic_packages_not_downloaded_in_days"].ShouldBeNull();
        (await MutateAsync(root, "updatePackagesCleanupPolicy", new { projectPath = project.FullPath, deleteGenericPackagesNotDownloadedInDays = 0 }, "packagesCleanupPolicy { nextRunAt } errors"))
            .Text.ShouldBe("""{"data":{"updatePackagesCleanupPolicy":{"packagesCleanupPolicy":null,"errors":["Delete generic packages not downloaded in days must be greater than or equal to 1"]}}}""");
    }

    [Fact]
    public async Task Packages_are_destroyed_by_id_hidden_ones_too()
    {
        var ids = new List<string>();
        for (var i = 0; i < 3; i++) ids.Add(await PublishAsync($"app{i}"));
        (await root.PutFileAsync(project, "app0/1.0/b.txt?status=hidden", "bytes", cancel)).Status.ShouldBe(201);
        (await MutateAsync(root, "destroyPackage", new { id = ids[0] }, "errors")).Text.ShouldBe("""{"data":{"destroyPackage":{"errors":[]}}}""");
        (await root.GetFileAsync(project, "app0/1.0/a.txt", cancel)).Status.ShouldBe(404);
        (await MutateAsync(root, "destroyPackages", new { ids = new[] { ids[1], ids[2], ids[1] } }, "errors")).Text.ShouldBe("""{"data":{"destroyPackages":{"errors":[]}}}""");
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Text.ShouldBe("[]");
        ShouldBeError(await MutateAsync(root, "destroyPackage", new { id = ids[0] }, "errors"), "destroyPackage", NotAvailable);
    }

    [Fact]
    public async Task Packages_are_destroyed_together_or_not_at_all()
    {
        var id = await PublishAsync("app");
        const string nobody = "gid://gitlab/Packages::Package/999999";
        ShouldBeError(await MutateAsync(root, "destroyPackages", new { ids = new[] { id, nobody } }, "errors"), "destroyPackages", NotAvailable);
        ShouldBeError(await MutateAsync(root, "destroyPackages", new { ids = Enumerable.Range(1, 21).Select(i => $"gid://gitlab/Packages::Package/{i}") }, "errors"),
            "destroyPackages", "Cannot delete more than 20 packages");
        (await root.GetFileAsync(project, "app/1.0/a.txt", cancel)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Files_are_destroyed_by_id_within_one_project()
    {
        await PublishAsync("app");
        for (var i = 0; i < 3; i++) await root.PutFileAsync(project, $"app/1.0/{i}.txt", "bytes", cancel);
        var package = await root.PackageIdAsync(project, "app", "1.0", cancel);
        var files = (await root.AskAsync("GET", $"/projects/{project.Id}/packages/{package}/package_files", cancel))
            .Json.EnumerateArray().Select(file => $"gid://gitlab/Packages::PackageFile/{file.GetProperty("id")}").ToList();
        (await MutateAsync(root, "destroyPackageFile", new { id = files[0] }, "errors")).Text.ShouldBe("""{"data":{"destroyPackageFile":{"errors":[]}}}""");
        (await MutateAsync(root, "destroyPackageFiles", new { projectPath = project.FullPath, ids = files[1..3] }, "errors")).Text.ShouldBe(
            """{"data":{"destroyPackageFiles":{"errors":[]}}}""");
        (await root.FileNamesAsync(project, package, cancel)).ShouldBe(["2.txt"]);

        var other = await server.CreateProjectAsync(cancel);
        ShouldBeError(await MutateAsync(root, "destroyPackageFiles", new { projectPath = other.FullPath, ids = files[3..] }, "errors"),
            "destroyPackageFiles", "All package files must be in the project");
        ShouldBeError(await MutateAsync(root, "destroyPackageFiles", new
        {
            projectPath = project.FullPath, ids = Enumerable.Range(1, 101).Select(i => $"gid://gitlab/Packages::PackageFile/{i}"),
        }, "errors"), "destroyPackageFiles", "Cannot delete more than 100 files");
        ShouldBeError(await MutateAsync(root, "destroyPackageFile", new { id = files[0] }, "errors"), "destroyPackageFile", NotAvailable);
        (await root.FileNamesAsync(project, package, cancel)).ShouldBe(["2.txt"]);
    }

    [Fact]
    public async Task Protected_packages_stay()
    {
        var id = await PublishAsync("app");
        var other = await PublishAsync("other");
        var package = await root.PackageIdAsync(project, "app", "1.0", cancel);
        var file = $"gid://gitlab/Packages::PackageFile/{(await root.AskAsync("GET", $"/projects/{project.Id}/packages/{package}/package_files", cancel)).Json[0].GetProperty("id")}";
        await root.AskAsync("POST", $"/projects/{project.Id}/packages/protection/rules", cancel, new
        {
            package_name_pattern = "app", package_type = "generic", minimum_access_level_for_delete = "owner",
        });
        using var client = await MemberAsync(AccessLevel.Maintainer);
        const string refused = """{"errors":["Package is deletion protected."]}""";
        (await MutateAsync(client, "destroyPackage", new { id }, "errors")).Text.ShouldContain(refused);
        (await MutateAsync(client, "destroyPackages", new { ids = new[] { other, id } }, "errors")).Text.ShouldContain(refused);
        (await MutateAsync(client, "destroyPackageFile", new { id = file }, "errors")).Text.ShouldContain(refused);
        (await MutateAsync(client, "destroyPackageFiles", new { projectPath = project.FullPath, ids = new[] { file } }, "errors")).Text.ShouldContain(refused);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel)).Json.GetArrayLength().ShouldBe(2);
        (await root.GetFileAsync(project, "app/1.0/a.txt", cancel)).Status.ShouldBe(200);
    }

    // The level below the one that each takes.
    [Theory]
    [InlineData("updateNamespacePackageSettings", AccessLevel.Maintainer)]
    [InlineData("updatePackagesCleanupPolicy", AccessLevel.Developer)]
    [InlineData("destroyPackage", AccessLevel.Developer)]
    [InlineData("destroyPackages", AccessLevel.Developer)]
    [InlineData("destroyPackageFile", AccessLevel.Developer)]
    [InlineData("destroyPackageFiles", AccessLevel.Developer)]
    public async Task Mutation_takes_the_level_that_REST_takes(string name, AccessLevel below)
    {
        var id = await PublishAsync("app");
        var package = await root.PackageIdAsync(project, "app", "1.0", cancel);
        var file = $"gid://gitlab/Packages::PackageFile/{(await root.AskAsync("GET", $"/projects/{project.Id}/packages/{package}/package_files", cancel)).Json[0].GetProperty("id")}";
        object input = name switch
        {
            "updateNamespacePackageSettings" => new { namespacePath = group.FullPath, genericDuplicatesAllowed = false },
            "updatePackagesCleanupPolicy" => new { projectPath = project.FullPath, keepNDuplicatedPackageFiles = "ONE_PACKAGE_FILE" },
            "destroyPackage" => new { id },
            "destroyPackages" => new { ids = new[] { id } },
            "destroyPackageFile" => new { id = file },
            _ => new { projectPath = project.FullPath, ids = new[] { file } },
        };
        using var anonymous = server.ClientFor((string?)null);
        using var stranger = await MemberAsync(AccessLevel.None);
        using var low = await MemberAsync(below);
        var owner = await server.CreateUserAsync(cancel);
        await server.AddMemberAsync(group, owner, AccessLevel.Owner, cancel);
        using var reader = server.ClientFor(await server.CreateTokenAsync(owner.Id, cancel, "read_api"));
        foreach (var client in new[] { anonymous, stranger, low, reader }) ShouldBeError(await MutateAsync(client, name, input, "errors"), name, NotAvailable);
        (await MutateAsync(server.ClientFor(owner), name, input, "errors")).Text.ShouldBe($$$$"""{"data":{"{{{{name}}}}":{"errors":[]}}}""");
    }

    private async Task<string> PublishAsync(string name)
    {
        (await root.PutFileAsync(project, $"{name}/1.0/a.txt", "bytes", cancel)).Status.ShouldBe(201);
        return $"gid://gitlab/Packages::Package/{await root.PackageIdAsync(project, name, "1.0", cancel)}";
    }

    private async Task<HttpClient> MemberAsync(AccessLevel level)
    {
        var user = await server.CreateUserAsync(cancel);
        if (level != AccessLevel.None) await server.AddMemberAsync(group, user, level, cancel);
        return server.ClientFor(user);
    }

    private async Task<Answer> MutateAsync(HttpClient client, string name, object input, string fields) => await client.AskGraphAsync(
        $$"""mutation ($input: {{char.ToUpperInvariant(name[0])}}{{name[1..]}}Input!) { {{name}}(input: $input) { {{fields}} } }""", cancel, new { input });

    private static void ShouldBeError(Answer answer, string name, string message)
    {
        answer.Status.ShouldBe(200);
        var error = answer.Json.GetProperty("errors").EnumerateArray().Single();
        error.GetProperty("message").GetString().ShouldBe(message);
        error.GetProperty("path")[0].GetString().ShouldBe(name);
        error.TryGetProperty("extensions", out _).ShouldBeFalse();
        answer.Json.GetProperty("data").GetProperty(name).ValueKind.ShouldBe(JsonValueKind.Null);
    }
}
