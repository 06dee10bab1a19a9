using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Larder.Testing;
using Npgsql;

namespace Larder.Server.Tests;

/// <summary>The verb <c>move</c>, as an operator uses it.</summary>
public sealed class MoveTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_move_to_the_cluster_is_repeated_and_everything_is_served_there()
    {
        await using var source = await ServerProcess.StartAsync();
        var files = await PublishAsync(source, 20);
        using var folder = new TemporaryDirectory();
        var database = await PostgresCluster.CreateDatabaseAsync();
        var settings = new Dictionary<string, string>
        {
            ["Larder__Database"] = database, ["Larder__Blobs__Kind"] = "S3", ["Larder__Blobs__S3__ForcePathStyle"] = "true",
            ["Larder__Blobs__S3__ServiceUrl"] = (await CephGateway.SharedAsync()).Url, ["Larder__Blobs__S3__Bucket"] = await CephGateway.CreateBucketAsync(),
            ["Larder__Blobs__S3__AccessKey"] = CephGateway.AccessKey, ["Larder__Blobs__S3__SecretKey"] = CephGateway.SecretKey,
        };
        var target = await WriteConfigurationAsync(folder["target.json"], settings.Append(new("Larder__DataDirectory", folder["data"])));
        string[] move = [ServerProcess.Program, "move", "--to", target, "--Larder:DataDirectory", source.DataDirectory];

        var served = await Command.TryRunAsync("dotnet", move, Token);
        served.ExitCode.ShouldBe(1);
        served.Errors.ShouldContain("in use by another process");
        await source.StopAsync();

        await KillWhileItWritesRowsAsync(move, database);
        var early = await Command.TryRunAsync("dotnet",
            [ServerProcess.Program, "--urls", $"http://127.0.0.1:{Ports.Free()}", "--Larder:DataDirectory", folder["data"]], Token, environment: settings);
        early.ExitCode.ShouldBe(1);
        early.Errors.ShouldContain("has not finished");

        var moved = await Command.RunAsync("dotnet", move, Token);
        moved.ShouldContain("20 were there");
        (await Command.RunAsync("dotnet", move, Token)).ShouldContain("finished before");

        await using var server = await ServerProcess.StartAsync(settings);
        using var client = server.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", source.RootToken);
        foreach (var (path, content) in files)
            (await client.GetByteArrayAsync(new Uri(path, UriKind.Relative), Token)).ShouldBe(content, path);
        await Command.RunAsync("dotnet", [ServerProcess.Program, "check", "--Larder:DataDirectory", folder["data"]], Token, environment: settings);
    }

    [Theory]
    [InlineData(null, "There is no file")]
    [InlineData("""{"Larder": {"Blobs": {"Kind": "Tape"}}}""", "must be FileSystem or S3")]
    public async Task Target_that_is_not_described_is_refused(string? configuration, string says)
    {
        await using var source = await ServerProcess.StartAsync();
        await source.StopAsync();
        using var folder = new TemporaryDirectory();
        if (configuration is not null) await File.WriteAllTextAsync(folder["target.json"], configuration, Token);
        var result = await Command.TryRunAsync(
            "dotnet", [ServerProcess.Program, "move", "--to", folder["target.json"], "--Larder:DataDirectory", source.DataDirectory], Token);
        result.ExitCode.ShouldBe(1);
        result.Errors.ShouldContain(says);
    }

    // A lock of ours keeps the row copy waiting where it is killed.
    private static async Task KillWhileItWritesRowsAsync(string[] move, string database)
    {
        await Command.RunAsync("dotnet", [ServerProcess.Program, "migrate", "--Larder:Database", database], Token);
        await using var source = NpgsqlDataSource.Create(database);
        await using var holder = await source.OpenConnectionAsync(Token);
        await using var transaction = await holder.BeginTransactionAsync(Token);
        await using (var hold = new NpgsqlCommand("lock table projects in share mode", holder, transaction)) await hold.ExecuteNonQueryAsync(Token);
        using var process = Process.Start(new ProcessStartInfo("dotnet", move) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        await using (var waiting = source.CreateCommand("select count(*) from pg_locks where not granted and relation = 'projects'::regclass"))
        {
            while ((long)(await waiting.ExecuteScalarAsync(Token))! == 0)
                process.HasExited.ShouldBeFalse();
        }
        process.Kill();
        await process.WaitForExitAsync(Token);
    }

    private static async Task<Dictionary<string, byte[]>> PublishAsync(ServerProcess server, int count)
    {
        using var client = server.Client();
        (await client.PostAsync(new Uri("projects?name=p&path=p", UriKind.Relative), null, Token)).EnsureSuccessStatusCode();
        var files = new Dictionary<string, byte[]>();
        for (var i = 0; i < count; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"projects/1/packages/generic/app/1.{i}/app.bin");
            files[path] = new byte[1 + (i * 10_000)];
            new Random(i).NextBytes(files[path]);
            using var body = new ByteArrayContent(files[path]);
            (await client.PutAsync(new Uri(path, UriKind.Relative), body, Token)).EnsureSuccessStatusCode();
        }
        return files;
    }

    private static async Task<string> WriteConfigurationAsync(string file, IEnumerable<KeyValuePair<string, string>> settings)
    {
        // Names with colons are as good as nested objects.
        var flat = settings.ToDictionary(setting => setting.Key.Replace("__", ":", StringComparison.Ordinal), setting => setting.Value);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(flat), Token);
        return file;
    }
}
