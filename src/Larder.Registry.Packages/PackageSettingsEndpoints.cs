using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Packages;

/// <summary>The package settings of a group as plain REST, which GitLab has in GraphQL alone; the names are GitLab's in snake_case.</summary>
internal static class PackageSettingsEndpoints
{
    private const string Allowed = "generic_duplicates_allowed";
    private const string Exception = "generic_duplicate_exception_regex";

    public static void Map(IEndpointRouteBuilder app)
    {
        const string settings = "/api/v4/groups/{id}/package_settings";
        app.MapGet(settings, GetAsync).Requires(Permission.ManagePackageSettings, Surface.Api)
            .Describes("What holds for the packages of a group's projects.").Answers<PackageSettingsJson>();
        app.MapPut(settings, PutAsync).Requires(Permission.ManagePackageSettings, Surface.Api)
            .Describes("Changes it.", "generic_duplicates_allowed:boolean", "generic_duplicate_exception_regex")
            .Answers<PackageSettingsJson>().Audits("package_settings_updated");
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, PackageSettingsStore settings, CancellationToken cancellationToken)
    {
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        return Answer(await settings.FindAsync(group!.Id, cancellationToken));
    }

    private static async Task<IResult> PutAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, PackageSettingsStore settings, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        parameters.RefuseOthersThan(Allowed, Exception);
        parameters.RequireOneOf(Allowed, Exception);
        var allowed = parameters.Flag(Allowed);
        var exception = parameters.Has(Exception) ? parameters.Text(Exception) ?? "" : null;
        if (parameters.Problems is { } problems) return problems;
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        if (exception is not null && PackageSettings.ProblemOf(exception) is { } problem) return ApiError.Model(Exception, problem);
        return Answer(await settings.SaveAsync(group!.Id, allowed, exception, cancellationToken));
    }

    private static IResult Answer(PackageSettings settings) => ApiJson.Answer(PackageSettingsJson.Of(settings));
}
