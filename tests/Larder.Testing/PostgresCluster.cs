using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Larder.Testing;

/// <summary>
/// A PostgreSQL of this test process: a private cluster in a temporary folder, on loopback, made when first needed and gone
/// with the process, however that ends. Each test takes a database of its own.
/// </summary>
public sealed class PostgresCluster
{
    private static readonly Lazy<Task<PostgresCluster>> Shared = new(StartAsync);
    private static int databases;

    private readonly int port;
    private readonly string folder;
    private readonly Process process;

    private PostgresCluster(int port, string folder, Process process) => (this.port, this.folder, this.process) = (port, folder, process);

    /// <summary>An empty database; its connection string.</summary>
    public static async Task<string> CreateDatabaseAsync()
    {
        var cluster = await Shared.Value;
        var name = string.Create(CultureInfo.InvariantCulture, $"larder_{Interlocked.Increment(ref databases)}");
        await cluster.ExecuteAsync($"create database {name}");
        return cluster.ConnectionString(name);
    }

    /// <summary>A cluster that belongs to one test, which may stop it.</summary>
    public static Task<PostgresCluster> CreateAsync() => StartAsync();

    /// <summary>The connection string of its only database.</summary>
    public string Database => ConnectionString("postgres");

    /// <summary>Ends the server and every connection, as an operator does for an upgrade.</summary>
    public Task StopAsync() => ControlAsync("-m", "fast", "stop");

    /// <summary>Starts it again, on the same port with the same data.</summary>
    public Task StartAgainAsync() => ControlAsync("-l", folder + "/log-again", "-o", string.Create(CultureInfo.InvariantCulture,
        $"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 -c shared_buffers=64MB -c fsync=off -c full_page_writes=off"), "start");

    /// <summary>Takes a database away from whoever uses it.</summary>
    public static async Task DropDatabaseAsync(string connectionString) =>
        await (await Shared.Value).ExecuteAsync($"drop database {new NpgsqlConnectionStringBuilder(connectionString).Database} with (force)");

    private async Task ControlAsync(params string[] arguments)
    {
        string[] all = [.. AsPostgres, $"{BinaryFolder()}/pg_ctl", "-D", folder + "/data", "-w", .. arguments];
        await Command.RunAsync(all[0], all[1..], CancellationToken.None, folder);
    }

    // PostgreSQL refuses to run as root.
    private static string[] AsPostgres =>
        Environment.UserName == "root" ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : ["env"];

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    // No pool outlives its test: a hundred databases with idle connections would use up the cluster's.
    private string ConnectionString(string database) => string.Create(CultureInfo.InvariantCulture,
        $"Host=127.0.0.1;Port={port};Username=larder;Database={database};Connection Idle Lifetime=5;Connection Pruning Interval=2");

    private static async Task<PostgresCluster> StartAsync()
    {
        var binaries = BinaryFolder();
        var folder = Directory.CreateTempSubdirectory("larder-postgres-").FullName;
        var port = Ports.Free();
        var run = AsPostgres;
        if (run[0] == "setpriv") await Command.RunAsync("chown", ["postgres:postgres", folder], CancellationToken.None);
        await Command.RunAsync(run[0],
            [.. run[1..], $"{binaries}/initdb", "-D", folder + "/data", "-U", "larder", "-A", "trust", "--no-locale", "-E", "UTF8", "--no-sync"],
            CancellationToken.None, folder);
        // It is thrown away, and no test cuts its power: it need not sync.
        // The shell stands between, so that the server ends when this process does, even when that is killed.
        var server = $"""
            {string.Join(' ', run)} {binaries}/postgres -D {folder}/data -p {port} -c listen_addresses=127.0.0.1 \
              -c unix_socket_directories= -c max_connections=300 -c shared_buffers=64MB -c fsync=off -c full_page_writes=off >{folder}/log 2>&1 </dev/null &
            while kill -0 {Environment.ProcessId} 2>/dev/null; do sleep 0.5; done
            pid=$(head -n 1 {folder}/data/postmaster.pid 2>/dev/null) && kill -QUIT $pid
            while [ -n "$pid" ] && kill -0 $pid 2>/dev/null; do sleep 0.1; done; rm -rf {folder}
            """;
        var process = Process.Start(new ProcessStartInfo("setsid", ["bash", "-c", server]) { WorkingDirectory = folder })!;
        var cluster = new PostgresCluster(port, folder, process);
        await cluster.WaitUntilReadyAsync();
        return cluster;
    }

    private async Task WaitUntilReadyAsync()
    {
        var waiting = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
                await connection.OpenAsync();
                return;
            }
            catch (NpgsqlException) when (waiting.Elapsed < TimeSpan.FromMinutes(2) && !process.HasExited)
            {
                await Task.Delay(50);
            }
            catch (NpgsqlException e)
            {
                throw new InvalidOperationException($"PostgreSQL did not start:\n{File.ReadAllText(folder + "/log")}", e);
            }
        }
    }

    private static string BinaryFolder() =>
        Directory.Exists("/usr/lib/postgresql")
        && Directory.GetDirectories("/usr/lib/postgresql").Order().LastOrDefault(version => File.Exists($"{version}/bin/postgres")) is { } found
            ? $"{found}/bin"
            : throw new InvalidOperationException("PostgreSQL is not installed: apt-get install postgresql");
}
