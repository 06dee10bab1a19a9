using Larder.Registry;
using Larder.Registry.Http;
using Larder.Registry.VirtualRegistries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Web.Maven;

/// <summary>Upstreams: looked at, made, changed, tested, emptied, deleted.</summary>
internal static class UpstreamPages
{
    private const string OneUpstream = "/api/v4/virtual_registries/packages/maven/upstreams/{id}";
    private const string OfRegistry = "/api/v4/virtual_registries/packages/maven/registries/{id}/upstreams";
    private const string FirstTest = "/api/v4/groups/{id}/-/virtual_registries/packages/maven/upstreams/test";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/-/virtual_registries/{id:long}/upstreams/new", NewAsync);
        pages.MapPost("/-/virtual_registries/{id:long}/upstreams/new", CreateAsync);
        pages.MapGet("/-/upstreams/{id:long}", (HttpContext context, long id, RegistrySight sight) => ShowAsync(context, id, sight, null));
        pages.MapGet("/-/upstreams/{id:long}/edit", EditAsync);
        pages.MapPost("/-/upstreams/{id:long}/edit", SaveAsync);
        pages.MapPost("/-/upstreams/{id:long}/test", TestAsync);
        pages.MapPost("/-/upstreams/{id:long}/purge", (HttpContext context, long id) => ButtonForm.RunAsync(
            context, "DELETE", OneUpstream + "/cache", Route(id), VirtualRegistryLinks.Upstream(id)));
        pages.MapPost("/-/upstreams/{id:long}/delete", DeleteAsync);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, long id, RegistrySight sight, ConnectionWords? test)
    {
        if (await sight.UpstreamAsync(context, id) is not { } seen) return context.NoSuchPage();
        var (services, cancellationToken) = (context.RequestServices, context.RequestAborted);
        var of = (await services.GetRequiredService<RegistryUpstreamStore>().OfUpstreamAsync(id, cancellationToken)).ToDictionary(place => place.RegistryId);
        var all = await services.GetRequiredService<RegistryStore>().ListAsync(seen.Group.Id, cancellationToken);
        var health = services.GetRequiredService<UpstreamHealth>();
        return context.Page<UpstreamPage>(StatusCodes.Status200OK, ("Seen", seen), ("Test", test), ("Today", health.Today),
            ("Report", (await health.OfAsync([seen.Row], cancellationToken))[0]),
            ("Registries", all.Where(registry => of.ContainsKey(registry.Id)).Select(registry => (registry, of[registry.Id].Position)).ToList()));
    }

    private static async Task<IResult> NewAsync(HttpContext context, long id, RegistrySight sight)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        return await sight.RegistryAsync(context, id, toManage: true) is { } seen
            ? Form(context, new UpstreamFormView(seen.Group, seen.Row, null, UpstreamDraft.New))
            : context.NoSuchPage();
    }

    private static async Task<IResult> CreateAsync(HttpContext context, long id, LarderOptions options, RegistrySight sight, ApiOperation api)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        if (await sight.RegistryAsync(context, id, toManage: true) is not { } seen) return context.NoSuchPage();
        var view = new UpstreamFormView(seen.Group, seen.Row, null, UpstreamDraft.Read(form));
        if (form["do"] == "test")
            return Tested(context, view, await api.RunAsync(context, "POST", FirstTest, Route(seen.Group.Id), view.Draft.ForFirstTest()));
        var outcome = await api.RunAsync(context, "POST", OfRegistry, Route(id), view.Draft.ForCreation());
        return outcome.Succeeded ? context.SeeOther(VirtualRegistryLinks.Registry(id, outcome.Body.GetProperty("id").GetInt64()))
            : Form(context, view with { Errors = outcome.Errors });
    }

    private static async Task<IResult> EditAsync(HttpContext context, long id, RegistrySight sight)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        return await sight.UpstreamAsync(context, id, toManage: true) is { } seen
            ? Form(context, new UpstreamFormView(seen.Group, null, seen.Row, UpstreamDraft.Of(seen.Row)))
            : context.NoSuchPage();
    }

    private static async Task<IResult> SaveAsync(HttpContext context, long id, LarderOptions options, RegistrySight sight, ApiOperation api)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        if (await sight.UpstreamAsync(context, id, toManage: true) is not { Row: var upstream } seen) return context.NoSuchPage();
        var view = new UpstreamFormView(seen.Group, null, upstream, UpstreamDraft.Read(form));
        if (view.Draft.PasswordProblem(upstream) is { Any: true } problem) return Form(context, view with { Errors = problem });
        if (form["do"] == "test")
            return Tested(context, view, await api.RunAsync(context, "POST", OneUpstream + "/test", Route(id), view.Draft.ForTest(upstream)));
        var outcome = await api.RunAsync(context, "PATCH", OneUpstream, Route(id), view.Draft.ForChange(upstream));
        return outcome.Succeeded ? context.SeeOther(VirtualRegistryLinks.Upstream(id)) : Form(context, view with { Errors = outcome.Errors });
    }

    private static async Task<IResult> TestAsync(HttpContext context, long id, LarderOptions options, RegistrySight sight, ApiOperation api)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        var outcome = await api.RunAsync(context, "GET", OneUpstream + "/test", Route(id));
        return outcome.Succeeded
            ? await ShowAsync(context, id, sight, ConnectionWords.Of(outcome.Left<ConnectionReport>()))
            : context.NoSuchPage();
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, long id, RegistrySight sight) =>
        await sight.UpstreamAsync(context, id) is { } seen
            ? await ButtonForm.RunAsync(context, "DELETE", OneUpstream, Route(id), VirtualRegistryLinks.OfGroup(seen.Group))
            : context.NoSuchPage();

    private static IResult Tested(HttpContext context, UpstreamFormView view, OperationOutcome outcome) =>
        Form(context, outcome.Succeeded ? view with { Test = ConnectionWords.Of(outcome.Left<ConnectionReport>()) } : view with { Errors = outcome.Errors });

    private static IResult Form(HttpContext context, UpstreamFormView view) => context.Page<UpstreamFormPage>(
        view.Errors.Any ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK,
        ("View", view with { Errors = view.Errors.With("url", problem => AddressWords.CanBeAllowed(problem) ? ConnectionWords.Allowing : null) }));

    private static Dictionary<string, object> Route(long id) => new() { ["id"] = id };
}
