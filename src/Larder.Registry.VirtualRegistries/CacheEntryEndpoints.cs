using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Looking at what an upstream has cached, and deleting it piece by piece (Maven contract section 5).</summary>
internal static class CacheEntryEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v4/virtual_registries/packages/maven/upstreams/{id}/cache_entries", ListAsync)
            .Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Lists what the cache of an upstream holds.", ["search", "pagination:offset|keyset", "id_before:integer", ..Page.Parameters])
            .AnswersPage<CacheEntryJson>();
        // Base64 may hold slashes.
        app.MapDelete("/api/v4/virtual_registries/packages/maven/cache_entries/{**id}", DeleteAsync)
            .Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Removes a cache entry.")
            .AnswersNothing().Audits("cache_entry_deleted");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, CacheEntryList entries, LarderOptions options,
        CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var (page, search) = (Page.Read(parameters), SearchTerms.Read(parameters));
        var isKeyset = parameters.OneOf("pagination", "offset", "keyset") == "keyset";
        var before = parameters.Number("id_before");
        if (parameters.Problems is { } problems) return problems;
        var (upstream, refusal) = await UpstreamEndpoints.FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        if (isKeyset)
        {
            var rows = await entries.BehindAsync(upstream!, search, before, page.Size, cancellationToken);
            if (rows.Count == page.Size) page.WriteNextLink(context, "id_before", rows[^1].Id, options.ExternalUrl);
            return ApiJson.Answer(rows.Select(CacheEntryJson.Of));
        }
        var (listed, total) = await entries.PageAsync(upstream!, search, page, cancellationToken);
        page.WriteHeaders(context, total, options.ExternalUrl, listed.Count);
        return ApiJson.Answer(listed.Select(CacheEntryJson.Of));
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, CacheEntryList entries, ChangeNotices changes, CancellationToken cancellationToken)
    {
        var text = context.Segment("id");
        if (text.Length == 0) return ApiError.RowNotFound();
        if (!CacheEntryId.TryRead(text, out var id)) return ApiError.Invalid("id is invalid");
        if (id is null || await entries.FindAsync(id, cancellationToken) is not { } entry) return ApiError.RowNotFound();
        var group = await namespaces.FindByIdAsync(entry.GroupId, cancellationToken);
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        if (Unmodified.Refuses(context, entry.UpdatedAt)) return ApiError.PreconditionFailed();
        if (!await entries.DeleteAsync(entry, cancellationToken)) return ApiError.RowNotFound();
        if (MavenPath.TryParse(entry.RelativePath[1..], out var path)) changes.Publish(ChangeTopic.CachedFiles, path.Value);
        return Results.NoContent();
    }
}
