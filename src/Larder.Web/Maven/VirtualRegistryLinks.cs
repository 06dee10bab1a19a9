using System.Globalization;
using Larder.Registry.Namespaces;
using Larder.Registry.VirtualRegistries;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Maven;

/// <summary>The addresses of the pages of virtual registries.</summary>
public static class VirtualRegistryLinks
{
    private const string Registries = "/-/virtual_registries";
    private const string Upstreams = "/-/upstreams";

    /// <summary>The virtual registries and the upstreams of a group.</summary>
    public static string OfGroup(Namespace group) => $"{Links.Place(group.FullPath)}/-/virtual_registries";

    /// <summary>The form of a new registry.</summary>
    public static string NewRegistry(long groupId) => $"/-/groups/{Number(groupId)}/virtual_registries/new";

    /// <summary>A registry.</summary>
    public static string Registry(long id) => $"{Registries}/{Number(id)}";

    /// <summary>A registry, at the row of one of its upstreams.</summary>
    public static string Registry(long id, long upstreamId) => $"{Registry(id)}#upstream-{Number(upstreamId)}";

    /// <summary>A registry with the lines to copy for another kind of token.</summary>
    public static string RegistryWith(long id, TokenKind kind) => $"{Registry(id)}?token={kind.Word}#use";

    /// <summary>What is done to a registry: <c>edit</c>, <c>cache</c>, <c>why</c>, <c>health</c>, <c>purge</c>, <c>delete</c>, <c>upstreams</c>, <c>upstreams/new</c>.</summary>
    public static string Registry(long id, string deed) => $"{Registry(id)}/{deed}";

    /// <summary>What is done to an upstream in a registry (POST): <c>move</c>, <c>remove</c>.</summary>
    public static string Place(long registryId, long placeId, string deed) => $"{Registry(registryId)}/places/{Number(placeId)}/{deed}";

    /// <summary>An upstream.</summary>
    public static string Upstream(long id) => $"{Upstreams}/{Number(id)}";

    /// <summary>What is done to an upstream: <c>edit</c>, <c>cache</c>, <c>rules</c>, <c>test</c>, <c>purge</c>, <c>delete</c>.</summary>
    public static string Upstream(long id, string deed) => $"{Upstream(id)}/{deed}";

    /// <summary>A folder of a cache, whose page has this address.</summary>
    public static string Cache(string address, string folder, string search = "", string? after = null)
    {
        var query = QueryString.Create("path", folder);
        if (search.Length > 0) query = query.Add("search", search);
        if (after is not null) query = query.Add("after", after);
        return address + query.ToUriComponent();
    }

    /// <summary>A file in the cache of an upstream; to delete it, POST.</summary>
    public static string CachedFile(long upstreamId, string path) => Upstream(upstreamId, "cache/file") + QueryString.Create("path", path).ToUriComponent();

    /// <summary>The form of a rule.</summary>
    public static string Rule(UpstreamRule rule) => Upstream(rule.UpstreamId, $"rules/{Number(rule.Id)}");

    /// <summary>Deletes a rule (POST).</summary>
    public static string DeleteRule(UpstreamRule rule) => Rule(rule) + "/delete";

    private static string Number(long id) => id.ToString(CultureInfo.InvariantCulture);
}
