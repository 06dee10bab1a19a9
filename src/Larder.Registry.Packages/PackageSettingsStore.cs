using Larder.Registry.Data;

namespace Larder.Registry.Packages;

/// <summary>The package settings of namespaces.</summary>
public sealed class PackageSettingsStore(Database database, TimeProvider time)
{
    /// <summary>The settings of a namespace; the defaults when it has none.</summary>
    public Task<PackageSettings> FindAsync(long namespaceId, CancellationToken cancellationToken) =>
        database.ReadAsync(async session => PackageSettingsRow.Read(await session.FirstOrDefaultAsync<PackageSettingsRow>("""
            select generic_duplicates_allowed, generic_duplicate_exception_regex from package_settings where namespace_id = @Id
            """, new { Id = namespaceId })), cancellationToken);

    /// <summary>
    /// Sets what is not null and answers the whole. The exception has been found good by <see cref="PackageSettings.ProblemOf"/>.
    /// </summary>
    public Task<PackageSettings> SaveAsync(
        long namespaceId, bool? duplicatesAllowed, string? duplicateException, CancellationToken cancellationToken) =>
        database.WriteAsync(async session => PackageSettingsRow.Read(await session.SingleAsync<PackageSettingsRow>("""
            insert into package_settings (namespace_id, generic_duplicates_allowed, generic_duplicate_exception_regex, updated_at)
            values (@Id, coalesce(cast(@Allowed as bigint), 1), coalesce(cast(@Exception as text), ''), @Now)
            on conflict (namespace_id) do update set
              generic_duplicates_allowed = coalesce(cast(@Allowed as bigint), package_settings.generic_duplicates_allowed),
              generic_duplicate_exception_regex = coalesce(cast(@Exception as text), package_settings.generic_duplicate_exception_regex),
              updated_at = excluded.updated_at
            returning generic_duplicates_allowed, generic_duplicate_exception_regex
            """, new
        {
            Id = namespaceId, Allowed = duplicatesAllowed is { } allowed ? (allowed ? 1L : 0L) : (long?)null, Exception = duplicateException,
            Now = time.GetUtcNow().ToUnixTimeMilliseconds(),
        })), cancellationToken);

    /// <summary>Those that hold for a project: of the namespace that it is directly in.</summary>
    internal static async Task<PackageSettings> OfProjectAsync(Session session, long projectId) =>
        PackageSettingsRow.Read(await session.FirstOrDefaultAsync<PackageSettingsRow>("""
            select s.generic_duplicates_allowed, s.generic_duplicate_exception_regex
            from projects p join package_settings s on s.namespace_id = p.namespace_id
            where p.id = @ProjectId
            """, new { ProjectId = projectId }));

    private sealed record PackageSettingsRow(long GenericDuplicatesAllowed, string GenericDuplicateExceptionRegex)
    {
        public static PackageSettings Read(PackageSettingsRow? row) =>
            row is null ? PackageSettings.Default : new(row.GenericDuplicatesAllowed != 0, row.GenericDuplicateExceptionRegex);
    }
}
