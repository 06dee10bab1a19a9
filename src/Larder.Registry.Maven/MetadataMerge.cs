namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Merges the documents of several upstreams into the one that a client would see if they were one repository. Documents
/// come in the order of the upstreams; where they contradict each other, the newer wins, and the higher where they are
/// equally new.
/// </summary>
public static class MetadataMerge
{
    /// <summary>Merges at least one document. Those that speak of another artifact than the first are left out.</summary>
    public static MavenMetadata Merge(IReadOnlyList<MavenMetadata> documents)
    {
        var first = documents[0];
        var same = documents.Where(document => Agrees(document, first)).ToList();
        if (same.Count == 1) return first;
        var newestFirst = same.OrderByDescending(document => document.LastUpdated ?? "", StringComparer.Ordinal).ToList(); // stable
        return new MavenMetadata
        {
            GroupId = same.Select(document => document.GroupId).FirstOrDefault(text => text is not null),
            ArtifactId = same.Select(document => document.ArtifactId).FirstOrDefault(text => text is not null),
            Version = same.Select(document => document.Version).FirstOrDefault(text => text is not null),
            Latest = newestFirst.Select(document => document.Latest).FirstOrDefault(text => text is not null),
            Release = newestFirst.Select(document => document.Release).FirstOrDefault(text => text is not null),
            LastUpdated = newestFirst[0].LastUpdated,
            Versions = [.. same.SelectMany(document => document.Versions).Distinct()],
            Plugins = [.. same.SelectMany(document => document.Plugins).DistinctBy(plugin => plugin.Prefix)],
            Snapshot = Newest(same),
            SnapshotVersions = [.. same.SelectMany(document => document.SnapshotVersions)
                .GroupBy(file => (file.Extension, file.Classifier)).Select(Newest)],
        };
    }

    private static bool Agrees(MavenMetadata document, MavenMetadata first) =>
        Agree(document.GroupId, first.GroupId) && Agree(document.ArtifactId, first.ArtifactId) && Agree(document.Version, first.Version);

    private static bool Agree(string? one, string? other) => one is null || other is null || one == other;

    // A build is newer by its timestamp; the number counts within one repository only, so it decides last.
    private static Snapshot? Newest(IEnumerable<MavenMetadata> documents) => documents
        .Select(document => document.Snapshot).OfType<Snapshot>()
        .OrderByDescending(snapshot => snapshot.Timestamp ?? "", StringComparer.Ordinal).ThenByDescending(snapshot => snapshot.BuildNumber)
        .FirstOrDefault();

    private static SnapshotVersion Newest(IEnumerable<SnapshotVersion> files) =>
        files.OrderByDescending(file => file.Updated, StringComparer.Ordinal).First();
}
