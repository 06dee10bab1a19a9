using Larder.Registry.Http;

namespace Larder.Registry.VirtualRegistries;

/// <summary>A virtual registry of a listing, as GitLab shows it.</summary>
internal record VirtualRegistryJson(long Id, long GroupId, string Name, string? Description, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static VirtualRegistryJson Of(VirtualRegistry registry) => new(
        registry.Id, registry.GroupId, registry.Name, registry.Description, ApiJson.Instant(registry.CreatedAt), ApiJson.Instant(registry.UpdatedAt));
}

/// <summary>A virtual registry by itself, with its upstreams in order.</summary>
internal sealed record SingleVirtualRegistryJson : VirtualRegistryJson
{
    public SingleVirtualRegistryJson(VirtualRegistry registry, IEnumerable<RegistryUpstream> upstreams) : base(Of(registry)) =>
        (MetadataStrategy, RegistryUpstreams) = (registry.MetadataStrategy, [.. upstreams.Select(UpstreamPlaceJson.Of)]);

    public string MetadataStrategy { get; }
    public IReadOnlyList<UpstreamPlaceJson> RegistryUpstreams { get; }
}

/// <summary>An upstream's place in a registry.</summary>
internal sealed record RegistryUpstreamJson(long Id, long RegistryId, long UpstreamId, long Position)
{
    public static RegistryUpstreamJson Of(RegistryUpstream place) => new(place.Id, place.RegistryId, place.UpstreamId, place.Position);
}

/// <summary>The same where the registry is known.</summary>
internal sealed record UpstreamPlaceJson(long Id, long UpstreamId, long Position)
{
    public static UpstreamPlaceJson Of(RegistryUpstream place) => new(place.Id, place.UpstreamId, place.Position);
}

/// <summary>The same where the upstream is known.</summary>
internal sealed record RegistryPlaceJson(long Id, long RegistryId, long Position)
{
    public static RegistryPlaceJson Of(RegistryUpstream place) => new(place.Id, place.RegistryId, place.Position);
}
