using System.Diagnostics;
using System.Globalization;

namespace Larder.Testing;

/// <summary>A real nginx on loopback, as an upstream that serves a folder or as whatever a test needs, which tells what it was asked.</summary>
public sealed class NginxServer : IAsyncDisposable
{
    private readonly TemporaryDirectory folder = new();
    private readonly int port = Ports.Free();
    private Process? process;

    private NginxServer(string directives) => File.WriteAllText(folder["nginx.conf"], string.Create(CultureInfo.InvariantCulture, $$"""
        daemon off; master_process off; pid {{folder["pid"]}}; error_log {{folder["error.log"]}};
        events {}
        http {
          access_log {{folder["access.log"]}};
          client_body_temp_path {{folder["body"]}}; proxy_temp_path {{folder["proxy"]}}; fastcgi_temp_path {{folder["fastcgi"]}};
          uwsgi_temp_path {{folder["uwsgi"]}}; scgi_temp_path {{folder["scgi"]}};
          server {
            listen 127.0.0.1:{{port}};
            {{directives}}
          }
        }
        """));

    /// <summary>Its address, the same after a stop and a start.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    /// <summary>The requests it has answered, a line each.</summary>
    public string[] Requests => File.Exists(folder["access.log"])
        ? [.. File.ReadAllLines(folder["access.log"]).Where(line => !line.Contains("\"GET / HTTP/1.1\"", StringComparison.Ordinal))] // our own knocking, which nginx may log late
        : [];

    /// <summary>Serves a folder.</summary>
    public static Task<NginxServer> StartAsync(string root) => StartWithAsync($"root {root};");

    /// <summary>Does what the directives say, which stand inside <c>server</c>.</summary>
    public static async Task<NginxServer> StartWithAsync(string directives)
    {
        var server = new NginxServer(directives);
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts it again.</summary>
    public async Task StartAsync()
    {
        process = Process.Start(new ProcessStartInfo("nginx", ["-c", folder["nginx.conf"], "-p", folder.Path, "-e", folder["error.log"]]))!;
        using var client = new HttpClient();
        var waiting = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(Url);
                break;
            }
            catch (HttpRequestException) when (waiting.Elapsed < TimeSpan.FromMinutes(2) && !process.HasExited)
            {
                await Task.Delay(25);
            }
        }
        await File.WriteAllTextAsync(folder["access.log"], "");
    }

    /// <summary>Stops it and forgets what it was asked.</summary>
    public async Task StopAsync()
    {
        if (process is null) return;
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
        await File.WriteAllTextAsync(folder["access.log"], "");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        folder.Dispose();
    }
}
