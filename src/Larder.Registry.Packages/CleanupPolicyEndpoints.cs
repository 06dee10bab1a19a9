using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Packages;

/// <summary>
/// The cleanup policy of a project as plain REST, which GitLab has in GraphQL alone; the names are GitLab's in snake_case.
/// The preview, also of a policy that is not saved, is Larder's own.
/// </summary>
internal static class CleanupPolicyEndpoints
{
    private const string Keep = "keep_n_duplicated_package_files";
    private const string Days = "delete_generic_packages_not_downloaded_in_days";

    public static void Map(IEndpointRouteBuilder app)
    {
        var policy = app.MapGroup("/api/v4/projects/{id}/packages/cleanup_policy");
        policy.MapGet("", GetAsync).Requires(Permission.ManagePackageRules, Surface.Api)
            .Describes("What is removed from a project by itself.").Answers<CleanupPolicyJson>();
        policy.MapPut("", PutAsync).Requires(Permission.ManagePackageRules, Surface.Api)
            .Describes("Changes it.", "keep_n_duplicated_package_files", "delete_generic_packages_not_downloaded_in_days:integer")
            .Answers<CleanupPolicyJson>().Audits("package_cleanup_policy_updated");
        policy.MapGet("/preview", PreviewAsync).Requires(Permission.ManagePackageRules, Surface.Api)
            .Describes("What a policy would remove now.", "keep_n_duplicated_package_files",
                "delete_generic_packages_not_downloaded_in_days:integer")
            .Answers<CleanupPreviewJson>();
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, ProjectStore projects, Gate gate, CleanupPolicyStore policies, CancellationToken cancellationToken)
    {
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        return Answer(await policies.FindAsync(project!.Id, cancellationToken));
    }

    private static async Task<IResult> PutAsync(
        HttpContext context, ProjectStore projects, Gate gate, CleanupPolicyStore policies, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        parameters.RefuseOthersThan(Keep, Days);
        parameters.RequireOneOf(Keep, Days);
        var (project, policy, refusal) = await ReadAsync(context, parameters, projects, gate, policies, cancellationToken);
        return refusal ?? Answer(await policies.SaveAsync(project!.Id, policy!, cancellationToken));
    }

    private static async Task<IResult> PreviewAsync(
        HttpContext context, ProjectStore projects, Gate gate, CleanupPolicyStore policies, CleanupPreviews previews, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        parameters.RefuseOthersThan(Keep, Days);
        var (project, policy, refusal) = await ReadAsync(context, parameters, projects, gate, policies, cancellationToken);
        if (refusal is not null) return refusal;
        var preview = await previews.OfAsync(project!.Id, policy!, CleanupReach.OfApi, cancellationToken);
        return ApiJson.Answer(CleanupPreviewJson.Of(policy!, preview));
    }

    /// <summary>The policy as it would be with what was sent, once the caller has been let in.</summary>
    private static async Task<(Project? Project, CleanupPolicy? Policy, IResult? Refusal)> ReadAsync(
        HttpContext context, ApiParameters parameters, ProjectStore projects, Gate gate, CleanupPolicyStore policies,
        CancellationToken cancellationToken)
    {
        var keep = parameters.OneOf(Keep, [.. CleanupPolicy.Keeps]);
        var days = parameters.Number(Days);
        if (parameters.Problems is { } problems) return (null, null, problems);
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return (null, null, refusal);
        if (CleanupPolicy.ProblemOfDays(days) is { } problem) return (null, null, ApiError.Model(Days, problem));
        var before = await policies.FindAsync(project!.Id, cancellationToken);
        return (project, before with
        {
            Keep = keep ?? before.Keep, NotDownloadedDays = parameters.Has(Days) ? days : before.NotDownloadedDays,
        }, null);
    }

    private static IResult Answer(CleanupPolicy policy) => ApiJson.Answer(CleanupPolicyJson.Of(policy));
}
