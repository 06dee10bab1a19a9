using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Reflection;

namespace Larder.Testing;

/// <summary>The real server in a process of its own, which can be killed.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private readonly Dictionary<string, string> environment;
    private readonly TemporaryDirectory folder = new();
    private readonly List<string> log = [];
    private readonly int? largestFileKibibytes;
    private readonly int? furtherPort;
    private Process? process;

    private ServerProcess(IReadOnlyDictionary<string, string> settings, int? largestFileKibibytes, int? furtherPort)
    {
        (this.largestFileKibibytes, this.furtherPort) = (largestFileKibibytes, furtherPort);
        Port = Ports.Free();
        environment = new Dictionary<string, string>(settings)
        {
            ["Larder__DataDirectory"] = folder["data"],
            ["Larder__InitialRootToken"] = RootToken,
            ["Larder__Upstreams__AllowedHosts__0"] = "127.0.0.1",
        };
    }

    /// <summary>A token of the administrator.</summary>
    public string RootToken { get; } = "glpat-" + Guid.NewGuid().ToString("N");

    /// <summary>Where it listens, the same after a restart.</summary>
    public int Port { get; }

    /// <summary>Its address.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}");

    /// <summary>Its data directory.</summary>
    public string DataDirectory => environment["Larder__DataDirectory"];

    /// <summary>What it has printed, for a message when a test fails.</summary>
    public string Log
    {
        get
        {
            lock (log) return string.Join('\n', log);
        }
    }

    /// <summary>The program, as it was built with these tests.</summary>
    public static string Program { get; } = Path.Combine(
        typeof(ServerProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "ServerFolder").Value!, "larder.dll");

    /// <summary>Starts it, with further settings as environment variables, and waits until it is ready.</summary>
    /// <param name="settings">Environment variables.</param>
    /// <param name="largestFileKibibytes">A file that would grow beyond this cannot be written: as near to a full disk as a process can be put.</param>
    /// <param name="furtherPort">A second port to listen on.</param>
    public static async Task<ServerProcess> StartAsync(
        IReadOnlyDictionary<string, string>? settings = null, int? largestFileKibibytes = null, int? furtherPort = null)
    {
        var server = new ServerProcess(settings ?? new Dictionary<string, string>(), largestFileKibibytes, furtherPort);
        try
        {
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again on the same data and port.</summary>
    public async Task StartAsync()
    {
        var urls = furtherPort is null ? Url : string.Create(CultureInfo.InvariantCulture, $"{Url};http://127.0.0.1:{furtherPort}");
        string[] program = ["dotnet", Program, "--urls", urls];
        // The signal of that limit would end the process, unless it is ignored from before its start.
        if (largestFileKibibytes is { } limit)
            program = ["bash", "-c", string.Create(CultureInfo.InvariantCulture, $"trap '' XFSZ; ulimit -f {limit}; exec \"$@\""), "bash", .. program];
        var start = new ProcessStartInfo(program[0], program[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (largestFileKibibytes is not null) start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // its memory is a large file
        foreach (var (name, value) in environment) start.Environment[name] = value;
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var client = new HttpClient();
        var waiting = Stopwatch.StartNew();
        while (true)
        {
            if (process.HasExited || waiting.Elapsed > TimeSpan.FromMinutes(2)) throw new InvalidOperationException($"The server did not start:\n{Log}");
            try
            {
                using var answer = await client.GetAsync(Url + "/-/readiness");
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }
            await Task.Delay(25);
        }
    }

    /// <summary>A client with the administrator's token.</summary>
    public HttpClient Client()
    {
        var client = new HttpClient { BaseAddress = new Uri(Url + "/api/v4/") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", RootToken);
        return client;
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and the exit code after that.</summary>
    public async Task<int> StopAsync()
    {
        await Command.RunAsync("kill", ["-TERM", process!.Id.ToString(CultureInfo.InvariantCulture)], CancellationToken.None);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false }) await KillAsync();
        process?.Dispose();
        folder.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (log) log.Add(line);
    }
}
