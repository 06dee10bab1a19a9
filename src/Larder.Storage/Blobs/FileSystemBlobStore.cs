using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Larder.Storage.Blobs;

/// <summary>What a file-system store may be told.</summary>
public sealed record FileSystemBlobOptions
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>The folder, made if it is missing. <see cref="BlobLayout"/> shows what is in it.</summary>
    public required string Root { get; init; }

    /// <summary>
    /// Names this boot of the machine. Where the system has no name for it, every start counts as a new boot, which costs
    /// some verifying and loses nothing.
    /// </summary>
    public string BootId { get; init; } = File.Exists(BootIdFile) ? File.ReadAllText(BootIdFile).Trim() : Guid.NewGuid().ToString();

    /// <summary>How often everything is put on the disk and recorded, so that little is in doubt after a power cut.</summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>Blobs in a folder, for one process at a time.</summary>
public sealed partial class FileSystemBlobStore : IBlobStore, IAsyncDisposable
{
    private readonly BlobLayout layout;
    private readonly FileStream held;
    private readonly PowerCutGuard guard;
    private readonly ITimer syncing;
    private readonly ILogger logger;
    private int dirty; // whether anything was written since the last sync

    /// <summary>Takes the folder, clears what a killed process left in it, and finds out what a power cut may have torn.</summary>
    /// <exception cref="BlobFolderInUseException">Another process uses the folder.</exception>
    /// <exception cref="IOException">It cannot be made or written.</exception>
    public FileSystemBlobStore(FileSystemBlobOptions options, TimeProvider time, ILogger<FileSystemBlobStore> logger)
    {
        this.logger = logger;
        layout = new BlobLayout(options.Root);
        Directory.CreateDirectory(layout.Root);
        held = Hold(layout);
        try
        {
            var isNew = !Directory.Exists(layout.Blobs);
            if (Directory.Exists(layout.Temp)) Directory.Delete(layout.Temp, recursive: true);
            Directory.CreateDirectory(layout.Temp);
            if (isNew) MakeFolders();
            guard = new PowerCutGuard(layout, isNew, options.BootId, time);
        }
        catch
        {
            held.Dispose();
            throw;
        }
        syncing = time.CreateTimer(_ => Sync(), null, options.SyncInterval, options.SyncInterval);
    }

    /// <inheritdoc/>
    public ValueTask<Blob?> OpenAsync(Sha256 digest, CancellationToken cancellationToken)
    {
        var path = layout.FileOf(digest);
        if (!File.Exists(path)) return default; // an exception for each miss would cost a hundred times as much
        try
        {
            if (guard.IsDoubtful(digest, path) && !Verify(digest, path)) return default;
            return new(new FileBlob(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete)));
        }
        catch (FileNotFoundException)
        {
            return default; // deleted since we looked
        }
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> CreateAsync(Durability durability, CancellationToken cancellationToken)
    {
        Volatile.Write(ref dirty, 1);
        return new(new FileSystemBlobWriter(layout, durability));
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(Sha256 digest, DateTimeOffset writtenBefore, CancellationToken cancellationToken)
    {
        var path = layout.FileOf(digest);
        lock (layout.GateOf(digest))
        {
            if (!File.Exists(path) || File.GetLastWriteTimeUtc(path) >= writtenBefore.UtcDateTime) return new(false);
            File.Delete(path);
        }
        return new(true);
    }

    /// <inheritdoc/>
    public Task ProbeAsync(CancellationToken cancellationToken) => Directory.Exists(layout.Blobs)
        ? Task.CompletedTask
        : throw new BlobStoreUnavailableException($"the folder {layout.Blobs} is gone", inner: null);

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobInfo> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var folder in layout.BlobFolders)
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Sha256.TryParse(file.Name, out var digest) && file.Exists)
                    yield return new BlobInfo(digest, file.Length, new DateTimeOffset(file.LastWriteTimeUtc));
            }
            await Task.Yield(); // a long listing does not keep a thread for itself
        }
    }

    /// <summary>Puts everything on the disk and gives the folder back.</summary>
    public async ValueTask DisposeAsync()
    {
        await syncing.DisposeAsync();
        guard.RecordSynced(stopping: true);
        await held.DisposeAsync();
    }

    private static FileStream Hold(BlobLayout layout)
    {
        try
        {
            // The system lets go of it when the process ends, however it ends.
            return new FileStream(layout.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new BlobFolderInUseException(layout.Root, e);
        }
    }

    private void MakeFolders()
    {
        foreach (var folder in layout.BlobFolders) Directory.CreateDirectory(folder);
        FileSystemCalls.SyncFolder(layout.Blobs);
        FileSystemCalls.SyncFolder(layout.Root);
    }

    private void Sync()
    {
        if (Interlocked.Exchange(ref dirty, 0) == 0) return;
        try
        {
            guard.RecordSynced(stopping: false);
        }
        catch (IOException e)
        {
            Volatile.Write(ref dirty, 1);
            SyncFailed(logger, e, layout.Root);
        }
    }

    // Reads the whole blob, once. Two at once read it twice, which harms nobody.
    private bool Verify(Sha256 digest, string path)
    {
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.SequentialScan))
        {
            if (Read(file) == digest)
            {
                guard.Believe(digest);
                return true;
            }
        }
        lock (layout.GateOf(digest))
        {
            // A whole one may have come meanwhile: that is young, so not in doubt.
            if (!File.Exists(path) || !guard.IsDoubtful(digest, path)) return File.Exists(path);
            File.Delete(path);
        }
        TornBlob(logger, digest, path);
        return false;
    }

    private static Sha256 Read(SafeFileHandle file)
    {
        using var stream = new FileStream(file, FileAccess.Read, bufferSize: 0);
        return Sha256.FromBytes(SHA256.HashData(stream));
    }

    [LoggerMessage(1001, LogLevel.Warning, "Blob {Sha256} was torn by a power cut and is removed: {Path}")]
    private static partial void TornBlob(ILogger logger, Sha256 sha256, string path);

    [LoggerMessage(1002, LogLevel.Error, "The blobs in {Root} could not be put on the disk; will try again")]
    private static partial void SyncFailed(ILogger logger, Exception exception, string root);
}
