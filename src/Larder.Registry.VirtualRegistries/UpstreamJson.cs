using Larder.Registry.Http;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Upstreams as GitLab shows them; never with a password.</summary>
internal static class UpstreamJson
{
    /// <summary>In the list of a group.</summary>
    public static object Alone(Upstream row) => new
    {
        row.Id, row.GroupId, row.Url, row.Name, row.Description, row.CacheValidityHours, row.MetadataCacheValidityHours, row.Username,
        VerifyChecksumFiles = row.Settings.VerifiesChecksumFiles,
        CreatedAt = ApiJson.Instant(row.CreatedAt), UpdatedAt = ApiJson.Instant(row.UpdatedAt),
    };

    /// <summary>In a registry.</summary>
    public static object WithPlace(Upstream row, RegistryUpstream place) => new
    {
        row.Id, row.GroupId, row.Url, row.Name, row.Description, row.CacheValidityHours, row.MetadataCacheValidityHours, row.Username,
        VerifyChecksumFiles = row.Settings.VerifiesChecksumFiles,
        CreatedAt = ApiJson.Instant(row.CreatedAt), UpdatedAt = ApiJson.Instant(row.UpdatedAt),
        RegistryUpstream = new { place.Id, place.RegistryId, place.Position },
    };

    /// <summary>With all registries that it is in.</summary>
    public static object WithPlaces(Upstream row, IReadOnlyList<RegistryUpstream> places) => new
    {
        row.Id, row.GroupId, row.Url, row.Name, row.Description, row.CacheValidityHours, row.MetadataCacheValidityHours, row.Username,
        VerifyChecksumFiles = row.Settings.VerifiesChecksumFiles,
        CreatedAt = ApiJson.Instant(row.CreatedAt), UpdatedAt = ApiJson.Instant(row.UpdatedAt),
        RegistryUpstreams = places.Select(place => new { place.Id, place.RegistryId, place.Position }),
    };
}
