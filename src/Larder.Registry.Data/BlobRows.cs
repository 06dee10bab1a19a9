using Larder.Storage.Blobs;

namespace Larder.Registry.Data;

/// <summary>The rows of <c>blobs</c>: one for each content, which every row that names the content points at.</summary>
public static class BlobRows
{
    /// <summary>Every table whose rows name content by <c>sha256</c>, and have an index on it.</summary>
    public static IReadOnlyList<string> NamingTables { get; } = ["package_files", "package_upload_pieces", "maven_cache_entries"];

    /// <summary>
    /// A condition on the row <c>b</c> of blobs: some row names the content. The database itself refuses to remove a blob that a
    /// row names (foreign keys).
    /// </summary>
    public static string IsUsed { get; } =
        $"({string.Join(" or ", NamingTables.Select(table => $"exists (select 1 from {table} n where n.sha256 = b.sha256)"))})";

    /// <summary>
    /// Says that the content is in the blob store and wanted from now on. Part of the same transaction as the row that names it.
    /// </summary>
    public static Task SaveAsync(Session session, StoredBlob blob, long now) => session.ExecuteAsync("""
        insert into blobs (sha256, length, md5, sha1, sha512, created_at) values (@Sha256, @Length, @Md5, @Sha1, @Sha512, @Now)
        on conflict (sha256) do update set created_at = excluded.created_at, unused_since = null
        """, new
    {
        Sha256 = blob.Digests.Sha256.Hex, blob.Length, blob.Digests.Md5, blob.Digests.Sha1, blob.Digests.Sha512, Now = now,
    });

    /// <summary>Those of some contents that have a row.</summary>
    public static async Task<IReadOnlySet<Sha256>> KnownAsync(Session session, IEnumerable<Sha256> digests)
    {
        // Digests are hexadecimal digits: safe as text. The databases share no spelling for a list as a parameter.
        var list = string.Join(',', digests.Select(digest => $"'{digest.Hex}'"));
        if (list.Length == 0) return new HashSet<Sha256>();
        return (await session.QueryAsync<string>($"select sha256 from blobs where sha256 in ({list})")).Select(Sha256.Parse).ToHashSet();
    }
}
