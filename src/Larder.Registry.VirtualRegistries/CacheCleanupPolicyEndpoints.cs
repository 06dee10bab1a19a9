using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// The cleanup policy of a group's virtual registries (Maven contract section 2.7), with <c>cache_size_limit</c> of Larder's own.
/// </summary>
internal static class CacheCleanupPolicyEndpoints
{
    private static readonly string[] Names = ["enabled", "keep_n_days_after_download", "cadence", "notify_on_success", "notify_on_failure", "cache_size_limit"];

    public static void Map(IEndpointRouteBuilder app)
    {
        var policy = app.MapGroup("/api/v4/groups/{id}/-/virtual_registries/cleanup/policy");
        policy.MapGet("", GetAsync).Requires(Permission.ManageVirtualRegistryCleanup, Surface.VirtualRegistryApi)
            .Describes("What is removed from the caches of a group by itself.").Answers<CacheCleanupPolicyJson>();
        policy.MapPost("", CreateAsync).Requires(Permission.ManageVirtualRegistryCleanup, Surface.VirtualRegistryApi)
            .Describes("Says what.", "enabled:boolean", "keep_n_days_after_download:integer", "cadence:integer",
                "notify_on_success:boolean", "notify_on_failure:boolean",
                "cache_size_limit:integer")
            .Answers<CacheCleanupPolicyJson>(StatusCodes.Status201Created).Audits("virtual_registry_cleanup_policy_created");
        policy.MapPatch("", UpdateAsync).Requires(Permission.ManageVirtualRegistryCleanup, Surface.VirtualRegistryApi)
            .Describes("Changes it.", "enabled:boolean", "keep_n_days_after_download:integer", "cadence:integer",
                "notify_on_success:boolean", "notify_on_failure:boolean",
                "cache_size_limit:integer")
            .Answers<CacheCleanupPolicyJson>().Audits("virtual_registry_cleanup_policy_updated");
        policy.MapDelete("", DeleteAsync).Requires(Permission.ManageVirtualRegistryCleanup, Surface.VirtualRegistryApi)
            .Describes("Removes nothing by itself any more.")
            .AnswersNothing().Audits("virtual_registry_cleanup_policy_deleted");
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, CacheCleanupPolicyStore policies, CancellationToken cancellationToken)
    {
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await UpstreamEndpoints.RefusalAsync(context, gate, group) is { } refusal) return refusal;
        return await policies.FindAsync(group!.Id, cancellationToken) is { } policy ? ApiJson.Answer(CacheCleanupPolicyJson.Of(policy)) : ApiError.RowNotFound();
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, CacheCleanupPolicyStore policies, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var settings = Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await UpstreamEndpoints.RefusalAsync(context, gate, group) is { } refusal) return refusal;
        try
        {
            return ApiJson.Answer(CacheCleanupPolicyJson.Of(await policies.CreateAsync(group!.Id, settings, cancellationToken)), StatusCodes.Status201Created);
        }
        catch (DuplicateRowException)
        {
            return ApiError.Model("group", "has already been taken");
        }
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, CacheCleanupPolicyStore policies, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        if (!Names.Any(parameters.Has)) parameters.Problem($"{string.Join(", ", Names[..^1])} are missing, at least one parameter must be provided");
        var settings = Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await UpstreamEndpoints.RefusalAsync(context, gate, group) is { } refusal) return refusal;
        return await policies.UpdateAsync(group!.Id, settings, cancellationToken) is { } policy ? ApiJson.Answer(CacheCleanupPolicyJson.Of(policy)) : ApiError.RowNotFound();
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, CacheCleanupPolicyStore policies, CancellationToken cancellationToken)
    {
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await UpstreamEndpoints.RefusalAsync(context, gate, group) is { } refusal) return refusal;
        return await policies.DeleteAsync(group!.Id, cancellationToken) ? Results.NoContent() : ApiError.RowNotFound();
    }

    private static CacheCleanupSettings Read(ApiParameters parameters)
    {
        foreach (var name in Names) parameters.FilledText(name);
        var settings = new CacheCleanupSettings(parameters.Flag("enabled"), parameters.Number("keep_n_days_after_download"),
            parameters.Number("cadence"), parameters.Flag("notify_on_success"), parameters.Flag("notify_on_failure"),
            parameters.Number("cache_size_limit"));
        if (settings.KeepNDaysAfterDownload is < 1 or > 365) parameters.Problem("keep_n_days_after_download does not have a valid value");
        if (settings.Cadence is not (null or 1 or 7 or 14 or 30 or 90)) parameters.Problem("cadence does not have a valid value");
        return settings;
    }
}
