using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.VirtualRegistries;
using Larder.Web.Pages;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Maven;

/// <summary>A registry or an upstream that one may see.</summary>
/// <param name="Row">It.</param>
/// <param name="Group">The group that it belongs to.</param>
/// <param name="MayManage">Whether one may change it.</param>
public sealed record Seen<T>(T Row, Namespace Group, bool MayManage);

/// <summary>Finds virtual registries and upstreams for pages: null for what is not there and for what the caller may not see.</summary>
internal sealed class RegistrySight(NamespaceStore namespaces, RegistryStore registries, UpstreamStore upstreams, Gate gate)
{
    /// <summary>A registry.</summary>
    public async Task<Seen<VirtualRegistry>?> RegistryAsync(HttpContext context, long id, bool toManage = false) =>
        await registries.FindAsync(id, context.RequestAborted) is { } registry ? await OfAsync(context, registry, registry.GroupId, toManage) : null;

    /// <summary>An upstream.</summary>
    public async Task<Seen<Upstream>?> UpstreamAsync(HttpContext context, long id, bool toManage = false) =>
        await upstreams.FindAsync(id, context.RequestAborted) is { } upstream ? await OfAsync(context, upstream, upstream.GroupId, toManage) : null;

    /// <summary>A top-level group, which alone can have registries; null for every other one too.</summary>
    public async Task<Seen<Namespace>?> GroupAsync(HttpContext context, long id, bool toManage = false) =>
        await namespaces.FindByIdAsync(id, context.RequestAborted) is { } group && CanHaveRegistries(group)
            ? await OfAsync(context, group, group.Id, toManage) : null;

    /// <summary>Whether a namespace can have virtual registries at all.</summary>
    public static bool CanHaveRegistries(Namespace group) => group is { Kind: NamespaceKind.Group, ParentId: null };

    /// <summary>The way to a page behind the registries of a group.</summary>
    public static IReadOnlyList<Crumb> Trail(Namespace group, params ReadOnlySpan<Crumb> behind) =>
        [.. PlacePages.Trail(group.FullPath, "").SkipLast(1), new Crumb("Virtual registries", VirtualRegistryLinks.OfGroup(group)), .. behind];

    private async Task<Seen<T>?> OfAsync<T>(HttpContext context, T row, long groupId, bool toManage)
    {
        var (caller, cancellationToken) = (context.Caller(), context.RequestAborted);
        if (await namespaces.FindByIdAsync(groupId, cancellationToken) is not { } group
            || !await gate.AllowsAsync(caller, Permission.ReadVirtualRegistry, group, cancellationToken)) return null;
        var mayManage = !caller.IsAnonymous && await gate.AllowsAsync(caller, Permission.ManageVirtualRegistry, group, cancellationToken);
        return toManage && !mayManage ? null : new Seen<T>(row, group, mayManage);
    }
}
