using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Larder.Registry.Upkeep;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

public sealed class PublicationTestsOnSqlite(SqliteServer fixture) : PublicationTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class PublicationTestsOnPostgres(PostgresServer fixture) : PublicationTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>What is kept of packages for people: who published with what, and how often they were downloaded on each day.</summary>
public abstract class PublicationTests(LarderServer server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task File_remembers_the_credential_it_was_published_with()
    {
        var project = await server.CreateProjectAsync(Cancel);
        using var root = server.ClientFor(LarderServer.RootToken);
        var deploy = await root.AskAsync("POST", $"/projects/{project.Id}/deploy_tokens", Cancel,
            new { name = "deployer", scopes = new[] { "write_package_registry" } });
        var job = await root.AskAsync("POST", $"/projects/{project.Id}/job_tokens", Cancel, new { expires_in = 3600 });
        var resource = await root.AskAsync("POST", $"/projects/{project.Id}/access_tokens", Cancel,
            new { name = "robot", scopes = new[] { "api" }, access_level = 30, expires_at = server.Time.GetUtcNow().AddDays(30).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) });
        foreach (var (file, header, token) in (List<(string, string, string)>)
            [("1.personal", "PRIVATE-TOKEN", LarderServer.RootToken), ("2.deploy", "DEPLOY-TOKEN", deploy["token"]!),
                ("3.job", "JOB-TOKEN", job["token"]!), ("4.resource", "PRIVATE-TOKEN", resource["token"]!)])
            await PublishAsync(project, file, header, token);

        var found = await FilesAsync(project);
        (await server.Get<PackageStore>().PublicationsAsync(found, Cancel)).OrderBy(one => one.FileId)
            .Select(one => (one.Kind, one.CredentialName)).ShouldBe([
                (PublishedWith.PersonalAccessToken, "first start"), (PublishedWith.DeployToken, "deployer"),
                (PublishedWith.Job, project.FullPath), (PublishedWith.ResourceToken, "robot")]);
        (await root.AskAsync("DELETE", $"/projects/{project.Id}/deploy_tokens/{deploy["id"]}", Cancel)).Status.ShouldBe(204);
        (await server.Get<PackageStore>().PublicationsAsync([found[1]], Cancel)).ShouldHaveSingleItem()
            .ShouldBe(new Publication { FileId = found[1].Id, Kind = PublishedWith.DeployToken });
        (await server.Get<PackageStore>().PublicationsAsync([], Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Downloads_are_counted_by_day_and_forgotten_after_three_months()
    {
        var project = await server.CreateProjectAsync(Cancel);
        await PublishAsync(project, "a.txt", "PRIVATE-TOKEN", LarderServer.RootToken);
        var package = (await FilesAsync(project))[0].PackageId;
        var (counts, days) = (server.Get<DownloadCounts>(), server.Get<PackageDownloads>());
        var first = DateOnly.FromDateTime(server.Time.GetUtcNow().UtcDateTime);
        counts.Count(Downloaded.Package, package);
        counts.Count(Downloaded.Package, 987_654_321); // is gone meanwhile: nobody else's counts suffer
        await counts.FlushAsync(Cancel);
        counts.Count(Downloaded.Package, package);
        await counts.FlushAsync(Cancel);
        server.Time.Advance(TimeSpan.FromDays(2));
        counts.Count(Downloaded.Package, package);
        await counts.FlushAsync(Cancel);
        (await days.OfPackageAsync(package, 4, Cancel)).ShouldBe(
            [new(first.AddDays(-1), 0), new(first, 2), new(first.AddDays(1), 0), new(first.AddDays(2), 1)]);

        server.Time.Advance(TimeSpan.FromDays(PackageDownloads.Days - 1));
        await days.RunAsync(Cancel);
        (await DaysAsync(package)).ShouldBe(1);
        server.Time.Advance(TimeSpan.FromDays(2));
        await days.RunAsync(Cancel);
        (await DaysAsync(package)).ShouldBe(0);
    }

    private Task<long> DaysAsync(long package) => server.Get<Database>().ReadAsync(session => session.SingleAsync<long>(
        "select count(*) from package_downloads where package_id = @Id", new { Id = package }), Cancel);

    private async Task<IReadOnlyList<PackageFile>> FilesAsync(Project project)
    {
        var (packages, _) = await server.Get<PackageListing>().OfProjectAsync(project.Id, new PackageFilter(), new Page(1, 1), Cancel);
        return (await server.Get<PackageStore>().FilesAsync(packages[0].Id, "id", descending: false, new Page(1, 10), Cancel)).Files;
    }

    private async Task PublishAsync(Project project, string file, string header, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{project.Id}/packages/generic/app/1.0/{file}")
        {
            Content = new StringContent("content"),
        };
        request.Headers.Add(header, token);
        using var client = server.ClientFor((string?)null);
        (await client.AskAsync(request, Cancel)).Status.ShouldBe(201);
    }
}
