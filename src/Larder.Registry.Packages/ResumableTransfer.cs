using System.Runtime.ExceptionServices;
using Larder.Storage.Blobs;

namespace Larder.Registry.Packages;

/// <summary>What came of the body of one request.</summary>
public abstract record TransferEnd
{
    /// <summary>More is to come; so much is here now, and so long it is kept.</summary>
    public sealed record Partial(long Offset, long ExpiresAt) : TransferEnd;

    /// <summary>The file is whole, and what was announced.</summary>
    public sealed record Whole(StoredBlob Blob) : TransferEnd;

    /// <summary>The file is whole, and not what was announced.</summary>
    public sealed record Wrong(ContentMismatch Mismatch) : TransferEnd;

    /// <summary>The bytes do not begin where the upload ends: another request was faster, or the upload is gone.</summary>
    public sealed record Moved : TransferEnd;

    /// <summary>There are more bytes than the file was said to have. Those of the last piece are not kept.</summary>
    public sealed record TooLong : TransferEnd;
}

/// <summary>
/// Takes the body of a request into an upload, in pieces that become durable one by one: a connection that breaks loses nothing that
/// was read from it, a process that is killed the piece in hand. The last piece is not written down before the file is published: to
/// a client an upload with all its bytes is a file that is there.
/// </summary>
public sealed class ResumableTransfer(IBlobStore blobs, ResumableStore uploads)
{
    /// <summary>Bytes of a piece, at the most.</summary>
    public const int PieceBytes = 16 << 20;

    /// <summary>Receives the body, from the upload's offset on.</summary>
    /// <param name="upload">The upload.</param>
    /// <param name="body">What is sent of it now.</param>
    /// <param name="progress">Told how many bytes of the whole are here.</param>
    /// <param name="aborted">The client has left.</param>
    /// <exception cref="IOException">The client broke off; what had arrived is kept.</exception>
    /// <exception cref="OperationCanceledException">The same.</exception>
    public async Task<TransferEnd> ReceiveAsync(ResumableUpload upload, Stream body, IProgress<long> progress, CancellationToken aborted)
    {
        for (var (offset, expiresAt) = (upload.Offset, upload.ExpiresAt); ;)
        {
            progress.Report(offset);
            await using var writer = await blobs.CreateAsync(Durability.Durable, aborted);
            var (ended, broke) = await FillAsync(writer, body, offset, Math.Min(PieceBytes, upload.Length - offset), progress, aborted);
            if (writer.Length > 0 || upload.Length == 0)
            {
                // From here on the client's leaving ends nothing: what has arrived is what it need not send again.
                var piece = (await writer.CommitAsync(ExpectedContent.Anything, CancellationToken.None)).Stored!;
                if (offset + piece.Length == upload.Length)
                    return await HasMoreAsync(body, aborted) ? new TransferEnd.TooLong() : await CompleteAsync(upload, offset, piece);
                if (await uploads.AppendAsync(upload, offset, piece, CancellationToken.None) is not { } expiry) return new TransferEnd.Moved();
                (offset, expiresAt) = (offset + piece.Length, expiry);
            }
            broke?.Throw();
            if (ended) return new TransferEnd.Partial(offset, expiresAt);
        }
    }

    private static async Task<(bool Ended, ExceptionDispatchInfo? Broke)> FillAsync(
        BlobWriter writer, Stream body, long offset, long wanted, IProgress<long> progress, CancellationToken aborted)
    {
        while (writer.Length < wanted)
        {
            var memory = writer.GetMemory();
            int read;
            try
            {
                read = await body.ReadAsync(memory[..(int)Math.Min(memory.Length, wanted - writer.Length)], aborted);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                return (true, ExceptionDispatchInfo.Capture(e));
            }
            if (read == 0) return (true, null);
            await writer.AdvanceAsync(read, CancellationToken.None);
            progress.Report(offset + writer.Length);
        }
        return (false, null);
    }

    private static async Task<bool> HasMoreAsync(Stream body, CancellationToken aborted)
    {
        try
        {
            return await body.ReadAsync(new byte[1], aborted) > 0;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false; // it broke off behind the last byte of the file
        }
    }

    // A file of one piece is that piece; of more, they are read once again: the digests of the whole are not those of the parts.
    private async Task<TransferEnd> CompleteAsync(ResumableUpload upload, long offset, StoredBlob last)
    {
        if (offset == 0)
            return upload.Expected.Compare(last) is { } difference ? new TransferEnd.Wrong(difference) : new TransferEnd.Whole(last);
        await using var writer = await blobs.CreateAsync(Durability.Durable, CancellationToken.None);
        foreach (var piece in await uploads.PiecesAsync(upload.Id, CancellationToken.None))
        {
            if (piece.Position != writer.Length) return new TransferEnd.Moved();
            await CopyAsync(Sha256.Parse(piece.Sha256), piece.Length, writer);
        }
        if (writer.Length != offset) return new TransferEnd.Moved(); // published or given up by another request meanwhile
        await CopyAsync(last.Digests.Sha256, last.Length, writer);
        var commit = await writer.CommitAsync(upload.Expected, CancellationToken.None);
        return commit.Mismatch is { } mismatch ? new TransferEnd.Wrong(mismatch) : new TransferEnd.Whole(commit.Stored!);
    }

    private async Task CopyAsync(Sha256 digest, long length, BlobWriter writer)
    {
        await using var blob = await blobs.OpenAsync(digest, CancellationToken.None);
        if (blob?.Length != length) throw new IOException($"The store has lost the piece {digest} of an upload.");
        for (long offset = 0; offset < length;)
        {
            var read = await blob.ReadAsync(offset, writer.GetMemory(), CancellationToken.None);
            if (read == 0) throw new EndOfStreamException($"Blob {digest} ended before its length.");
            await writer.AdvanceAsync(read, CancellationToken.None);
            offset += read;
        }
    }
}
