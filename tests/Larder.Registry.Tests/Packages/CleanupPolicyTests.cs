using System.Text.Json;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Registry.Upkeep;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class CleanupPolicyTestsOnSqlite(SqliteServer fixture) : CleanupPolicyTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class CleanupPolicyTestsOnPostgres(PostgresServer fixture) : CleanupPolicyTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Cleanup policies: generic-packages contract section 6.</summary>
public abstract class CleanupPolicyTests(LarderServer server) : IAsyncLifetime
{
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly HttpClient root = server.ClientFor(LarderServer.RootToken);
    private Namespace group = null!;
    private Project project = null!;

    private string Policy => $"/projects/{project.Id}/packages/cleanup_policy";

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
    public async Task Policy_has_defaults_and_keeps_what_is_not_set()
    {
        (await root.AskAsync("GET", Policy, cancel)).Text.ShouldBe(
            """{"keep_n_duplicated_package_files":"all","delete_generic_packages_not_downloaded_in_days":null,"next_run_at":null}""");
        var next = JsonSerializer.Serialize(server.Time.GetUtcNow().AddHours(12).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", null));
        (await root.AskAsync("PUT", Policy, cancel, new { keep_n_duplicated_package_files = 10 })).Text.ShouldBe(
            $$"""{"keep_n_duplicated_package_files":"10","delete_generic_packages_not_downloaded_in_days":null,"next_run_at":{{next}}}""");
        (await root.AskAsync("PUT", Policy, cancel, new { delete_generic_packages_not_downloaded_in_days = 90 })).Text.ShouldBe(
            $$"""{"keep_n_duplicated_package_files":"10","delete_generic_packages_not_downloaded_in_days":90,"next_run_at":{{next}}}""");
        (await root.AskAsync("PUT", Policy, cancel, new { keep_n_duplicated_package_files = "all", delete_generic_packages_not_downloaded_in_days = (int?)null })).Text
            .ShouldBe($$"""{"keep_n_duplicated_package_files":"all","delete_generic_packages_not_downloaded_in_days":null,"next_run_at":{{next}}}""");
        (await root.AskAsync("GET", Policy, cancel))["keep_n_duplicated_package_files"].ShouldBe("all");
    }

    [Theory]
    [InlineData("{}", """{"error":"keep_n_duplicated_package_files, delete_generic_packages_not_downloaded_in_days are missing, at least one parameter must be provided"}""")]
    [InlineData("""{"keep_n_duplicated_package_files":2}""", """{"error":"keep_n_duplicated_package_files does not have a valid value"}""")]
    [InlineData("""{"keep_n_duplicated_package_files":"1","keep":1}""", """{"error":"keep is unknown"}""")]
    [InlineData("""{"delete_generic_packages_not_downloaded_in_days":"soon"}""", """{"error":"delete_generic_packages_not_downloaded_in_days is invalid"}""")]
    [InlineData("""{"delete_generic_packages_not_downloaded_in_days":0}""", """{"message":{"delete_generic_packages_not_downloaded_in_days":["must be greater than or equal to 1"]}}""")]
    [InlineData("""{"delete_generic_packages_not_downloaded_in_days":36501}""", """{"message":{"delete_generic_packages_not_downloaded_in_days":["must be less than or equal to 36500"]}}""")]
    public async Task Policy_that_makes_no_sense_is_refused_in_words(string body, string error)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4{Policy}") { Content = new StringContent(body, null, "application/json") };
        var answer = await root.AskAsync(request, cancel);
        (answer.Status, answer.Text).ShouldBe((400, error));
        (await root.AskAsync("GET", Policy, cancel))["next_run_at"].ShouldBeNull();
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData(AccessLevel.None, 404)]
    [InlineData(AccessLevel.Developer, 403)]
    [InlineData(AccessLevel.Maintainer, 200)]
    public async Task Policy_is_for_maintainers(AccessLevel? level, int status)
    {
        var user = level is null ? null : await server.CreateUserAsync(cancel);
        if (level is not (null or AccessLevel.None)) await server.AddMemberAsync(group, user!, level.Value, cancel);
        using var client = server.ClientFor(user?.Token);
        (await client.AskAsync("GET", Policy, cancel)).Status.ShouldBe(status);
        (await client.AskAsync("PUT", Policy, cancel, new { keep_n_duplicated_package_files = "all" })).Status.ShouldBe(status);
        (await client.AskAsync("GET", $"{Policy}/preview", cancel)).Status.ShouldBe(status);
    }

