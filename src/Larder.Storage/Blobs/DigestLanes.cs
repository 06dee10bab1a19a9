using System.Buffers;
using System.Security.Cryptography;

namespace Larder.Storage.Blobs;

/// <summary>
/// Takes the four digests in one pass. Two chunks take turns: while one is being filled, the other is digested by three
/// lanes side by side, so that the slowest digest (MD5) bounds the whole and not their sum. The lanes cost about the same:
/// MD5; SHA-512; SHA-1 and SHA-256 together. A short body is digested where it is, without a task.
/// </summary>
internal sealed class DigestLanes : IDisposable
{
    /// <summary>Bytes of one chunk; a writer holds two.</summary>
    public const int ChunkBytes = 256 * 1024;

    // Below this a task costs more than the digests.
    private const int InlineBytes = 64 * 1024;

    private readonly IncrementalHash md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly IncrementalHash sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
    private readonly IncrementalHash sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash sha512 = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
    private byte[] filling = ArrayPool<byte>.Shared.Rent(ChunkBytes);
    private byte[]? digesting; // rented when a second chunk is first needed: most bodies are smaller than one
    private Task lanes = Task.CompletedTask;
    private int filled;

    /// <summary>The free part of the chunk that is being filled; never empty.</summary>
    public Memory<byte> Free => filling.AsMemory(filled, ChunkBytes - filled);

    /// <summary>Counts bytes that were put at the start of <see cref="Free"/>; a full chunk goes to the lanes.</summary>
    public ValueTask AdvanceAsync(int count)
    {
        filled += count;
        return filled < ChunkBytes ? default : HandOverAsync();
    }

    /// <summary>Digests what is left and answers all four. Once only.</summary>
    public async ValueTask<Digests> FinishAsync()
    {
        await lanes;
        if (filled <= InlineBytes) Digest(filling, filled);
        else await Start(filling, filled);
        return new Digests(
            Convert.ToHexStringLower(md5.GetHashAndReset()), Convert.ToHexStringLower(sha1.GetHashAndReset()),
            Sha256.FromBytes(sha256.GetHashAndReset()), Convert.ToHexStringLower(sha512.GetHashAndReset()));
    }

    /// <summary>Gives the memory back, once no lane reads it any more.</summary>
    public async ValueTask ReleaseAsync()
    {
        await lanes.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        md5.Dispose();
        sha1.Dispose();
        sha256.Dispose();
        sha512.Dispose();
        ArrayPool<byte>.Shared.Return(filling);
        if (digesting is not null) ArrayPool<byte>.Shared.Return(digesting);
    }

    private async ValueTask HandOverAsync()
    {
        await lanes;
        (filling, digesting) = (digesting ?? ArrayPool<byte>.Shared.Rent(ChunkBytes), filling);
        filled = 0;
        lanes = Start(digesting, ChunkBytes);
    }

    private Task Start(byte[] chunk, int length) => Task.WhenAll(
        Task.Run(() => md5.AppendData(chunk, 0, length)),
        Task.Run(() => sha512.AppendData(chunk, 0, length)),
        Task.Run(() =>
        {
            sha1.AppendData(chunk, 0, length);
            sha256.AppendData(chunk, 0, length);
        }));

    private void Digest(byte[] chunk, int length)
    {
        md5.AppendData(chunk, 0, length);
        sha1.AppendData(chunk, 0, length);
        sha256.AppendData(chunk, 0, length);
        sha512.AppendData(chunk, 0, length);
    }
}
