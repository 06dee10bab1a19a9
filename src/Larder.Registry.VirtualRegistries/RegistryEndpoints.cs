using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Managing virtual registries (Maven contract section 1.5).</summary>
internal static class RegistryEndpoints
{
    private const int LongestName = 255;
    private const int LongestDescription = 1024;

    public static void Map(IEndpointRouteBuilder app)
    {
        var inGroup = app.MapGroup("/api/v4/groups/{id}/-/virtual_registries/packages/maven/registries");
        inGroup.MapGet("", ListAsync).Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Lists the virtual registries of a group.").Answers<VirtualRegistryJson[]>();
        inGroup.MapPost("", CreateAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Makes a virtual registry.", "name!", "description", "metadata_strategy:merge|first")
            .Answers<VirtualRegistryJson>(StatusCodes.Status201Created).Audits("virtual_registry_created");

        var registries = app.MapGroup("/api/v4/virtual_registries/packages/maven/registries");
        registries.MapGet("/{id}", GetAsync).Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("One virtual registry.").Answers<SingleVirtualRegistryJson>();
        registries.MapPatch("/{id}", UpdateAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Changes a virtual registry.", "name", "description", "metadata_strategy:merge|first")
            .Answers<int>().Audits("virtual_registry_updated");
        registries.MapDelete("/{id}", DeleteAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Deletes a virtual registry.")
            .AnswersNothing().Audits("virtual_registry_deleted");
        registries.MapDelete("/{id}/cache", PurgeAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Empties the caches of those upstreams that no other registry uses.")
            .AnswersNothing().Audits("virtual_registry_purged");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, CancellationToken cancellationToken)
    {
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await RefusalAsync(context, gate, group) is { } refusal) return refusal;
        return ApiJson.Answer((await registries.ListAsync(group!.Id, cancellationToken)).Select(VirtualRegistryJson.Of));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, ChangeNotices changes, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var name = parameters.RequiredText("name");
        var description = parameters.Text("description");
        var strategy = parameters.OneOf("metadata_strategy", MetadataStrategy.Merge, MetadataStrategy.First) ?? MetadataStrategy.Merge;
        if (parameters.Problems is { } problems) return problems;
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await RefusalAsync(context, gate, group) is { } refusal) return refusal;
        if (TooLong(name, description) is { } error) return error;
        try
        {
            if (await registries.CreateAsync(group!.Id, name, description, strategy, cancellationToken) is not { } registry)
                return ApiError.Model("base", $"{RegistryStore.MostRegistries} registries is the maximum allowed per top-level group.");
            changes.Publish(ChangeTopic.VirtualRegistries); // somebody may have asked for this number before it was one
            return ApiJson.Answer(VirtualRegistryJson.Of(registry), StatusCodes.Status201Created);
        }
        catch (DuplicateRowException)
        {
            return ApiError.Model("name", "has already been taken");
        }
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, RegistryUpstreamStore places,
        CancellationToken cancellationToken)
    {
        var (registry, refusal) = await FindAsync(context, namespaces, gate, registries, cancellationToken);
        if (refusal is not null) return refusal;
        return ApiJson.Answer(new SingleVirtualRegistryJson(registry!, await places.OfRegistryAsync(registry!.Id, cancellationToken)));
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, ChangeNotices changes, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var (name, description) = (parameters.FilledText("name"), parameters.FilledText("description"));
        var strategy = parameters.OneOf("metadata_strategy", MetadataStrategy.Merge, MetadataStrategy.First);
        if (!parameters.Has("name") && !parameters.Has("description") && strategy is null)
            parameters.Problem("name, description are missing, at least one parameter must be provided");
        if (parameters.Problems is { } problems) return problems;
        var (registry, refusal) = await FindAsync(context, namespaces, gate, registries, cancellationToken);
        if (refusal is not null) return refusal;
        if (TooLong(name, description) is { } error) return error;
        try
        {
            if (!await registries.UpdateAsync(registry!.Id, name, description, strategy, cancellationToken)) return ApiError.RowNotFound();
        }
        catch (DuplicateRowException)
        {
            return ApiError.Model("name", "has already been taken");
        }
        changes.Publish(ChangeTopic.VirtualRegistries);
        return ApiJson.Answer(StatusCodes.Status200OK); // GitLab's body is the bare status
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, ChangeNotices changes, CancellationToken cancellationToken)
    {
        var (registry, refusal) = await FindAsync(context, namespaces, gate, registries, cancellationToken);
        if (refusal is not null) return refusal;
        if (Unmodified.Refuses(context, registry!.UpdatedAt)) return ApiError.PreconditionFailed();
        await registries.DeleteAsync(registry, cancellationToken);
        changes.Publish(ChangeTopic.VirtualRegistries);
        return Results.NoContent();
    }

    private static async Task<IResult> PurgeAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, UpstreamStore upstreams, ChangeNotices changes,
        CancellationToken cancellationToken)
    {
        var (registry, refusal) = await FindAsync(context, namespaces, gate, registries, cancellationToken);
        if (refusal is not null) return refusal;
        await upstreams.PurgeExclusiveAsync(registry!, cancellationToken);
        changes.Publish(ChangeTopic.VirtualRegistries);
        return Results.NoContent();
    }

    private static ApiError? TooLong(string? name, string? description) =>
        name?.Length > LongestName ? ApiError.Model("name", $"is too long (maximum is {LongestName} characters)")
        : description?.Length > LongestDescription ? ApiError.Model("description", $"is too long (maximum is {LongestDescription} characters)")
        : null;

    /// <summary>The registry of route value <c>id</c>, or why it is not to be had: 400, 404, or the gate's word on its group.</summary>
    public static async Task<(VirtualRegistry? Registry, ApiError? Refusal)> FindAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, RegistryStore registries, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return (null, invalid);
        if (await registries.FindAsync(id, cancellationToken) is not { } registry) return (null, ApiError.RowNotFound());
        var group = await namespaces.FindByIdAsync(registry.GroupId, cancellationToken);
        return (registry, await gate.CheckAsync(context, group));
    }

    // Virtual registries belong to top-level groups: a subgroup is refused as GitLab 18.9 does.
    private static async ValueTask<ApiError?> RefusalAsync(HttpContext context, Gate gate, Namespace? group) =>
        await gate.CheckAsync(context, group) ?? (group!.ParentId is null ? null : ApiError.Forbidden());
}