    [Fact]
    public async Task Newest_files_of_each_name_stay_and_the_rest_goes_when_it_is_due()
    {
        for (var i = 0; i < 12; i++) await PutAsync("app/1.0/a.txt", $"a{i}");
        await PutAsync("app/1.0/dir/a.txt", "nested");
        await PutAsync("app/1.0/b.txt", "b0");
        await PutAsync("app/1.0/b.txt?status=hidden", "b1");
        for (var i = 0; i < 12; i++) await PutAsync("app/2.0/a.txt", $"c{i}");
        await SaveAsync(new { keep_n_duplicated_package_files = "10" });

        server.Time.Advance(CleanupPolicy.Interval - TimeSpan.FromMinutes(1));
        await server.Get<CleanupRuns>().RunAsync(cancel);
        (await ContentsAsync("app/1.0/a.txt")).ShouldBe(12);

        server.Time.Advance(TimeSpan.FromMinutes(1));
        await RunUntilAsync(async () => await ContentsAsync("app/1.0/a.txt") <= 10 && await ContentsAsync("app/2.0/a.txt") <= 10);
        (await ContentsAsync("app/1.0/a.txt")).ShouldBe(10);
        (await ContentsAsync("app/2.0/a.txt")).ShouldBe(10);
        (await ContentsAsync("app/1.0/b.txt")).ShouldBe(2);
        (await root.GetFileAsync(project, "app/1.0/a.txt", cancel)).Text.ShouldBe("a11");
        (await root.GetFileAsync(project, "app/1.0/dir/a.txt", cancel)).Text.ShouldBe("nested");
        await RunUntilAsync(async () => (await root.AskAsync("GET", $"/projects/{project.Id}/audit_events", cancel)).Text.Contains("packages_cleaned_up"));
        var ran = (await root.AskAsync("GET", Policy, cancel)).Json.GetProperty("next_run_at").GetDateTimeOffset();
        ran.ShouldBe(server.Time.GetUtcNow() + CleanupPolicy.Interval);
    }

    [Fact]
    public async Task Packages_that_nobody_wants_go_and_those_that_somebody_touched_or_protects_stay()
    {
        foreach (var name in new[] { "old", "downloaded", "published", "kept", "deprecated" }) await PutAsync($"{name}/1.0/a.txt", name);
        await root.AskAsync("POST", $"/projects/{project.Id}/packages/protection/rules", cancel, new
        {
            package_name_pattern = "k*", package_type = "generic", minimum_access_level_for_delete = "owner",
        });
        await root.AskAsync("POST", $"/projects/{project.Id}/packages/protection/rules", cancel, new
        {
            package_name_pattern = "old", package_type = "generic", minimum_access_level_for_push = "owner",
        });
        server.Time.Advance(TimeSpan.FromDays(29));
        (await root.GetFileAsync(project, "downloaded/1.0/a.txt", cancel)).Status.ShouldBe(200);
        await server.Get<DownloadCounts>().FlushAsync(cancel);
        await PutAsync("published/1.0/b.txt", "again");
        server.Time.Advance(TimeSpan.FromDays(2));
        await PutAsync("new/1.0/a.txt", "new");
        await SaveAsync(new { delete_generic_packages_not_downloaded_in_days = 30 });

        var preview = (await root.AskAsync("GET", $"{Policy}/preview", cancel)).Json.GetProperty("packages");
        (preview.GetProperty("count").GetInt64(), preview.GetProperty("size").GetInt64()).ShouldBe((2, 13));
        preview.GetProperty("first").EnumerateArray().Select(package => package.GetProperty("name").GetString()).ShouldBe(["old", "deprecated"]);

        server.Time.Advance(CleanupPolicy.Interval);
        await RunUntilAsync(async () => (await NamesAsync()).Length <= 4);
        (await NamesAsync()).ShouldBe(["downloaded", "published", "kept", "new"], ignoreOrder: true);
        (await root.GetFileAsync(project, "old/1.0/a.txt", cancel)).Status.ShouldBe(404);
        await PutAsync("old/1.0/a.txt", "the name is free");
        (await root.GetFileAsync(project, "old/1.0/a.txt", cancel)).Text.ShouldBe("the name is free");
    }

