using System.Diagnostics;
using System.Globalization;
using Larder.Testing;

namespace Larder.Conformance;

/// <summary>A real Caddy on loopback, without TLS.</summary>
internal sealed class CaddyServer : IAsyncDisposable
{
    private readonly TemporaryDirectory folder = new();
    private readonly int port = Ports.Free();
    private readonly Process process;

    private CaddyServer(Func<string, string> caddyfile)
    {
        File.WriteAllText(folder["Caddyfile"], "{\n\tadmin off\n\tauto_https off\n}\n" + caddyfile(Url));
        var start = new ProcessStartInfo("caddy", ["run", "--config", folder["Caddyfile"], "--adapter", "caddyfile"]) { RedirectStandardError = true };
        (start.Environment["XDG_DATA_HOME"], start.Environment["XDG_CONFIG_HOME"]) = (folder.Path, folder.Path);
        process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
    }

    /// <summary>Its address.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    /// <summary>Starts it and waits until it passes requests on.</summary>
    /// <param name="caddyfile">Makes the site of the address.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async Task<CaddyServer> StartAsync(Func<string, string> caddyfile, CancellationToken cancellationToken)
    {
        var server = new CaddyServer(caddyfile);
        using var client = new HttpClient();
        while (true)
        {
            if (server.process.HasExited) throw new InvalidOperationException($"caddy ended with {server.process.ExitCode}.");
            try
            {
                using var answer = await client.GetAsync(server.Url + "/-/liveness", cancellationToken);
                if (answer.IsSuccessStatusCode) return server;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        folder.Dispose();
    }
}
