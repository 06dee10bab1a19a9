using System.Globalization;
using Larder.Registry;
using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Larder.Testing;
using Npgsql;

namespace Larder.Endurance;

/// <summary>
/// Three nodes on one PostgreSQL and one Ceph gateway under load, while one thing after another goes away.
/// <c>proof/three-nodes.sh</c> runs it for two minutes and prints the figures; <c>./test.sh</c> does not, its load would disturb the other tests.
/// </summary>
public sealed class ThreeNodesTests
{
    private const int Clients = 32;
    private const int HoursUntilSwept = 3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static TimeSpan Length { get; } = TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("ENDURANCE_SECONDS") ?? "120", CultureInfo.InvariantCulture));

    [Fact]
    public async Task Nothing_is_lost_or_torn_while_a_node_the_database_and_the_bucket_go_away()
    {
        var database = await PostgresCluster.CreateDatabaseAsync();
        try
        {
            await ProveAsync(database);
        }
        finally
        {
            // The cluster of this process ends with the server that it began with; the one of the restart is stopped here.
            await ControlDatabaseAsync(database, "-m", "immediate", "stop");
        }
    }

    private static async Task ProveAsync(string database)
    {
        var gateway = await CephGateway.SharedAsync();
        var bucket = await CephGateway.CreateBucketAsync();
        await using var upstream = new ScriptedUpstream();
        Load.Script(upstream);
        var timeline = new Timeline();
        string report;
        await using (var fleet = await Fleet.StartAsync(3, Settings(database, gateway.Url, bucket)))
        {
            var load = new Load(fleet, timeline, await PrepareAsync(fleet, upstream));
            await DisturbAsync(fleet, load, timeline, database, gateway);
            var (requests, paths) = (upstream.Requests.Count, upstream.Requests.Select(request => request.Path).Distinct().Count());
            await DeleteSomeAsync(fleet, load);
            await ReadEverythingAsync(fleet, load, timeline);
            report = string.Create(CultureInfo.InvariantCulture,
                $"{load.Published.Count} uploads and {load.Cached.Count()} cached files were read on each of {fleet.Nodes.Count} nodes.\n{requests} requests reached the upstream for {paths} files: {requests - paths} more than needed.\n");
        }
        report += await SweepAsync(timeline, database, gateway.Url, bucket);
        report = $"{timeline}\n{report}";
        if (Environment.GetEnvironmentVariable("ENDURANCE_REPORT") is { Length: > 0 } file) await File.WriteAllTextAsync(file, report, Token);
        timeline.Faults.ShouldBeEmpty(report);
    }

    private static Dictionary<string, string> Settings(string database, string url, string bucket) => new()
    {
        ["Larder__Database"] = database,
        ["Larder__BlobGraceHours"] = "1",
        ["Larder__Blobs__Kind"] = "S3",
        ["Larder__Blobs__S3__ServiceUrl"] = url,
        ["Larder__Blobs__S3__Bucket"] = bucket,
        ["Larder__Blobs__S3__AccessKey"] = CephGateway.AccessKey,
        ["Larder__Blobs__S3__SecretKey"] = CephGateway.SecretKey,
        ["Larder__Blobs__S3__ForcePathStyle"] = "true",
    };

    private static async Task<string> PrepareAsync(Fleet fleet, ScriptedUpstream upstream)
    {
        using var client = fleet.ClientOf(fleet.Nodes[0]);
        (await client.AskAsync("POST", "/projects", Token, new { name = "p", path = "p" }))["id"].ShouldBe("1");
        var group = (await client.AskAsync("POST", "/groups", Token, new { name = "g", path = "g" }))["id"];
        var registry = (await client.AskAsync("POST", $"/groups/{group}/-/virtual_registries/packages/maven/registries", Token, new { name = "m" }))["id"]!;
        (await client.AskAsync("POST", $"/virtual_registries/packages/maven/registries/{registry}/upstreams", Token, new { url = upstream.Url, name = "u" }))
            .Status.ShouldBe(201);
        return registry;
    }

    private static async Task DisturbAsync(Fleet fleet, Load load, Timeline timeline, string database, CephGateway gateway)
    {
        var calm = Length / 8;
        var silence = TimeSpan.FromSeconds(Math.Min(20, Length.TotalSeconds / 6));
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(() => load.RunAsync(client, stop.Token, Token), Token)).ToList();
        try
        {
            await timeline.PhaseAsync("calm", () => Task.Delay(calm, Token));
            await timeline.PhaseAsync("a node is killed and started", async () =>
            {
                await fleet.Nodes[1].KillAsync();
                await Task.Delay(calm, Token);
                await Fleet.StartAgainAsync(fleet.Nodes[1], timeline);
            });
            await timeline.PhaseAsync("calm after that node", () => Task.Delay(calm, Token));
            await timeline.PhaseAsync("PostgreSQL restarts", () => ControlDatabaseAsync(database, "-m", "fast", "restart"));
            await timeline.PhaseAsync("calm after PostgreSQL", () => Task.Delay(calm * 2, Token));
            await timeline.PhaseAsync("the gateway is silent", async () =>
            {
                await gateway.PauseAsync();
                await Task.Delay(silence, Token);
                await gateway.ResumeAsync();
            });
            await timeline.PhaseAsync("calm after the gateway", () => Task.Delay(calm * 2, Token));
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(clients);
        }
    }

    // Gives the sweep something to do beside what broken uploads have left.
    private static async Task DeleteSomeAsync(Fleet fleet, Load load)
    {
        using var client = fleet.ClientOf(fleet.Nodes[2]);
        foreach (var package in (await client.AskAsync("GET", "/projects/1/packages?per_page=50", Token)).Json.EnumerateArray())
        {
            var name = package.GetProperty("name").GetString()!;
            var version = package.GetProperty("version").GetString()!;
            (await client.AskAsync("DELETE", $"/projects/1/packages/{package.GetProperty("id")}", Token)).Status.ShouldBe(204);
            load.Forget($"{name}/{version}");
        }
    }

    private static Task ReadEverythingAsync(Fleet fleet, Load load, Timeline timeline)
    {
        var reads = load.Published.Select(file => (Path: file.Key, Sha256: file.Value))
            .Concat(load.Cached.Select(path => (Path: load.InRegistry(path), Sha256: Load.DigestAtUpstream(path))));
        var each = reads.SelectMany(read => fleet.Nodes.Select((node, number) => (read.Path, read.Sha256, Node: node, Number: number)));
        return Parallel.ForEachAsync(each, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (read, cancel) =>
        {
            var outcome = await fleet.SendAsync(read.Node, HttpMethod.Get, read.Path, null, cancel);
            if (outcome != new Outcome(200, read.Sha256)) timeline.Wrong($"afterwards node {read.Number} answers {outcome.Status} {outcome.Sha256}: {read.Path}");
        });
    }

    // The nodes are gone; a server with a clock of its own does their upkeep of some hours later, on what they have left.
    private static async Task<string> SweepAsync(Timeline timeline, string database, string url, string bucket)
    {
        await using var later = await LarderServer.StartAsync(Token, database, (data, connection) => new LarderOptions
        {
            DataDirectory = data, Database = connection, InitialRootToken = LarderServer.RootToken, BlobGraceHours = 1,
            Blobs = new BlobOptions
            {
                Kind = BlobOptions.Bucket,
                S3 = new S3Options { ServiceUrl = url, Bucket = bucket, AccessKey = CephGateway.AccessKey, SecretKey = CephGateway.SecretKey, ForcePathStyle = true },
            },
        });
        var before = (await StoredAsync(later)).Count;
        later.Time.SetUtcNow(DateTimeOffset.UtcNow.AddHours(HoursUntilSwept));
        await later.Get<Sweep>().RunAsync(Token); // notes what nothing names
        later.Time.Advance(TimeSpan.FromHours(HoursUntilSwept));
        await later.Get<Sweep>().RunAsync(Token);
        await later.Get<OrphanSweep>().RunAsync(Token);
        var (stored, named) = (await StoredAsync(later), await NamedAsync(database));
        foreach (var digest in stored.Except(named)) timeline.Wrong($"nothing names it after the grace: {digest}");
        foreach (var digest in named.Except(stored)) timeline.Wrong($"named, and not in the bucket: {digest}");
        return string.Create(CultureInfo.InvariantCulture, $"{before} blobs were in the bucket; after the grace {stored.Count} are, and rows name {named.Count}.\n");
    }

    private static async Task<HashSet<string>> StoredAsync(LarderServer server)
    {
        var stored = new HashSet<string>();
        await foreach (var blob in server.Get<IBlobStore>().ListAsync(Token)) stored.Add(blob.Digest.Hex);
        return stored;
    }

    private static async Task<HashSet<string>> NamedAsync(string database)
    {
        var named = new HashSet<string>();
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(string.Join(" union ", BlobRows.NamingTables.Select(table => $"select sha256 from {table}")));
        await using var rows = await command.ExecuteReaderAsync(Token);
        while (await rows.ReadAsync(Token)) named.Add(rows.GetString(0));
        return named;
    }

    private static async Task ControlDatabaseAsync(string database, params string[] arguments)
    {
        string folder;
        await using (var source = NpgsqlDataSource.Create(database))
        await using (var command = source.CreateCommand("select current_setting('data_directory')"))
            folder = (string)(await command.ExecuteScalarAsync(Token))!;
        var program = Directory.GetDirectories("/usr/lib/postgresql").Order().Last(version => File.Exists($"{version}/bin/pg_ctl")) + "/bin/pg_ctl";
        string[] run = Environment.UserName == "root" ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : ["env"];
        await Command.RunAsync(run[0], [.. run[1..], program, "-D", folder, "-w", "-l", $"{folder}/log-again", .. arguments], Token, folder);
    }
}