    [Fact]
    public async Task Preview_says_what_would_go_and_removes_nothing()
    {
        await PutAsync("app/1.0/a.txt", "first");
        await PutAsync("app/1.0/a.txt", "2nd");
        await PutAsync("app/1.0/a.txt", "third");
        await PutAsync("tool/1.0/t.txt", "tool");
        var all = (await root.AskAsync("GET", $"{Policy}/preview", cancel)).Json;
        all.GetProperty("package_files").GetProperty("count").GetInt64().ShouldBe(0);
        all.GetProperty("packages").GetProperty("count").GetInt64().ShouldBe(0);

        var one = (await root.AskAsync("GET", $"{Policy}/preview?keep_n_duplicated_package_files=1", cancel)).Json;
        one.GetProperty("keep_n_duplicated_package_files").GetString().ShouldBe("1");
        var files = one.GetProperty("package_files");
        (files.GetProperty("count").GetInt64(), files.GetProperty("size").GetInt64()).ShouldBe((2, 8));
        files.GetProperty("first").EnumerateArray().Select(file => file.GetProperty("size").GetInt64()).ShouldBe([5, 3]);
        (await ContentsAsync("app/1.0/a.txt")).ShouldBe(3);
        (await root.AskAsync("GET", Policy, cancel))["keep_n_duplicated_package_files"].ShouldBe("all");

        // Files of packages that go are not counted again.
        server.Time.Advance(TimeSpan.FromDays(2));
        await PutAsync("tool/1.0/t.txt", "tool 2");
        var both = (await root.AskAsync("GET", $"{Policy}/preview?keep_n_duplicated_package_files=1&delete_generic_packages_not_downloaded_in_days=1", cancel)).Json;
        (both.GetProperty("packages").GetProperty("count").GetInt64(), both.GetProperty("packages").GetProperty("size").GetInt64()).ShouldBe((1, 13));
        both.GetProperty("package_files").GetProperty("count").GetInt64().ShouldBe(1);
        both.GetProperty("package_files").GetProperty("first")[0].GetProperty("file_name").GetString().ShouldBe("t.txt");
    }

    [Fact]
    public async Task Run_gets_through_more_than_one_batch()
    {
        var store = server.Get<Database>();
        await PutAsync("app/1.0/a.txt", "bytes");
        var package = await root.PackageIdAsync(project, "app", "1.0", cancel);
        // 2,500 files of one name and 1,100 names of two files: more than a batch of each.
        await store.WriteAsync(async session =>
        {
            await CopyAsync(session, package, 2_499, "'a.txt'");
            await CopyAsync(session, package, 2_200, "'n' || (i / 2)");
        }, cancel);
        var removed = await server.Get<Cleanup>().RunAsync(project.Id, new CleanupPolicy("1", null, null), cancel);
        removed.ShouldBe(new CleanupResult(2_499 + 1_100, 0));
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages/{package}/package_files", cancel)).Header("X-Total").ShouldBe("1101");
    }

    [Fact]
    public async Task Policies_that_remove_nothing_and_projects_without_packages_are_never_due()
    {
        await SaveAsync(new { keep_n_duplicated_package_files = "1" });
        var saved = (await root.AskAsync("GET", Policy, cancel))["next_run_at"];
        server.Time.Advance(CleanupPolicy.Interval * 2);
        await server.Get<CleanupRuns>().RunAsync(cancel);
        (await root.AskAsync("GET", Policy, cancel))["next_run_at"].ShouldBe(saved);
        await PutAsync("app/1.0/a.txt", "bytes");
        await RunUntilAsync(async () => (await root.AskAsync("GET", Policy, cancel))["next_run_at"] != saved);
    }

    [Fact]
    public async Task Preview_looks_at_as_many_packages_as_it_is_told_to()
    {
        foreach (var name in (string[])["a", "b", "c"])
        {
            await PutAsync($"{name}/1.0/x.txt", "one");
            await PutAsync($"{name}/1.0/x.txt", "two");
        }
        var policy = new CleanupPolicy("1", null, null);
        var some = await PreviewAsync(policy, 2, 2);
        (some.Files.Count, some.FirstFiles.Count, some.SeesAllFiles).ShouldBe((2, 2, false));
        var all = await PreviewAsync(policy, 3, 3);
        (all.Files.Count, all.FirstFiles.Count, all.SeesAllFiles).ShouldBe((3, 3, true));
        var store = server.Get<PackageStore>();
        var packages = await store.OfFilesAsync(all.FirstFiles, cancel);
        all.FirstFiles.Select(file => packages[file.PackageId].Name).ShouldBe(["a", "b", "c"]);
        (await store.OfFilesAsync([], cancel)).ShouldBeEmpty();
        (await store.HasNewerFileAsync(all.FirstFiles[0], cancel)).ShouldBeTrue();
        var newest = (await store.FilesAsync(all.FirstFiles[0].PackageId, "id", descending: true, new Registry.Http.Page(1, 1), cancel)).Files[0];
        (await store.HasNewerFileAsync(newest, cancel)).ShouldBeFalse();

        server.Time.Advance(TimeSpan.FromDays(2));
        policy = new CleanupPolicy("1", 1, null);
        some = await PreviewAsync(policy, 2, 1);
        (some.Packages, some.CountsAllPackages, some.WeighsAllPackages).ShouldBe((new CleanupTotal(2, 6), false, false));
        some = await PreviewAsync(policy, 3, 2);
        (some.Packages, some.CountsAllPackages, some.WeighsAllPackages).ShouldBe((new CleanupTotal(3, 12), true, false));
        all = await PreviewAsync(policy, 3, 3);
        (all.Packages.Count, all.Packages.Size, all.Files.Count, all.FirstPackages.Count).ShouldBe((3, 18, 0, 3));
        (all.CountsAllPackages, all.WeighsAllPackages, all.SeesAllFiles).ShouldBe((true, true, true));

        Task<CleanupPreview> PreviewAsync(CleanupPolicy policy, int counted, int weighed) =>
            server.Get<CleanupPreviews>().OfAsync(project.Id, policy, new CleanupReach(counted, weighed), cancel);
    }

