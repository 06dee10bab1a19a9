using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Which upstreams a registry has, in which order (Maven contract section 1.7).</summary>
internal static class RegistryUpstreamEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var places = app.MapGroup("/api/v4/virtual_registries/packages/maven/registry_upstreams");
        places.MapPost("", AddAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Puts an upstream into a registry.", "registry_id!:integer", "upstream_id!:integer")
            .Answers<RegistryUpstreamJson>(StatusCodes.Status201Created).Audits("registry_upstream_added");
        places.MapPatch("/{id}", MoveAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Moves it in the order.", "position!:integer")
            .Answers<int>().Audits("registry_upstream_moved");
        places.MapDelete("/{id}", RemoveAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Takes it out of the registry.")
            .AnswersNothing().Audits("registry_upstream_removed");
    }

    private static async Task<IResult> AddAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, UpstreamStore upstreams,
        RegistryUpstreamStore places, ChangeNotices changes, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var (registryId, upstreamId) = (parameters.RequiredNumber("registry_id"), parameters.RequiredNumber("upstream_id"));
        if (parameters.Problems is { } problems) return problems;
        if (await registries.FindAsync(registryId, cancellationToken) is not { } registry) return ApiError.RowNotFound();
        var group = await namespaces.FindByIdAsync(registry.GroupId, cancellationToken);
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        // An upstream of another group is none: its existence is nobody's business here.
        if (await upstreams.FindAsync(upstreamId, cancellationToken) is not { } upstream || upstream.GroupId != registry.GroupId)
            return ApiError.NotFound("Upstream");
        switch (await places.AddAsync(registry, upstreamId, cancellationToken))
        {
            case Association.Made { Place: var place }:
                changes.Publish(ChangeTopic.VirtualRegistries);
                return ApiJson.Answer(RegistryUpstreamJson.Of(place), StatusCodes.Status201Created);
            case Association.Repeated:
                return ApiError.Model("upstream_id", "has already been taken");
            case Association.Full:
                return ApiError.Model("position", $"must be less than or equal to {RegistryUpstreamStore.MostUpstreams}");
            default:
                return ApiError.NotFound("Upstream");
        }
    }

    private static async Task<IResult> MoveAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, RegistryUpstreamStore places, ChangeNotices changes,
        CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var position = parameters.RequiredNumber("position");
        if (parameters.Problems is null && position is < 1 or > RegistryUpstreamStore.MostUpstreams)
            parameters.Problem("position does not have a valid value");
        if (parameters.Problems is { } problems) return problems;
        var (place, registry, refusal) = await FindAsync(context, namespaces, gate, registries, places, cancellationToken);
        if (refusal is not null) return refusal;
        if (!await places.MoveAsync(registry!, place!.Id, position, cancellationToken)) return ApiError.RowNotFound();
        changes.Publish(ChangeTopic.VirtualRegistries);
        return ApiJson.Answer(StatusCodes.Status200OK);
    }

    private static async Task<IResult> RemoveAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, RegistryUpstreamStore places, ChangeNotices changes,
        CancellationToken cancellationToken)
    {
        var (place, registry, refusal) = await FindAsync(context, namespaces, gate, registries, places, cancellationToken);
        if (refusal is not null) return refusal;
        if (!await places.RemoveAsync(registry!, place!.Id, cancellationToken)) return ApiError.RowNotFound();
        changes.Publish(ChangeTopic.VirtualRegistries);
        return Results.NoContent();
    }

    private static async Task<(RegistryUpstream? Place, VirtualRegistry? Registry, ApiError? Refusal)> FindAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, RegistryUpstreamStore places,
        CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return (null, null, invalid);
        if (await places.FindAsync(id, cancellationToken) is not { } place
            || await registries.FindAsync(place.RegistryId, cancellationToken) is not { } registry) return (null, null, ApiError.RowNotFound());
        return (place, registry, await gate.CheckAsync(context, await namespaces.FindByIdAsync(registry.GroupId, cancellationToken)));
    }
}
