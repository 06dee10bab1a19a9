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
        upstreams.MapGet("/{id}/health", HealthAsync).Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi);
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
        var (upstream, refusal) = await FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        return ApiJson.Answer(UpstreamJson.WithPlaces(upstream!, await upstreams.PlacesAsync(upstream!.Id, cancellationToken)));
    }

    // Larder's own: how the upstream's host is doing, as this node sees it.
    private static async Task<IResult> HealthAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamClient client, CancellationToken cancellationToken)
    {
        var (upstream, refusal) = await FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        var state = client.Describe(new Uri(upstream!.Url));
        return ApiJson.Answer(new
        {
            upstream.Id,
            State = state?.State switch
            {
                UpstreamHostCondition.RateLimited => "rate_limited",
                UpstreamHostCondition.Resting => "resting",
                UpstreamHostCondition.Answering => "answering",
                _ => "unknown",
            },
            state?.Until, ConsecutiveFailures = state?.ConsecutiveFailures ?? 0, LastFailure = state?.LastFailure?.Detail,
            RequestsSent = state?.Sent ?? 0, RequestsAvoided = state?.Avoided ?? 0,
        });
    }

    /// <summary>The upstream of route value <c>id</c>, or why it is not to be had: 400, 404, or the gate's word on its group.</summary>
    public static async Task<(Upstream? Upstream, ApiError? Refusal)> FindAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return (null, invalid);
        if (await upstreams.FindAsync(id, cancellationToken) is not { } upstream) return (null, ApiError.RowNotFound());
        return (upstream, await gate.CheckAsync(context, await namespaces.FindByIdAsync(upstream.GroupId, cancellationToken)));
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
