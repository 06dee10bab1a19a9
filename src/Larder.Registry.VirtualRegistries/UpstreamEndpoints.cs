using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
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
        inRegistry.MapGet("", ListAsync).Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Lists the upstreams of a registry in order.").Answers<PlacedUpstreamJson[]>();
        inRegistry.MapPost("", CreateAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Makes an upstream at the end of a registry.", "url!", "name!", "description", "username", "password",
                "cache_validity_hours:integer", "metadata_cache_validity_hours:integer", "verify_checksum_files:boolean")
            .Answers<PlacedUpstreamJson>(StatusCodes.Status201Created).Audits("upstream_created");

        app.MapGet("/api/v4/groups/{id}/-/virtual_registries/packages/maven/upstreams", ListOfGroupAsync)
            .Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Lists the upstreams of a group.", ["upstream_name", ..Page.Parameters]).AnswersPage<UpstreamJson>();

        var upstreams = app.MapGroup("/api/v4/virtual_registries/packages/maven/upstreams");
        upstreams.MapGet("/{id}", GetAsync).Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("One upstream.").Answers<SingleUpstreamJson>();
        upstreams.MapPatch("/{id}", UpdateAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Changes an upstream.", "url", "name", "description", "username", "password", "cache_validity_hours:integer",
                "metadata_cache_validity_hours:integer", "verify_checksum_files:boolean")
            .Answers<int>().Audits("upstream_updated");
        upstreams.MapDelete("/{id}", DeleteAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Deletes an upstream.")
            .AnswersNothing().Audits("upstream_deleted");
        upstreams.MapDelete("/{id}/cache", PurgeAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Empties the cache of an upstream.")
            .AnswersNothing().Audits("upstream_purged");
        upstreams.MapGet("/{id}/health", HealthAsync).Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("How the host of an upstream is doing, as this node sees it, and what was done with it in 30 days, by all.")
            .Answers<UpstreamHealthJson>();
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, UpstreamStore upstreams,
        RegistryUpstreamStore associations, CancellationToken cancellationToken)
    {
        var (registry, refusal) = await RegistryEndpoints.FindAsync(context, namespaces, gate, registries, cancellationToken);
        if (refusal is not null) return refusal;
        var places = (await associations.OfRegistryAsync(registry!.Id, cancellationToken)).ToDictionary(place => place.UpstreamId);
        var rows = await upstreams.InRegistryAsync(registry.Id, cancellationToken);
        return ApiJson.Answer(rows.Where(row => places.ContainsKey(row.Id)).Select(row => new PlacedUpstreamJson(row, places[row.Id])));
    }

    private static async Task<IResult> ListOfGroupAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var page = Page.Read(parameters);
        var name = parameters.Text("upstream_name");
        if (parameters.Problems is { } problems) return problems;
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await RefusalAsync(context, gate, group) is { } refusal) return refusal;
        var (rows, total) = await upstreams.ListAsync(group!.Id, name, page, cancellationToken);
        page.WriteHeaders(context, total, options.ExternalUrl, rows.Count);
        return ApiJson.Answer(rows.Select(UpstreamJson.Of));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, UpstreamStore upstreams,
        UpstreamForm form, ChangeNotices changes, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var input = UpstreamInput.ForCreation(parameters);
        if (parameters.Problems is { } problems) return problems;
        var (registry, refusal) = await RegistryEndpoints.FindAsync(context, namespaces, gate, registries, cancellationToken);
        if (refusal is not null) return refusal;
        var (settings, error) = await form.CheckAsync(input, before: null, cancellationToken);
        if (error is not null) return error;
        switch (await upstreams.CreateAsync(registry!, settings!, cancellationToken))
        {
            case UpstreamSaving.Saved { Upstream: var upstream, Place: { } place }:
                changes.Publish(ChangeTopic.VirtualRegistries);
                return ApiJson.Answer(new PlacedUpstreamJson(upstream, place), StatusCodes.Status201Created);
            case UpstreamSaving.RegistryFull:
                return ApiError.Model("registry_upstreams.position", $"must be less than or equal to {RegistryUpstreamStore.MostUpstreams}");
            case UpstreamSaving.Taken:
                return UpstreamForm.Taken;
            default:
                return ApiError.RowNotFound();
        }
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, RegistryUpstreamStore places,
        CancellationToken cancellationToken)
    {
        var (upstream, refusal) = await FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        return ApiJson.Answer(new SingleUpstreamJson(upstream!, await places.OfUpstreamAsync(upstream!.Id, cancellationToken)));
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamForm form, ChangeNotices changes,
        CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        UpstreamInput.CheckChange(parameters);
        if (parameters.Problems is { } problems) return problems;
        var (upstream, refusal) = await FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        var (settings, error) = await form.CheckAsync(UpstreamInput.ForChange(upstream!, parameters), upstream, cancellationToken);
        if (error is not null) return error;
        switch (await upstreams.UpdateAsync(upstream!, settings!, cancellationToken))
        {
            case UpstreamSaving.Saved:
                changes.Publish(ChangeTopic.VirtualRegistries);
                return ApiJson.Answer(StatusCodes.Status200OK);
            case UpstreamSaving.Taken:
                return UpstreamForm.Taken;
            default:
                return ApiError.RowNotFound();
        }
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, ChangeNotices changes, CancellationToken cancellationToken)
    {
        var (upstream, refusal) = await FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        if (Unmodified.Refuses(context, upstream!.UpdatedAt)) return ApiError.PreconditionFailed();
        await upstreams.DeleteAsync(upstream, cancellationToken);
        changes.Publish(ChangeTopic.VirtualRegistries);
        return Results.NoContent();
    }

    private static async Task<IResult> PurgeAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, ChangeNotices changes, CancellationToken cancellationToken)
    {
        var (upstream, refusal) = await FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        await upstreams.PurgeAsync(upstream!, cancellationToken);
        changes.Publish(ChangeTopic.VirtualRegistries);
        return Results.NoContent();
    }

    // Larder's own: the state is this node's, the figures are of all.
    private static async Task<IResult> HealthAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamClient client, UpstreamFigures figures,
        CancellationToken cancellationToken)
    {
        var (upstream, refusal) = await FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        var month = UpstreamDay.Sum(await figures.OfAsync([upstream!.Id], days: 30, cancellationToken));
        return ApiJson.Answer(UpstreamHealthJson.Of(upstream, client.Describe(new Uri(upstream.Url)), month));
    }

    /// <summary>The upstream of route value <c>id</c>, or why it is not to be had: 400, 404, or the gate's word on its group.</summary>
    public static async Task<(Upstream? Upstream, ApiError? Refusal)> FindAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return (null, invalid);
        if (await upstreams.FindAsync(id, cancellationToken) is not { } upstream) return (null, ApiError.RowNotFound());
        return (upstream, await gate.CheckAsync(context, await namespaces.FindByIdAsync(upstream.GroupId, cancellationToken)));
    }

    /// <summary>Upstreams belong to top-level groups: a subgroup is refused in GitLab's words.</summary>
    public static async ValueTask<ApiError?> RefusalAsync(HttpContext context, Gate gate, Namespace? group) =>
        await gate.CheckAsync(context, group)
        ?? (group!.ParentId is null ? null : ApiError.BadRequest("only available on top-level groups."));
}
