using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Larder.Testing;

namespace Larder.Endurance;

/// <summary>
/// Clients that publish files, read back what was published and read artifacts through a virtual registry, and hold every
/// answer against what they know.
/// </summary>
internal sealed class Load(Fleet fleet, Timeline timeline, string registry)
{
    private const int Artifacts = 400;
    private const int LargestFile = 8 << 20;

    // The gateway keeps everything in 4 GiB of memory, and one that is full answers nothing: from here on files are small.
    private const long Plenty = 1L << 30;
    private const int SmallFile = 64 << 10;
    private long uploaded;
    private readonly ConcurrentDictionary<string, string> published = new();
    private readonly ConcurrentQueue<string> paths = new();
    private readonly ConcurrentDictionary<string, bool> cached = new();
    private readonly byte[][] repeated = [.. Enumerable.Range(0, 8).Select(i => Content(i, 64 << i))];

    /// <summary>Path below <c>/api/v4</c> and SHA-256 of every upload that was answered 201.</summary>
    public IReadOnlyDictionary<string, string> Published => published;

    /// <summary>What was read through the registry at least once, by its path at the upstream.</summary>
    public IEnumerable<string> Cached => cached.Keys;

    /// <summary>Makes the upstream serve a content of its own under every path.</summary>
    public static void Script(ScriptedUpstream upstream) => upstream.Otherwise(async (request, answer) =>
    {
        var content = Artifact(request.Path);
        await answer.HeadAsync(200, ("Content-Length", content.Length.ToString(CultureInfo.InvariantCulture)));
        if (request.Method != "HEAD") await answer.BodyAsync(content);
    });

    /// <summary>The SHA-256 of what the upstream has under a path.</summary>
    public static string DigestAtUpstream(string path) => Convert.ToHexStringLower(SHA256.HashData(Artifact(path)));

    /// <summary>Where the registry has what the upstream has under a path.</summary>
    public string InRegistry(string path) => $"/virtual_registries/packages/maven/{registry}{path}";

    /// <summary>The one who calls takes a package out of what must be there.</summary>
    public void Forget(string package)
    {
        foreach (var path in published.Keys.Where(path => path.Contains($"/generic/{package}/", StringComparison.Ordinal))) published.TryRemove(path, out _);
    }

    /// <summary>Runs one client until it is told to stop; the request that is under way is awaited.</summary>
    public async Task RunAsync(int client, CancellationToken stop, CancellationToken cancellationToken)
    {
        var random = new Random(client);
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var one = random.Next(10);
            if (one < 4 || paths.IsEmpty) await UploadAsync(client, i, random, cancellationToken);
            else if (one < 7) await DownloadAsync(random, cancellationToken);
            else await FetchAsync(random, cancellationToken);
        }
    }

    private async Task UploadAsync(int client, int number, Random random, CancellationToken cancellationToken)
    {
        var content = random.Next(4) == 0 ? repeated[random.Next(repeated.Length)] : Content(random.Next(), Size(random));
        Interlocked.Add(ref uploaded, content.Length);
        var path = string.Create(CultureInfo.InvariantCulture, $"/projects/1/packages/generic/p{client}-{number % 8}/{number}.0/file.bin");
        var outcome = await timeline.TimeAsync("upload", () => fleet.SendAsync(HttpMethod.Put, path, content, cancellationToken));
        if (outcome.Status != 201) return;
        published[path] = Convert.ToHexStringLower(SHA256.HashData(content));
        paths.Enqueue(path);
        if (paths.Count > 200) paths.TryDequeue(out _);
    }

    private async Task DownloadAsync(Random random, CancellationToken cancellationToken)
    {
        if (paths.ElementAtOrDefault(random.Next(paths.Count)) is not { } path) return;
        var outcome = await timeline.TimeAsync("download", () => fleet.SendAsync(HttpMethod.Get, path, null, cancellationToken));
        Check(path, outcome, published[path]);
    }

    private async Task FetchAsync(Random random, CancellationToken cancellationToken)
    {
        var number = random.Next(Artifacts);
        var path = string.Create(CultureInfo.InvariantCulture, $"/org/acme/lib{number}/1.0/lib{number}-1.0.jar");
        var outcome = await timeline.TimeAsync("maven", () => fleet.SendAsync(HttpMethod.Get, InRegistry(path), null, cancellationToken));
        Check(path, outcome, DigestAtUpstream(path));
        if (outcome.Status == 200) cached[path] = true;
    }

    private void Check(string path, Outcome outcome, string expected)
    {
        if (outcome.Status == 200 && outcome.Sha256 != expected) timeline.Wrong($"other bytes: {path}");
        if (outcome.Status == 404) timeline.Wrong($"404 under load: {path}");
    }

    // From 1 KiB to 8 MiB, each power of two as likely as the next.
    private int Size(Random random) => (int)Math.Min(Interlocked.Read(ref uploaded) < Plenty ? LargestFile : SmallFile, 1024 * Math.Pow(2, random.NextDouble() * 13));

    private static byte[] Artifact(string path)
    {
        var seed = path.Aggregate(17, (sum, letter) => unchecked(sum * 31 + letter));
        return Content(seed, 1024 + (seed & 0x7FFFF));
    }

    private static byte[] Content(int seed, int length)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }
}
