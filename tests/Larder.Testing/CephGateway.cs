using System.Diagnostics;
using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;
using Larder.Storage.Blobs.S3;

namespace Larder.Testing;

/// <summary>
/// An S3 server of this test process: Ceph's gateway with all its data in memory, on loopback, made when first needed and gone
/// with the process, however that ends. Each test takes a bucket of its own.
/// </summary>
public sealed class CephGateway
{
    /// <summary>The key of its only user.</summary>
    public const string AccessKey = "larder";

    /// <summary>The secret of its only user.</summary>
    public const string SecretKey = "larder-secret";

    private static readonly Lazy<Task<CephGateway>> Shared = new(StartAsync);
    private static int buckets;

    private readonly string folder;

    private CephGateway(int port, string folder) => (Port, this.folder) = (port, folder);

    /// <summary>The port on loopback.</summary>
    public int Port { get; }

    /// <summary>Its address.</summary>
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>The gateway of this process.</summary>
    public static Task<CephGateway> SharedAsync() => Shared.Value;

    /// <summary>The gateway falls silent: connections stand, nothing is answered. Only for a process whose tests share it knowingly.</summary>
    public Task PauseAsync() => SignalAsync("-STOP");

    /// <summary>It goes on where it stood.</summary>
    public Task ResumeAsync() => SignalAsync("-CONT");

    private async Task SignalAsync(string signal) => await Command.RunAsync(
        "kill", [signal, (await File.ReadAllTextAsync(Path.Combine(folder, "gateway.pid"))).Trim()], CancellationToken.None);

    /// <summary>How a store reaches a fresh bucket; the local folder is its own.</summary>
    public static async Task<S3BlobOptions> OptionsOfNewBucketAsync(string localFolder) => new()
    {
        ServiceUrl = (await SharedAsync()).Url, Bucket = await CreateBucketAsync(), AccessKey = AccessKey, SecretKey = SecretKey,
        ForcePathStyle = true, LocalFolder = localFolder,
    };

    /// <summary>An empty bucket; its name.</summary>
    public static async Task<string> CreateBucketAsync()
    {
        var gateway = await Shared.Value;
        using var client = gateway.Client();
        var name = string.Create(CultureInfo.InvariantCulture, $"larder-{Interlocked.Increment(ref buckets)}");
        await client.PutBucketAsync(name);
        return name;
    }

    /// <summary>A client of its user.</summary>
    public AmazonS3Client Client() => new(new BasicAWSCredentials(AccessKey, SecretKey), new AmazonS3Config
    {
        ServiceURL = Url, AuthenticationRegion = "us-east-1", ForcePathStyle = true,
        RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
    });

    private static async Task<CephGateway> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("larder-ceph-").FullName;
        var (monitor, port) = (Ports.Free(), Ports.Free());
        var script = Path.Combine(AppContext.BaseDirectory, "ceph-gateway.sh");
        var process = Process.Start(new ProcessStartInfo("setsid",
            ["bash", script, folder, $"{monitor}", $"{port}", $"{Environment.ProcessId}"])
            { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEndAsync();
        using var client = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) };
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri("/", UriKind.Relative));
                if (answer.IsSuccessStatusCode) return new CephGateway(port, folder);
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                // Not yet.
            }
            if (process.HasExited) throw new InvalidOperationException($"Ceph did not start:\n{await said}");
            if (attempt == 1200) throw new InvalidOperationException("Ceph did not answer within two minutes.");
            await Task.Delay(100);
        }
    }
}
