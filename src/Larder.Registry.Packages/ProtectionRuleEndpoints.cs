using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Packages;

/// <summary>The protection rules of a project (generic-packages contract section 7).</summary>
internal static class ProtectionRuleEndpoints
{
    private const string Pattern = "package_name_pattern";
    private const string Type = "package_type";
    private const string Push = "minimum_access_level_for_push";
    private const string Delete = "minimum_access_level_for_delete";

    private static readonly ProtectionRuleForm Nothing = new("", "", null, null);

    public static void Map(IEndpointRouteBuilder app)
    {
        var rules = app.MapGroup("/api/v4/projects/{id}/packages/protection/rules");
        rules.MapGet("", ListAsync).Requires(Permission.ManagePackageRules, Surface.Api)
            .Describes("Lists the protection rules of a project.", [..Page.Parameters]).Answers<ProtectionRuleJson[]>();
        rules.MapPost("", CreateAsync).Requires(Permission.ManagePackageRules, Surface.Api)
            .Describes("Makes a protection rule.", "package_name_pattern!", "package_type!", "minimum_access_level_for_push",
                "minimum_access_level_for_delete")
            .Answers<ProtectionRuleJson>(StatusCodes.Status201Created).Audits("package_protection_rule_created");
        rules.MapPatch("/{package_protection_rule_id}", UpdateAsync).Requires(Permission.ManagePackageRules, Surface.Api)
            .Describes("Changes a protection rule.", "package_name_pattern", "package_type", "minimum_access_level_for_push",
                "minimum_access_level_for_delete")
            .Answers<ProtectionRuleJson>().Audits("package_protection_rule_updated");
        rules.MapDelete("/{package_protection_rule_id}", DeleteAsync).Requires(Permission.ManagePackageRules, Surface.Api)
            .Describes("Removes a protection rule.")
            .AnswersNothing().Audits("package_protection_rule_deleted");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, ProjectStore projects, Gate gate, ProtectionRuleStore rules, CancellationToken cancellationToken)
    {
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        return ApiJson.Answer((await rules.OfProjectAsync(project!.Id, cancellationToken)).Select(ProtectionRuleJson.Of));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, ProjectStore projects, Gate gate, ProtectionRuleStore rules, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        if (parameters.Text(Pattern) is null) parameters.Problem($"{Pattern} is missing");
        if (parameters.Text(Type) is null) parameters.Problem($"{Type} is missing");
        parameters.RequireOneOf(Push, Delete);
        var form = Read(parameters, Nothing);
        if (parameters.Problems is { } problems) return problems;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        if (form.Problems() is { Count: > 0 } faults) return Unprocessable(faults);
        try
        {
            return await rules.CreateAsync(project!.Id, form, cancellationToken) is { } rule
                ? ApiJson.Answer(ProtectionRuleJson.Of(rule), StatusCodes.Status201Created)
                : Unprocessable([$"Maximum number of package protection rules ({ProtectionRuleStore.MostRules}) exceeded"]);
        }
        catch (DuplicateRowException)
        {
            return Taken();
        }
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, ProjectStore projects, Gate gate, ProtectionRuleStore rules, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        // Once without the rule: what makes no sense is refused before anything is looked up.
        Read(parameters, Nothing);
        if (parameters.Problems is { } problems) return problems;
        var (rule, refusal) = await FindAsync(context, projects, gate, rules, cancellationToken);
        if (refusal is not null) return refusal;
        var form = Read(parameters, rule!.Form);
        if (form.Problems() is { Count: > 0 } faults) return Unprocessable(faults);
        try
        {
            return await rules.UpdateAsync(rule.Id, form, cancellationToken) is { } updated
                ? ApiJson.Answer(ProtectionRuleJson.Of(updated))
                : ApiError.RowNotFound();
        }
        catch (DuplicateRowException)
        {
            return Taken();
        }
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext context, ProjectStore projects, Gate gate, ProtectionRuleStore rules, CancellationToken cancellationToken)
    {
        var (rule, refusal) = await FindAsync(context, projects, gate, rules, cancellationToken);
        if (refusal is not null) return refusal;
        if (Unmodified.Refuses(context, rule!.UpdatedAt)) return ApiError.PreconditionFailed();
        return await rules.DeleteAsync(rule.Id, cancellationToken) ? Results.NoContent() : ApiError.RowNotFound();
    }

    /// <summary>What was sent, and of the rest what was there before.</summary>
    private static ProtectionRuleForm Read(ApiParameters parameters, ProtectionRuleForm before) => new(
        parameters.Has(Pattern) ? parameters.Text(Pattern) ?? "" : before.PackageNamePattern,
        parameters.OneOf(Type, [.. ProtectionRuleForm.Types]) ?? before.PackageType,
        parameters.Has(Delete) ? parameters.OneOf(Delete, [.. ProtectionRuleForm.DeleteLevels]) : before.MinimumAccessLevelForDelete,
        parameters.Has(Push) ? parameters.OneOf(Push, [.. ProtectionRuleForm.PushLevels]) : before.MinimumAccessLevelForPush);

    private static async Task<(ProtectionRule? Rule, IResult? Refusal)> FindAsync(
        HttpContext context, ProjectStore projects, Gate gate, ProtectionRuleStore rules, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "package_protection_rule_id", out var id, out var invalid)) return (null, invalid);
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return (null, refusal);
        return await rules.FindAsync(project!.Id, id, cancellationToken) is { } rule ? (rule, null) : (null, ApiError.RowNotFound());
    }

    private static ApiError Taken() => Unprocessable(["Package name pattern has already been taken"]);

    private static ApiError Unprocessable(IReadOnlyList<string> texts) =>
        ApiError.Model(StatusCodes.Status422UnprocessableEntity, "error", [.. texts]);
}
