using Larder.Registry;
using Larder.Registry.Namespaces;
using Larder.Registry.VirtualRegistries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Page = Larder.Registry.Http.Page;

namespace Larder.Web.Maven;

/// <summary>What was typed into the form of a registry.</summary>
public sealed record RegistryDraft(string Name, string Description, string MetadataStrategy);

/// <summary>The virtual registries of a group, and each of them: looked at, made, changed, emptied, deleted.</summary>
internal static class RegistryPages
{
    private const string OneRegistry = "/api/v4/virtual_registries/packages/maven/registries/{id}";

    // As many as there can be in all registries of a group; those that are in none are on the page of the group.
    private const int MostToShare = 100;

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/-/groups/{id:long}/virtual_registries/new", NewAsync);
        pages.MapPost("/-/groups/{id:long}/virtual_registries/new", CreateAsync);
        pages.MapGet("/-/virtual_registries/{id:long}", ShowAsync);
        pages.MapGet("/-/virtual_registries/{id:long}/edit", EditAsync);
        pages.MapPost("/-/virtual_registries/{id:long}/edit", SaveAsync);
        pages.MapPost("/-/virtual_registries/{id:long}/purge", (HttpContext context, long id) => ButtonForm.RunAsync(
            context, "DELETE", OneRegistry + "/cache", Route(id), VirtualRegistryLinks.Registry(id)));
        pages.MapPost("/-/virtual_registries/{id:long}/delete", DeleteAsync);
    }

    /// <summary>The registries and upstreams of a group that the caller may see.</summary>
    public static async Task<IResult> ListAsync(HttpContext context, Namespace group)
    {
        var (services, cancellationToken) = (context.RequestServices, context.RequestAborted);
        if (await services.GetRequiredService<RegistrySight>().GroupAsync(context, group.Id) is not { } seen) return context.NoSuchPage();
        var query = await ListQuery.ReadAsync(context);
        var (upstreams, total) = await services.GetRequiredService<UpstreamStore>().ListAsync(group.Id, query.Search, query.Page, cancellationToken);
        return context.Page<RegistryListPage>(StatusCodes.Status200OK, ("Seen", seen), ("Upstreams", upstreams), ("Search", query.Search ?? ""),
            ("Registries", await services.GetRequiredService<RegistryStore>().ListAsync(group.Id, cancellationToken)),
            ("Places", await services.GetRequiredService<RegistryUpstreamStore>().OfGroupAsync(group.Id, cancellationToken)),
            ("Pages", query.Pages(context, total)));
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context, long id, RegistrySight sight, RegistryUpstreamStore places, UpstreamStore upstreams, CancellationToken cancellationToken)
    {
        if (await sight.RegistryAsync(context, id) is not { } seen) return context.NoSuchPage();
        var ordered = await places.OfRegistryAsync(id, cancellationToken);
        var rows = (await upstreams.InRegistryAsync(id, cancellationToken)).ToDictionary(row => row.Id);
        var (all, _) = seen.MayManage ? await upstreams.ListAsync(seen.Group.Id, null, new Page(1, MostToShare), cancellationToken) : ([], 0);
        return context.Page<RegistryPage>(StatusCodes.Status200OK, ("Seen", seen), ("Kind", TokenKind.Of(context.Request.Query["token"])),
            ("Places", ordered.Where(place => rows.ContainsKey(place.UpstreamId)).Select(place => (place, rows[place.UpstreamId])).ToList()),
            ("Others", all.Where(other => !rows.ContainsKey(other.Id)).ToList()));
    }

    private static async Task<IResult> NewAsync(HttpContext context, long id, RegistrySight sight)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        return await sight.GroupAsync(context, id, toManage: true) is { } seen
            ? Form(context, seen.Group, null, new RegistryDraft("", "", MetadataStrategy.Merge), FormErrors.None)
            : context.NoSuchPage();
    }

    private static async Task<IResult> CreateAsync(HttpContext context, long id, LarderOptions options, RegistrySight sight, ApiOperation api)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        if (await sight.GroupAsync(context, id, toManage: true) is not { } seen) return context.NoSuchPage();
        var draft = Read(form);
        var outcome = await api.RunAsync(
            context, "POST", "/api/v4/groups/{id}/-/virtual_registries/packages/maven/registries", Route(id), Json(draft, before: null));
        return outcome.Succeeded ? context.SeeOther(VirtualRegistryLinks.Registry(outcome.Body.GetProperty("id").GetInt64()))
            : Form(context, seen.Group, null, draft, outcome.Errors);
    }

    private static async Task<IResult> EditAsync(HttpContext context, long id, RegistrySight sight)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        if (await sight.RegistryAsync(context, id, toManage: true) is not { Row: var registry, Group: var group }) return context.NoSuchPage();
        return Form(context, group, registry, new(registry.Name, registry.Description ?? "", registry.MetadataStrategy), FormErrors.None);
    }

    private static async Task<IResult> SaveAsync(HttpContext context, long id, LarderOptions options, RegistrySight sight, ApiOperation api)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        if (await sight.RegistryAsync(context, id, toManage: true) is not { Row: var registry, Group: var group }) return context.NoSuchPage();
        var draft = Read(form);
        var outcome = await api.RunAsync(context, "PATCH", OneRegistry, Route(id), Json(draft, registry));
        return outcome.Succeeded ? context.SeeOther(VirtualRegistryLinks.Registry(id)) : Form(context, group, registry, draft, outcome.Errors);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, long id, RegistrySight sight) =>
        await sight.RegistryAsync(context, id) is { } seen
            ? await ButtonForm.RunAsync(context, "DELETE", OneRegistry, Route(id), VirtualRegistryLinks.OfGroup(seen.Group))
            : context.NoSuchPage();

    private static RegistryDraft Read(PageForm form) => new(form["name"], form["description"], form["metadata_strategy"]);

    // The API takes no blank description: one that never was is left out.
    private static Dictionary<string, object> Json(RegistryDraft draft, VirtualRegistry? before)
    {
        var json = new Dictionary<string, object> { ["name"] = draft.Name, ["metadata_strategy"] = draft.MetadataStrategy };
        if (draft.Description.Length > 0 || !string.IsNullOrEmpty(before?.Description)) json["description"] = draft.Description;
        return json;
    }

    private static IResult Form(HttpContext context, Namespace group, VirtualRegistry? registry, RegistryDraft draft, FormErrors errors) =>
        context.Page<RegistryFormPage>(errors.Any ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK,
            ("Group", group), ("Registry", registry), ("Draft", draft), ("Errors", errors));

    private static Dictionary<string, object> Route(long id) => new() { ["id"] = id };
}
