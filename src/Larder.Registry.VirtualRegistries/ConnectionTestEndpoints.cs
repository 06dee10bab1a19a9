using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Testing the connection to an upstream, before it is saved or after (Maven contract section 4). Whoever names the address
/// makes this server ask it, so that takes a Maintainer; a Guest may test what is saved.
/// </summary>
internal static class ConnectionTestEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v4/groups/{id}/-/virtual_registries/packages/maven/upstreams/test", TestNewAsync)
            .Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Tries an upstream that is not saved.", "url!", "name", "description", "username", "password",
                "cache_validity_hours:integer", "metadata_cache_validity_hours:integer", "verify_checksum_files:boolean")
            .Answers<ConnectionTestJson>().IsNotAudited("it asks an upstream and changes nothing");
        app.MapGet("/api/v4/virtual_registries/packages/maven/upstreams/{id}/test", TestSavedAsync)
            .Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Tries a saved upstream.").Answers<ConnectionTestJson>();
        app.MapPost("/api/v4/virtual_registries/packages/maven/upstreams/{id}/test", TestChangedAsync)
            .Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Tries a saved upstream with changes.", "url", "name", "description", "username", "password",
                "cache_validity_hours:integer", "metadata_cache_validity_hours:integer", "verify_checksum_files:boolean")
            .Answers<ConnectionTestJson>().IsNotAudited("it asks an upstream and changes nothing");
    }

    private static async Task<IResult> TestNewAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamForm form, ConnectionTest test,
        CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var input = UpstreamInput.ForFirstTest(parameters);
        if (parameters.Problems is { } problems) return problems;
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await UpstreamEndpoints.RefusalAsync(context, gate, group) is { } refusal) return refusal;
        var (settings, error) = await form.CheckAsync(input, before: null, cancellationToken);
        if (error is not null) return error;
        if (await upstreams.IsTakenAsync(group!.Id, settings!, except: null, cancellationToken)) return UpstreamForm.Taken;
        return Result(context, await test.RunAsync(settings!, saved: null, cancellationToken));
    }

    private static async Task<IResult> TestSavedAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, ConnectionTest test, CancellationToken cancellationToken)
    {
        var (upstream, refusal) = await UpstreamEndpoints.FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        return Result(context, await test.RunAsync(upstream!.Settings, upstream, cancellationToken));
    }

    private static async Task<IResult> TestChangedAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamForm form, ConnectionTest test,
        CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        parameters.FilledText("url");
        if (parameters.Problems is { } problems) return problems;
        var (upstream, refusal) = await UpstreamEndpoints.FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        var (settings, error) = await form.CheckAsync(UpstreamInput.ForTest(upstream!, parameters), upstream, cancellationToken);
        if (error is not null) return error;
        // Another place need not learn which files are here.
        var saved = UpstreamUrl.IsSamePlace(settings!.Url, upstream!.Url) ? upstream : null;
        return Result(context, await test.RunAsync(settings, saved, cancellationToken));
    }

    // 200 also when the upstream fails: the test itself has worked. A page that has run it says more than GitLab's answer does.
    private static IResult Result(HttpContext context, ConnectionReport report)
    {
        context.Features.Set(report);
        return ApiJson.Answer(new ConnectionTestJson(report.Problem is null, report.Problem));
    }
}