    [Fact]
    public async Task Preview_and_run_spare_the_same_protected_names()
    {
        foreach (var name in (string[])["release-1", "RELEASE-2", "a_b", "axb", "c.d", "other"]) await PutAsync($"{name}/1.0/x.txt", "bytes");
        foreach (var pattern in (string[])["release-*", "a_b", "*.D", "100%"])
            (await root.AskAsync("POST", $"/projects/{project.Id}/packages/protection/rules", cancel, new
            {
                package_name_pattern = pattern, package_type = "generic", minimum_access_level_for_delete = "owner",
            })).Status.ShouldBe(201);
        server.Time.Advance(TimeSpan.FromDays(2));
        var policy = new CleanupPolicy("1", 1, null);
        var preview = await server.Get<CleanupPreviews>().OfAsync(project.Id, policy, CleanupReach.OfPage, cancel);
        preview.FirstPackages.Select(package => package.Name).ShouldBe(["axb", "other"]);
        preview.Packages.Count.ShouldBe(2);
        (await server.Get<Cleanup>().RunAsync(project.Id, policy, cancel)).Packages.ShouldBe(2);
        (await root.AskAsync("GET", $"/projects/{project.Id}/packages?order_by=name", cancel)).Json.EnumerateArray()
            .Select(package => package.GetProperty("name").GetString()).ShouldBe(["RELEASE-2", "a_b", "c.d", "release-1"]);
    }

    [Fact]
    public async Task Policy_is_taken_by_one_of_many_nodes()
    {
        await PutAsync("app/1.0/a.txt", "bytes");
        await SaveAsync(new { keep_n_duplicated_package_files = "1" });
        server.Time.Advance(CleanupPolicy.Interval - Later.Lead / 2);
        await server.Get<CleanupRuns>().RunAsync(cancel);
        var policies = Enumerable.Range(0, 8).Select(_ => new CleanupPolicyStore(server.Get<Database>(), new Later(server.Time))).ToList();
        var taken = new List<long>();
        // Those of other tests may be due too, and be taken first.
        for (var round = 0; round < 10; round++)
        {
            var due = await Task.WhenAll(policies.Select(policy => policy.TakeDueAsync(cancel)));
            taken.AddRange(due.OfType<DuePolicy>().Select(policy => policy.ProjectId));
        }
        taken.Count(id => id == project.Id).ShouldBe(1);
    }

    // So that the server's own run does not take it first.
    private sealed class Later(TimeProvider time) : TimeProvider
    {
        public static readonly TimeSpan Lead = TimeSpan.FromMinutes(10);

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Lead;
    }

    private static Task<int> CopyAsync(Session session, long package, int count, string name) => session.ExecuteAsync($"""
        with recursive counted(i) as (select 0 union all select i + 1 from counted where i < {count - 1})
        insert into package_files (package_id, file_name, sha256, size, status, creator_id, created_at, updated_at)
        select package_id, {name}, sha256, size, 'default', creator_id, created_at, updated_at
        from package_files cross join counted where package_id = {package} and id = (select min(id) from package_files where package_id = {package})
        """);

    // The server does it too, at its own pace: whoever takes the policy, it is done in the end.
    private async Task RunUntilAsync(Func<Task<bool>> done)
    {
        do
        {
            await server.Get<CleanupRuns>().RunAsync(cancel);
        }
        while (!await done());
    }

    private async Task PutAsync(string path, string content) => (await root.PutFileAsync(project, path, content, cancel)).Status.ShouldBe(201);

    private async Task SaveAsync(object policy) => (await root.AskAsync("PUT", Policy, cancel, policy)).Status.ShouldBe(200);

    private async Task<string?[]> NamesAsync() => [.. (await root.AskAsync("GET", $"/projects/{project.Id}/packages", cancel))
        .Json.EnumerateArray().Select(package => package.GetProperty("name").GetString())];

    /// <summary>How many files a package has of this name.</summary>
    private async Task<long> ContentsAsync(string path)
    {
        var parts = path.Split('/');
        return await server.Get<Database>().ReadAsync(session => session.SingleAsync<long>("""
            select count(*) from package_files f join packages p on p.id = f.package_id
            where p.project_id = @Id and p.name = @Name and p.version = @Version and f.file_name = @File and f.status = 'default'
            """, new { project.Id, Name = parts[0], Version = parts[1], File = parts[2] }), cancel);
    }
}
