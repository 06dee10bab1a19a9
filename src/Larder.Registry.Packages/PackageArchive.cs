using System.Formats.Tar;
using System.IO.Compression;
using Larder.Storage.Blobs;

namespace Larder.Registry.Packages;

/// <summary>
/// A package's files as one archive, written while it is sent: memory is a buffer, whatever the size. Each kind disposes its writer
/// only when all went well, because disposing is what writes the end of an archive: one that broke off must not look whole.
/// </summary>
public static class PackageArchive
{
    /// <summary>The kinds of archives, which are also their extensions.</summary>
    public static IReadOnlyList<string> Formats { get; } = ["tar", "tar.gz", "zip"];

    /// <summary>The content type of a kind.</summary>
    public static string ContentType(string format) => format switch
    {
        "tar" => "application/x-tar",
        "tar.gz" => "application/gzip",
        _ => "application/zip",
    };

    /// <summary>Writes the whole archive.</summary>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="files">The files, no name twice.</param>
    /// <param name="open">Opens the bytes of a file, or throws.</param>
    /// <param name="target">
    /// Written to, never sought; asynchronously, but for the rest (up to some 100 KiB) that the zip writer puts out at the end of an entry.
    /// </param>
    /// <param name="cancellationToken">Ends it in the middle.</param>
    public static async Task WriteAsync(
        string format, IAsyncEnumerable<PackageFile> files, Func<PackageFile, Task<Blob>> open, Stream target, CancellationToken cancellationToken)
    {
        if (format == "zip")
        {
            await WriteZipAsync(files, open, target, cancellationToken);
        }
        else if (format == "tar.gz")
        {
            var gzip = new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true);
            await WriteTarAsync(files, open, gzip, cancellationToken);
            await gzip.DisposeAsync();
        }
        else
        {
            await WriteTarAsync(files, open, target, cancellationToken);
        }
    }

    /// <summary>
    /// The name of a file in an archive: nested files are in folders. What some system takes for more than a part of a name
    /// (backslash, drive, wildcard) stays percent-encoded, so that unpacking writes below its folder and nowhere else.
    /// </summary>
    public static string EntryName(string storedName)
    {
        const string encoded = "%\\:*?\"<>|";
        return string.Concat(Uri.UnescapeDataString(storedName).Select(
            c => encoded.Contains(c, StringComparison.Ordinal) ? $"%{(int)c:X2}" : $"{c}"));
    }

    private static async Task WriteTarAsync(
        IAsyncEnumerable<PackageFile> files, Func<PackageFile, Task<Blob>> open, Stream target, CancellationToken cancellationToken)
    {
        var tar = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
        var isEmpty = true;
        await foreach (var file in files.WithCancellation(cancellationToken))
        {
            await using var blob = await open(file);
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, EntryName(file.FileName))
            {
                DataStream = new BlobStream(blob),
                ModificationTime = DateTimeOffset.FromUnixTimeMilliseconds(file.CreatedAt),
            }, cancellationToken);
            isEmpty = false;
        }
        await tar.DisposeAsync();
        // Two empty records are the end of a tar; the writer leaves them out where there was no entry.
        if (isEmpty) await target.WriteAsync(new byte[1024], cancellationToken);
    }

    // Deflated, not stored: a reader that goes from front to back needs to see for itself where an entry ends.
    private static async Task WriteZipAsync(
        IAsyncEnumerable<PackageFile> files, Func<PackageFile, Task<Blob>> open, Stream target, CancellationToken cancellationToken)
    {
        var zip = await ZipArchive.CreateAsync(target, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        await foreach (var file in files.WithCancellation(cancellationToken))
        {
            await using var blob = await open(file);
            var entry = zip.CreateEntry(EntryName(file.FileName), CompressionLevel.Optimal);
            entry.LastWriteTime = DateTimeOffset.FromUnixTimeMilliseconds(file.CreatedAt);
            var body = await entry.OpenAsync(cancellationToken);
            await new BlobStream(blob).CopyToAsync(body, cancellationToken);
            await body.DisposeAsync();
            await target.FlushAsync(cancellationToken);
        }
        await zip.DisposeAsync();
    }
}
