namespace Larder.Storage.Blobs;

/// <summary>Another process has the folder of blobs; its message is for the operator.</summary>
/// <param name="folder">The folder.</param>
/// <param name="inner">What the system said.</param>
public sealed class BlobFolderInUseException(string folder, IOException inner)
    : IOException($"The blob folder {folder} is in use by another process.", inner);
