using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Packages;

/// <summary>The packages of all projects of a group that the caller may see (generic-packages contract section 4.2).</summary>
internal static class GroupPackageEndpoints
{
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGet("/api/v4/groups/{id}/packages", ListAsync).Requires(Permission.ListGroupPackages, Surface.Api)
            .Describes("Lists the packages of a group's projects.", ["package_name", "package_version", "package_type",
                "include_versionless:boolean", "status", "order_by", "sort:asc|desc", "exclude_subgroups:boolean", ..Page.Parameters])
            .AnswersPage<GroupPackageJson>();

    private static async Task<IResult> ListAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, PackageListing packages, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var filter = PackageQuery.Read(parameters, inGroup: true);
        var excludeSubgroups = parameters.Flag("exclude_subgroups") ?? false;
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;

        var (rows, total) = await packages.OfGroupAsync(
            group!, includeSubgroups: !excludeSubgroups, context.Caller(), filter, page, cancellationToken);
        page.WriteHeaders(context, total, options.ExternalUrl, rows.Count);
        var baseUrl = ExternalUrl.Base(context, options.ExternalUrl);
        return ApiJson.Answer(rows.Select(row => new GroupPackageJson(row, baseUrl)));
    }
}
