using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.VirtualRegistries;

/// <summary>The rules of an upstream (Maven contract section 6.3). GitLab has them in GraphQL only; these routes are Larder's own.</summary>
internal static class UpstreamRuleEndpoints
{
    private const int LongestPattern = 255;

    public static void Map(IEndpointRouteBuilder app)
    {
        var rules = app.MapGroup("/api/v4/virtual_registries/packages/maven/upstreams/{id}/rules");
        rules.MapGet("", ListAsync).Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Lists what an upstream may supply.").Answers<UpstreamRuleJson[]>();
        rules.MapPost("", CreateAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Adds a rule.", "rule_type!:allow|deny", "pattern_type!:wildcard|regex",
                "target_coordinate!:group_id|artifact_id|version", "pattern!")
            .Answers<UpstreamRuleJson>(StatusCodes.Status201Created).Audits("upstream_rule_created");
        rules.MapGet("/{rule_id}", GetAsync).Requires(Permission.ReadVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("One rule.").Answers<UpstreamRuleJson>();
        rules.MapPatch("/{rule_id}", UpdateAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Changes a rule.", "rule_type:allow|deny", "pattern_type:wildcard|regex",
                "target_coordinate:group_id|artifact_id|version", "pattern")
            .Answers<UpstreamRuleJson>().Audits("upstream_rule_updated");
        rules.MapDelete("/{rule_id}", DeleteAsync).Requires(Permission.ManageVirtualRegistry, Surface.VirtualRegistryApi)
            .Describes("Removes a rule.")
            .AnswersNothing().Audits("upstream_rule_deleted");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamRuleStore rules, CancellationToken cancellationToken)
    {
        var (upstream, refusal) = await UpstreamEndpoints.FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        return ApiJson.Answer((await rules.ListAsync(upstream!.Id, cancellationToken)).Select(UpstreamRuleJson.Of));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamRuleStore rules, ChangeNotices changes,
        CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        foreach (var name in new[] { "rule_type", "pattern_type", "target_coordinate", "pattern" }) parameters.RequiredText(name);
        var settings = parameters.Problems is null ? Read(parameters, before: null) : null;
        if (parameters.Problems is { } problems) return problems;
        var (upstream, refusal) = await UpstreamEndpoints.FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return refusal;
        if (Problem(settings!) is { } problem) return problem;
        try
        {
            if (await rules.CreateAsync(upstream!, settings!, cancellationToken) is not { } rule)
                return ApiError.Model("base", $"Maximum of {UpstreamRuleStore.MostRules} rules per upstream has been reached");
            changes.Publish(ChangeTopic.VirtualRegistries);
            return ApiJson.Answer(UpstreamRuleJson.Of(rule), StatusCodes.Status201Created);
        }
        catch (DuplicateRowException)
        {
            return ApiError.Model("pattern", "has already been taken");
        }
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamRuleStore rules, CancellationToken cancellationToken)
    {
        var (rule, refusal) = await FindAsync(context, namespaces, gate, upstreams, rules, cancellationToken);
        return refusal ?? ApiJson.Answer(UpstreamRuleJson.Of(rule!));
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamRuleStore rules, ChangeNotices changes,
        CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        string[] names = ["rule_type", "pattern_type", "target_coordinate", "pattern"];
        if (!names.Any(parameters.Has)) parameters.Problem($"{string.Join(", ", names)} are missing, at least one parameter must be provided");
        foreach (var name in names) parameters.FilledText(name);
        if (parameters.Problems is { } empty) return empty;
        var (rule, refusal) = await FindAsync(context, namespaces, gate, upstreams, rules, cancellationToken);
        if (refusal is not null) return refusal;
        var settings = Read(parameters, rule);
        if (parameters.Problems is { } problems) return problems;
        if (Problem(settings) is { } problem) return problem;
        try
        {
            if (await rules.UpdateAsync(rule!, settings, cancellationToken) is not { } updated) return ApiError.RowNotFound();
            changes.Publish(ChangeTopic.VirtualRegistries);
            return ApiJson.Answer(UpstreamRuleJson.Of(updated));
        }
        catch (DuplicateRowException)
        {
            return ApiError.Model("pattern", "has already been taken");
        }
    }

    private static async Task<IResult> DeleteAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamRuleStore rules, ChangeNotices changes,
        CancellationToken cancellationToken)
    {
        var (rule, refusal) = await FindAsync(context, namespaces, gate, upstreams, rules, cancellationToken);
        if (refusal is not null) return refusal;
        if (!await rules.DeleteAsync(rule!, cancellationToken)) return ApiError.RowNotFound();
        changes.Publish(ChangeTopic.VirtualRegistries);
        return Results.NoContent();
    }

    private static async Task<(UpstreamRule? Rule, ApiError? Refusal)> FindAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, UpstreamStore upstreams, UpstreamRuleStore rules, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "rule_id", out var id, out var invalid)) return (null, invalid);
        var (upstream, refusal) = await UpstreamEndpoints.FindAsync(context, namespaces, gate, upstreams, cancellationToken);
        if (refusal is not null) return (null, refusal);
        return await rules.FindAsync(upstream!.Id, id, cancellationToken) is { } rule ? (rule, null) : (null, ApiError.RowNotFound());
    }

    private static RuleSettings Read(ApiParameters parameters, UpstreamRule? before) => new(
        parameters.OneOf("rule_type", RuleWords.Allow, RuleWords.Deny) ?? before?.RuleType ?? "",
        parameters.OneOf("pattern_type", RuleWords.Wildcard, RuleWords.Regex) ?? before?.PatternType ?? "",
        parameters.OneOf("target_coordinate", RuleWords.GroupId, RuleWords.ArtifactId, RuleWords.Version) ?? before?.TargetCoordinate ?? "",
        parameters.Text("pattern") ?? before?.Pattern ?? "");

    private static ApiError? Problem(RuleSettings settings) =>
        settings.Pattern.Length > LongestPattern ? ApiError.Model("pattern", $"is too long (maximum is {LongestPattern} characters)")
        : RuleWords.Compile(settings.PatternType, settings.Pattern) is null ? ApiError.Model("pattern", "is not a regular expression that matches in linear time")
        : null;
}
