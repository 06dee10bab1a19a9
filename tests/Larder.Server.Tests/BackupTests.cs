using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Larder.Testing;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Larder.Server.Tests;

/// <summary>
/// Backup and restore as docs/operations.md describes them: made while somebody publishes, database first; restored into an empty
/// place, where a check finds nothing and every file of before the backup is served.
/// </summary>
public sealed class BackupTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sqlite_and_folder_come_back()
    {
        await using var server = await ServerProcess.StartAsync();
        using var backup = new TemporaryDirectory();
        var before = await WhilePublishingAsync(server, async more =>
        {
            await using (var database = new SqliteConnection($"Data Source={server.DataDirectory}/larder.db;Pooling=False"))
            {
                await database.OpenAsync(Token);
                await using var command = database.CreateCommand();
                command.CommandText = $"vacuum into '{backup["larder.db"]}'";
                await command.ExecuteNonQueryAsync(Token);
            }
            await more();
            Directory.CreateDirectory(backup["blobs"]);
            await Command.RunAsync("cp", ["-a", $"{server.DataDirectory}/blobs/sha256", backup["blobs/sha256"]], Token);
        });

        await using var restored = await ServerProcess.StartAsync();
        await restored.StopAsync();
        Directory.Delete(restored.DataDirectory, recursive: true);
        await Command.RunAsync("cp", ["-a", backup.Path, restored.DataDirectory], Token);
        await Command.RunAsync("dotnet", [ServerProcess.Program, "check", "--Larder:DataDirectory", restored.DataDirectory], Token);
        await restored.StartAsync();
        await ShouldServeAsync(restored, server.RootToken, before);
    }

    [Fact]
    public async Task Postgres_and_bucket_come_back()
    {
        var settings = await ClusterAsync();
        await using var server = await ServerProcess.StartAsync(settings);
        using var backup = new TemporaryDirectory();
        var restored = await ClusterAsync();
        var before = await WhilePublishingAsync(server, async more =>
        {
            await RunClientAsync("pg_dump", settings, "--format=custom", "--file", backup["larder.dump"]);
            await more();
            await CopyBucketAsync(settings["Larder__Blobs__S3__Bucket"], restored["Larder__Blobs__S3__Bucket"]);
        });

        await RunClientAsync("pg_restore", restored, "--no-owner", backup["larder.dump"]);
        await using var second = await ServerProcess.StartAsync(restored);
        await Command.RunAsync("dotnet", [ServerProcess.Program, "check", "--Larder:DataDirectory", second.DataDirectory], Token, environment: restored);
        await ShouldServeAsync(second, server.RootToken, before);
    }

    // Answers what was published before the backup began; the backup is given a way to wait for more.
    private static async Task<Dictionary<string, byte[]>> WhilePublishingAsync(
        ServerProcess server, Func<Func<Task>, Task> backUp)
    {
        var published = new ConcurrentDictionary<string, byte[]>();
        using var client = server.Client();
        (await client.PostAsync(new Uri("projects?name=p&path=p", UriKind.Relative), null, Token)).EnsureSuccessStatusCode();
        using var ended = new CancellationTokenSource();
        var publishing = Task.Run(async () =>
        {
            for (var i = 0; !ended.IsCancellationRequested; i++)
            {
                var path = string.Create(CultureInfo.InvariantCulture, $"projects/1/packages/generic/app/1.{i}/app.bin");
                var content = new byte[1 + (i % 50 * 1000)];
                new Random(i).NextBytes(content);
                using var body = new ByteArrayContent(content);
                using var answer = await client.PutAsync(new Uri(path, UriKind.Relative), body, Token);
                answer.StatusCode.ShouldBe(HttpStatusCode.Created);
                published[path] = content;
                await Task.Delay(10, Token); // a copy that is slower than the publisher would never end
            }
        }, Token);
        await MoreAsync(30);
        var before = new Dictionary<string, byte[]>(published);
        await backUp(() => MoreAsync(5));
        await ended.CancelAsync();
        await publishing;
        return before;

        async Task MoreAsync(int count)
        {
            var wanted = published.Count + count;
            while (published.Count < wanted)
            {
                if (publishing.IsCompleted) await publishing;
                await Task.Delay(10, Token);
            }
        }
    }

    private static async Task ShouldServeAsync(ServerProcess server, string token, Dictionary<string, byte[]> files)
    {
        using var client = server.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (path, content) in files)
            (await client.GetByteArrayAsync(new Uri(path, UriKind.Relative), Token)).ShouldBe(content, path);
        using var body = new StringContent("after the restore");
        (await client.PutAsync(new Uri("projects/1/packages/generic/new/1/new.txt", UriKind.Relative), body, Token)).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    private static async Task<Dictionary<string, string>> ClusterAsync() => new()
    {
        ["Larder__Database"] = await PostgresCluster.CreateDatabaseAsync(), ["Larder__Blobs__Kind"] = "S3",
        ["Larder__Blobs__S3__ServiceUrl"] = (await CephGateway.SharedAsync()).Url, ["Larder__Blobs__S3__ForcePathStyle"] = "true",
        ["Larder__Blobs__S3__Bucket"] = await CephGateway.CreateBucketAsync(),
        ["Larder__Blobs__S3__AccessKey"] = CephGateway.AccessKey, ["Larder__Blobs__S3__SecretKey"] = CephGateway.SecretKey,
    };

    private static async Task CopyBucketAsync(string from, string to)
    {
        using var client = new AmazonS3Client(new BasicAWSCredentials(CephGateway.AccessKey, CephGateway.SecretKey), new AmazonS3Config
        {
            ServiceURL = (await CephGateway.SharedAsync()).Url, AuthenticationRegion = "us-east-1", ForcePathStyle = true,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        });
        var entries = client.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = from }).S3Objects;
        await Parallel.ForEachAsync(entries, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token },
            async (entry, token) => await client.CopyObjectAsync(from, entry.Key, to, entry.Key, token));
    }

    private static Task<string> RunClientAsync(string program, Dictionary<string, string> settings, params string[] arguments)
    {
        var database = new NpgsqlConnectionStringBuilder(settings["Larder__Database"]);
        var folder = Directory.GetDirectories("/usr/lib/postgresql").Order().Last(version => File.Exists($"{version}/bin/{program}"));
        return Command.RunAsync($"{folder}/bin/{program}",
            ["--host", database.Host!, "--port", $"{database.Port}", "--username", database.Username!, "--dbname", database.Database!, .. arguments],
            Token, environment: new Dictionary<string, string> { ["PGPASSWORD"] = database.Password ?? "" });
    }
}
