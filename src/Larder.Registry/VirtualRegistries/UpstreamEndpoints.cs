using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Larder.Storage.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Managing upstreams (Maven contract section 1.6).</summary>
internal static class UpstreamEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var inRegistry = app.MapGroup("/api/v4/virtual_registries/packages/maven/registries/{id}/upstreams");
        inRegistry.MapGet("", ListAsync).Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi);
        inRegistry.MapPost("", CreateAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi);

        var upstreams = app.MapGroup("/api/v4/virtual_registries/packages/maven/upstreams");
        upstreams.MapGet("/{id}", GetAsync).Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi);
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, UpstreamStore upstreams,
        CancellationToken cancellationToken)
    {
        var (registry, refusal) = await RegistryEndpoints.FindAsync(context, namespaces, gate, registries, cancellationToken);
        if (refusal is not null) return refusal;
        var places = (await registries.UpstreamsAsync(registry!.Id, cancellationToken)).ToDictionary(place => place.UpstreamId);
        var rows = await upstreams.InRegistryAsync(registry.Id, cancellationToken);
        return ApiJson.Answer(rows.Where(row => places.ContainsKey(row.Id)).Select(row => UpstreamJson.WithPlace(row, places[row.Id])));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, UpstreamStore upstreams,
        UpstreamForm form, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var input = UpstreamInput.ForCreation(parameters);
        if (parameters.Problems is { } problems) return problems;
        var (registry, refusal) = await RegistryEndpoints.FindAsync(context, namespaces, gate, registries, cancellationToken);
        if (refusal is not null) return refusal;
        var (settings, error) = await form.CheckAsync(registry!.GroupId, input, cancellationToken);
        if (error is not null) return error;
        return await upstreams.CreateAsync(registry, settings!, cancellationToken) is { } created
            ? ApiJson.Answer(UpstreamJson.WithPlace(created.Upstream, created.Place), StatusCodes.Status201Created)
            : ApiError.Model("registry_upstreams.position", $"must be less than or equal to {UpstreamStore.MostUpstreams}");
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return invalid;
        if (await upstreams.FindAsync(id, cancellationToken) is not { } upstream) return ApiError.RowNotFound();
        var group = await namespaces.FindByIdAsync(upstream.GroupId, cancellationToken);
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        return ApiJson.Answer(UpstreamJson.WithPlaces(upstream, await upstreams.PlacesAsync(id, cancellationToken)));
    }
}

/// <summary>Upstreams as GitLab shows them; never with a password.</summary>
internal static class UpstreamJson
{
    public static object WithPlace(Upstream row, RegistryUpstream place) => new
    {
        row.Id, row.GroupId, row.Url, row.Name, row.Description, row.CacheValidityHours, row.MetadataCacheValidityHours, row.Username,
        CreatedAt = ApiJson.Instant(row.CreatedAt), UpdatedAt = ApiJson.Instant(row.UpdatedAt),
        RegistryUpstream = new { place.Id, place.RegistryId, place.Position },
    };

    public static object WithPlaces(Upstream row, IReadOnlyList<RegistryUpstream> places) => new
    {
        row.Id, row.GroupId, row.Url, row.Name, row.Description, row.CacheValidityHours, row.MetadataCacheValidityHours, row.Username,
        CreatedAt = ApiJson.Instant(row.CreatedAt), UpdatedAt = ApiJson.Instant(row.UpdatedAt),
        RegistryUpstreams = places.Select(place => new { place.Id, place.RegistryId, place.Position }),
    };
}
