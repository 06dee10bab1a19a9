using System.Text;
using Larder.Storage.Blobs;
using Larder.Storage.Upstreams;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// The <c>.sha1</c> beside a file of an upstream that announces no checksum in its headers: one request more for each file.
/// An upstream that has none for a file is believed; one whose checksum cannot be read is not.
/// </summary>
internal sealed class ChecksumFile(UpstreamClient client, UpstreamRequest request)
{
    /// <summary>What stands behind the path of the file.</summary>
    public const string Suffix = ".sha1";

    private const int Digits = 40;

    // Forty digits; some tools put the name of the file or of the algorithm beside them.
    private const int LargestFile = 1024;

    /// <summary>Adds the checksum to what is expected; or answers why it is not known.</summary>
    public async ValueTask<(ExpectedContent Expected, UpstreamFailure? Failure)> AddToAsync(
        ExpectedContent announced, CancellationToken cancellationToken)
    {
        switch (await client.GetAsync(request, cancellationToken))
        {
            case UpstreamOutcome.Found found:
                await using (found.Body)
                {
                    var (text, failure) = await ReadAsync(found.Body, cancellationToken);
                    if (failure is not null) return (announced, failure);
                    return Find(text) is { } sha1
                        ? (announced with { Sha1 = sha1 }, null)
                        : (announced, new(UpstreamFailureKind.Malformed, "its checksum file holds no SHA-1"));
                }
            case UpstreamOutcome.Absent:
                return (announced, null);
            case UpstreamOutcome.Failed failed:
                return (announced, failed.Failure with { Detail = $"its checksum file could not be had: {failed.Failure.Detail}" });
            default:
                throw new InvalidOperationException("An upstream answered 'not modified' to an unconditional request.");
        }
    }

    private static async Task<(string Text, UpstreamFailure? Failure)> ReadAsync(UpstreamBody body, CancellationToken cancellationToken)
    {
        var bytes = new byte[LargestFile];
        for (var length = 0; ;)
        {
            if (length == bytes.Length) return ("", null); // whatever it is, it is no checksum
            var (count, failure) = await body.ReadAsync(bytes.AsMemory(length), cancellationToken);
            if (failure is not null) return ("", failure);
            if (count == 0) return (Encoding.ASCII.GetString(bytes, 0, length), null);
            length += count;
        }
    }

    private static string? Find(string text) => text.Split([' ', '\t', '\r', '\n', '='], StringSplitOptions.RemoveEmptyEntries)
        .FirstOrDefault(word => word.Length == Digits && word.All(char.IsAsciiHexDigit));
}
