using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Larder.Storage.Blobs;

/// <summary>The few system calls that durability needs and .NET does not offer. Linux; elsewhere they do nothing.</summary>
internal static partial class FileSystemCalls
{
    private const int OpenReadOnly = 0;
    private const int OpenDirectory = 0x10000;
    private const int OpenCloseOnExec = 0x80000;
    private const int NoSpace = 28;    // ENOSPC
    private const int OverQuota = 122; // EDQUOT
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const uint StartWriteBack = 2; // SYNC_FILE_RANGE_WRITE

    /// <summary>
    /// Whether a file system call failed for want of room: no space, over quota, or a file larger than the system allows, which
    /// .NET reports as an argument out of range.
    /// </summary>
    public static bool SaysFull(Exception failure) =>
        failure is ArgumentOutOfRangeException or IOException { HResult: NoSpace or OverQuota or WindowsDiskFull };

    /// <summary>Puts the entries of a folder on the disk: without it a renamed file may be gone after a power cut.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void SyncFolder(string folder) => OnFolder(folder, FSync);

    /// <summary>Puts everything of the file system that holds the folder on the disk.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void SyncFileSystem(string folder) => OnFolder(folder, SyncFs);

    /// <summary>Asks for these bytes to be written soon, without waiting, so that a later sync has less left to do.</summary>
    public static void BeginWriteBack(SafeFileHandle file, long offset, long length)
    {
        if (OperatingSystem.IsLinux()) _ = SyncFileRange(file, offset, length, StartWriteBack); // only a hint: its failure is no failure
    }

    private static void OnFolder(string folder, Func<int, int> call)
    {
        if (!OperatingSystem.IsLinux()) return;
        var descriptor = Open(folder, OpenReadOnly | OpenDirectory | OpenCloseOnExec);
        if (descriptor < 0) throw Failed("open", folder);
        try
        {
            if (call(descriptor) != 0) throw Failed("sync", folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failed(string what, string folder) =>
        new($"Cannot {what} the folder {folder}: {Marshal.GetLastPInvokeErrorMessage()}.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFs(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);
}
