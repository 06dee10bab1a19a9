using Larder.Registry.Data;
using Larder.Storage.Blobs;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// A file that an upstream supplied: where its bytes are and when the upstream last confirmed it.
/// <see cref="RelativePath"/> begins with a slash; <see cref="UpstreamEtag"/> keeps its quotes.
/// </summary>
public sealed record CacheEntry(
    long Id, long UpstreamId, string RelativePath, string? ContentType, string? UpstreamEtag, string? UpstreamLastModified,
    long UpstreamCheckedAt, long CreatedAt, StoredBlob Blob);

/// <summary>One upstream of a registry, and what is known there of one path.</summary>
/// <param name="Upstream">The upstream.</param>
/// <param name="Entry">Its cached copy, fresh or stale.</param>
/// <param name="AbsentUntil">Until when the upstream's own "not here" is good, in Unix milliseconds.</param>
public sealed record Candidate(Upstream Upstream, CacheEntry? Entry, long? AbsentUntil)
{
    /// <summary>What the upstream may supply.</summary>
    public RuleSet Rules { get; init; } = RuleSet.None;
}

/// <summary>A file that has just come whole and verified from an upstream, to become a cache entry.</summary>
/// <param name="Upstream">The upstream it came from, as it was when it was asked: had it been purged, moved or deleted meanwhile, nothing is kept.</param>
/// <param name="Path">Its path.</param>
/// <param name="Blob">Its bytes, which the blob store holds already.</param>
/// <param name="ContentType">As the upstream named it.</param>
/// <param name="Etag">The upstream's validator, with quotes.</param>
/// <param name="LastModified">The upstream's other validator, as it came.</param>
/// <param name="FreshUntil">Unix milliseconds until which the upstream need not be asked again.</param>
/// <param name="AbsentAbove">Upstreams of higher position that had said "not here" in the same walk: that is good as long as the copy.</param>
public sealed record Arrival(
    Upstream Upstream, MavenPath Path, StoredBlob Blob, string? ContentType, string? Etag, string? LastModified,
    long FreshUntil, IReadOnlyList<Upstream> AbsentAbove);

/// <summary>The rows of cache entries and of remembered absence.</summary>
public sealed class CacheEntryStore(Database database, TimeProvider time)
{
    // GitLab's bounds of the columns; longer values are not worth keeping.
    private const int LongestText = 255;

    /// <summary>
    /// All upstreams of a registry by position, each with what is known of the path: one indexed statement.
    /// </summary>
    public Task<IReadOnlyList<Candidate>> CandidatesAsync(long registryId, MavenPath path, CancellationToken cancellationToken) =>
        database.ReadAsync(async session =>
        {
            var rows = await session.QueryAsync<CandidateRow>("""
                select u.id, u.group_id, u.name, u.description, u.url, u.username, u.password, u.cache_validity_hours,
                  u.metadata_cache_validity_hours, u.created_at, u.updated_at, u.generation, u.absence_generation, u.rules_generation,
                  u.verifies_checksum_files,
                  e.id as entry_id, e.content_type, e.upstream_etag, e.upstream_last_modified, e.upstream_checked_at,
                  e.created_at as entry_created_at, b.length, b.md5, b.sha1, b.sha256, b.sha512, a.until as absent_until
                from maven_registry_upstreams p
                join maven_upstreams u on u.id = p.upstream_id
                left join maven_cache_entries e
                  on e.upstream_id = u.id and e.relative_path = @Path and e.generation = u.generation
                left join blobs b on b.sha256 = e.sha256
                left join maven_absences a
                  on a.upstream_id = u.id and a.relative_path = @Path and a.generation = u.absence_generation
                where p.registry_id = @RegistryId
                order by p.position
                """, new { RegistryId = registryId, Path = path.Relative });
            return (IReadOnlyList<Candidate>)[.. rows.Select(row => row.ToCandidate(path))];
        }, cancellationToken);

    /// <summary>The entry of one upstream for one path, or null.</summary>
    public Task<CacheEntry?> FindAsync(long upstreamId, MavenPath path, CancellationToken cancellationToken) =>
        database.ReadAsync(async session =>
        {
            var row = await session.FirstOrDefaultAsync<CandidateRow>("""
                select e.upstream_id as id, e.id as entry_id, e.content_type, e.upstream_etag, e.upstream_last_modified,
                  e.upstream_checked_at, e.created_at as entry_created_at, b.length, b.md5, b.sha1, b.sha256, b.sha512
                from maven_cache_entries e
                join maven_upstreams u on u.id = e.upstream_id and u.generation = e.generation
                join blobs b on b.sha256 = e.sha256
                where e.upstream_id = @UpstreamId and e.relative_path = @Path
                """, new { UpstreamId = upstreamId, Path = path.Relative });
            return row?.ToCandidate(path).Entry;
        }, cancellationToken);

