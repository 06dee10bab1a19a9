using System.Globalization;

namespace Larder.Storage.Blobs;

/// <summary>
/// Where a file-system store keeps what, all below one folder:
/// <code>
/// ROOT/
///   lock                       held while a process uses the store
///   synced                     what is known to be on the disk, see <see cref="PowerCutGuard"/>
///   temp/RANDOM                bytes being written; anything here at the start is left over and removed
///   sha256/ab/abcd…            a blob, named by its 64 digits; written once, never changed
/// </code>
/// Everything is on one file system, so that a rename is atomic. The 256 folders of blobs exist from the start: a commit
/// then has one folder to sync.
/// </summary>
internal sealed class BlobLayout(string root)
{
    // Blobs share gates; each is held for one system call or two.
    private readonly Lock[] gates = [.. Enumerable.Range(0, 256).Select(_ => new Lock())];

    public string Root { get; } = Path.GetFullPath(root);

    public string Lock => Path.Combine(Root, "lock");

    public string Synced => Path.Combine(Root, "synced");

    public string Temp => Path.Combine(Root, "temp");

    public string Blobs => Path.Combine(Root, "sha256");

    public string NewTemp() => Path.Combine(Temp, Guid.NewGuid().ToString("N"));

    public IEnumerable<string> BlobFolders => Enumerable.Range(0, 256).Select(i => Path.Combine(Blobs, i.ToString("x2", CultureInfo.InvariantCulture)));

    public string FolderOf(Sha256 digest) => Path.Combine(Blobs, digest.Hex[..2]);

    /// <summary>Held by whoever changes which file stands under the name of this blob.</summary>
    public Lock GateOf(Sha256 digest) => gates[Convert.ToInt32(digest.Hex[..2], 16)];

    public string FileOf(Sha256 digest) => Path.Combine(FolderOf(digest), digest.Hex);
}