    /// <summary>
    /// Makes the file visible: the blob's row, the entry (new or replaced), and what the walk to it has shown. Nothing becomes
    /// visible when the upstream was deleted, or is no longer of the generation that was asked.
    /// </summary>
    public Task SaveAsync(Arrival arrival, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var (upstreamId, generation) = (arrival.Upstream.Id, arrival.Upstream.Generation);
        if (await GenerationAsync(session, upstreamId) != generation) return;
        await BlobRows.SaveAsync(session, arrival.Blob, now);
        await SaveEntryAsync(session, arrival, now);
        await session.ExecuteAsync("""
            insert into maven_supplied_artifacts (upstream_id, artifact, generation) values (@UpstreamId, @Artifact, @Generation)
            on conflict (upstream_id, artifact) do update set generation = excluded.generation
              where maven_supplied_artifacts.generation < excluded.generation
            """, new { UpstreamId = upstreamId, arrival.Path.Artifact, Generation = generation });
        await session.ExecuteAsync("delete from maven_absences where upstream_id = @UpstreamId and relative_path = @Path",
            new { UpstreamId = upstreamId, Path = arrival.Path.Relative });
        await RememberAbsenceAsync(session, arrival.AbsentAbove, arrival.Path, arrival.FreshUntil);
    }, cancellationToken);

    /// <summary>The upstream has confirmed its entry: it is fresh again, as is what the walk has shown above it.</summary>
    public Task ConfirmAsync(CacheEntry entry, MavenPath path, long freshUntil, IReadOnlyList<Upstream> absentAbove, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            await session.ExecuteAsync("update maven_cache_entries set upstream_checked_at = @Now where id = @Id",
                new { Now = time.GetUtcNow().ToUnixTimeMilliseconds(), entry.Id });
            await RememberAbsenceAsync(session, absentAbove, path, freshUntil);
        }, cancellationToken);

    /// <summary>The upstream says that it no longer has the file: its copy goes, unless it was replaced meanwhile.</summary>
    public Task RemoveAsync(CacheEntry entry, CancellationToken cancellationToken) => database.WriteAsync(
        session => session.ExecuteAsync("delete from maven_cache_entries where id = @Id and sha256 = @Sha256",
            new { entry.Id, Sha256 = entry.Blob.Digests.Sha256.Hex }), cancellationToken);

    /// <summary>Whether the upstream has ever supplied a file of this artifact.</summary>
    public Task<bool> HasSuppliedAsync(long upstreamId, string artifact, CancellationToken cancellationToken) =>
        database.ReadAsync(async session => await session.FirstOrDefaultAsync<long?>("""
            select 1 from maven_supplied_artifacts s
            join maven_upstreams u on u.id = s.upstream_id and u.generation = s.generation
            where s.upstream_id = @UpstreamId and s.artifact = @Artifact
            """, new { UpstreamId = upstreamId, Artifact = artifact }) is not null, cancellationToken);

    /// <summary>Upstreams that said "not here" of a file that others have: good until the given instant.</summary>
    public Task RememberAbsenceAsync(IReadOnlyList<Upstream> upstreams, MavenPath path, long until, CancellationToken cancellationToken) =>
        database.WriteAsync(session => RememberAbsenceAsync(session, upstreams, path, until), cancellationToken);

    private static async Task RememberAbsenceAsync(Session session, IReadOnlyList<Upstream> upstreams, MavenPath path, long until)
    {
        // In one order everywhere, so that two walks cannot lock each other's rows.
        foreach (var upstream in upstreams.OrderBy(upstream => upstream.Id))
        {
            await session.ExecuteAsync("""
                insert into maven_absences (upstream_id, relative_path, until, generation)
                select id, @Path, @Until, absence_generation from maven_upstreams
                where id = @Id and absence_generation = @AbsenceGeneration and deleted_at is null
                on conflict (upstream_id, relative_path) do update set until = excluded.until, generation = excluded.generation
                """, new { upstream.Id, upstream.AbsenceGeneration, Path = path.Relative, Until = until });
        }
    }

    // Null: it was deleted.
    private static Task<long?> GenerationAsync(Session session, long upstreamId) => session.FirstOrDefaultAsync<long?>(
        "select generation from maven_upstreams where id = @Id and deleted_at is null", new { Id = upstreamId });

    private static async Task SaveEntryAsync(Session session, Arrival arrival, long now)
    {
        var (upstreamId, generation) = (arrival.Upstream.Id, arrival.Upstream.Generation);
        // One of an earlier generation is not replaced but gone: what comes now is a new entry with a history of its own.
        await session.ExecuteAsync("""
            delete from maven_cache_entries where upstream_id = @UpstreamId and relative_path = @Path and generation < @Generation
            """, new { UpstreamId = upstreamId, Path = arrival.Path.Relative, Generation = generation });
        await session.ExecuteAsync("""
            insert into maven_cache_entries (upstream_id, relative_path, generation, sha256, size, content_type, upstream_etag,
              upstream_last_modified, upstream_checked_at, downloads_count, downloaded_at, created_at, updated_at)
            values (@UpstreamId, @Path, @Generation, @Sha256, @Size, @ContentType, @Etag, @LastModified, @Now, 0, @Now, @Now, @Now)
            on conflict (upstream_id, relative_path) do update set
              sha256 = excluded.sha256, size = excluded.size, content_type = excluded.content_type,
              upstream_etag = excluded.upstream_etag, upstream_last_modified = excluded.upstream_last_modified,
              upstream_checked_at = excluded.upstream_checked_at, downloaded_at = excluded.downloaded_at, updated_at = excluded.updated_at
              where maven_cache_entries.generation = excluded.generation
            """, new
        {
            UpstreamId = upstreamId, Path = arrival.Path.Relative, Generation = generation, Sha256 = arrival.Blob.Digests.Sha256.Hex,
            Size = arrival.Blob.Length, ContentType = Bounded(arrival.ContentType), Etag = Bounded(arrival.Etag),
            LastModified = Bounded(arrival.LastModified), Now = now,
        });
    }

    // Nor what HTTP does not allow in a header: it could not be sent back to ask whether the copy is still good.
    private static string? Bounded(string? text) =>
        text is null || text.Length > LongestText || !text.All(c => char.IsBetween(c, ' ', '~')) ? null : text;

    private sealed class CandidateRow
    {
        public long Id { get; init; }
        public long GroupId { get; init; }
        public string Name { get; init; } = "";
        public string? Description { get; init; }
        public string Url { get; init; } = "";
        public string? Username { get; init; }
        public string? Password { get; init; }
        public long CacheValidityHours { get; init; }
        public long MetadataCacheValidityHours { get; init; }
        public long CreatedAt { get; init; }
        public long UpdatedAt { get; init; }
        public long Generation { get; init; }
        public long AbsenceGeneration { get; init; }
        public long RulesGeneration { get; init; }
        public long VerifiesChecksumFiles { get; init; }
        public long? EntryId { get; init; }
        public string? ContentType { get; init; }
        public string? UpstreamEtag { get; init; }
        public string? UpstreamLastModified { get; init; }
        public long? UpstreamCheckedAt { get; init; }
        public long? EntryCreatedAt { get; init; }
        public long? Length { get; init; }
        public string? Md5 { get; init; }
        public string? Sha1 { get; init; }
        public string? Sha256 { get; init; }
        public string? Sha512 { get; init; }
        public long? AbsentUntil { get; init; }

        public Candidate ToCandidate(MavenPath path) => new(
            new Upstream(Id, GroupId, Name, Description, Url, Username, Password, CacheValidityHours,
                MetadataCacheValidityHours, CreatedAt, UpdatedAt, Generation, AbsenceGeneration, RulesGeneration, VerifiesChecksumFiles),
            EntryId is { } entryId
                ? new CacheEntry(entryId, Id, path.Relative, ContentType, UpstreamEtag, UpstreamLastModified,
                    UpstreamCheckedAt!.Value, EntryCreatedAt!.Value,
                    new StoredBlob(Length!.Value, new Digests(Md5!, Sha1!, Larder.Storage.Blobs.Sha256.Parse(Sha256!), Sha512!)))
                : null,
            AbsentUntil);
    }
}
