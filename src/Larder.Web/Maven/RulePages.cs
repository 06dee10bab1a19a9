using Larder.Registry;
using Larder.Registry.VirtualRegistries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Maven;

/// <summary>What was typed into the form of a rule.</summary>
public sealed record RuleDraft(string RuleType, string TargetCoordinate, string PatternType, string Pattern)
{
    /// <summary>The form of a new one.</summary>
    public static RuleDraft New { get; } = new(RuleWords.Allow, RuleWords.GroupId, RuleWords.Wildcard, "");

    /// <summary>The form of a saved one.</summary>
    public static RuleDraft Of(UpstreamRule rule) => new(rule.RuleType, rule.TargetCoordinate, rule.PatternType, rule.Pattern);

    /// <summary>What was sent.</summary>
    internal static RuleDraft Read(PageForm form) => new(form["rule_type"], form["target_coordinate"], form["pattern_type"], form["pattern"]);

    /// <summary>The parameters of the API.</summary>
    internal object Json() => new { rule_type = RuleType, target_coordinate = TargetCoordinate, pattern_type = PatternType, pattern = Pattern };
}

/// <summary>What an upstream may supply: its rules, listed, added, changed and removed.</summary>
internal static class RulePages
{
    private const string Rules = "/api/v4/virtual_registries/packages/maven/upstreams/{id}/rules";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/-/upstreams/{id:long}/rules", (HttpContext context, long id, RegistrySight sight, UpstreamRuleStore rules) =>
            ListAsync(context, id, sight, rules, RuleDraft.New, FormErrors.None));
        pages.MapPost("/-/upstreams/{id:long}/rules", AddAsync);
        pages.MapGet("/-/upstreams/{id:long}/rules/{rule:long}", EditAsync);
        pages.MapPost("/-/upstreams/{id:long}/rules/{rule:long}", SaveAsync);
        pages.MapPost("/-/upstreams/{id:long}/rules/{rule:long}/delete", (HttpContext context, long id, long rule) => ButtonForm.RunAsync(
            context, "DELETE", Rules + "/{rule_id}", Route(id, rule), VirtualRegistryLinks.Upstream(id, "rules")));
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, long id, RegistrySight sight, UpstreamRuleStore rules, RuleDraft draft, FormErrors errors)
    {
        if (await sight.UpstreamAsync(context, id) is not { } seen) return context.NoSuchPage();
        return context.Page<RuleListPage>(errors.Any ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK, ("Seen", seen),
            ("Rules", await rules.ListAsync(id, context.RequestAborted)), ("Draft", draft), ("Errors", errors));
    }

    private static async Task<IResult> AddAsync(
        HttpContext context, long id, LarderOptions options, RegistrySight sight, UpstreamRuleStore rules, ApiOperation api)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        if (await sight.UpstreamAsync(context, id, toManage: true) is null) return context.NoSuchPage();
        var draft = RuleDraft.Read(form);
        var outcome = await api.RunAsync(context, "POST", Rules, new Dictionary<string, object> { ["id"] = id }, draft.Json());
        return outcome.Succeeded ? context.SeeOther(VirtualRegistryLinks.Upstream(id, "rules")) : await ListAsync(context, id, sight, rules, draft, outcome.Errors);
    }

    private static async Task<IResult> EditAsync(HttpContext context, long id, long rule, RegistrySight sight, UpstreamRuleStore rules)
    {
        if (context.SignInFirst() is { } refusal) return refusal;
        return await sight.UpstreamAsync(context, id, toManage: true) is { } seen && await rules.FindAsync(id, rule, context.RequestAborted) is { } row
            ? Form(context, seen, row, RuleDraft.Of(row), FormErrors.None) : context.NoSuchPage();
    }

    private static async Task<IResult> SaveAsync(
        HttpContext context, long id, long rule, LarderOptions options, RegistrySight sight, UpstreamRuleStore rules, ApiOperation api)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        if (await sight.UpstreamAsync(context, id, toManage: true) is not { } seen || await rules.FindAsync(id, rule, context.RequestAborted) is not { } row)
            return context.NoSuchPage();
        var draft = RuleDraft.Read(form);
        var outcome = await api.RunAsync(context, "PATCH", Rules + "/{rule_id}", Route(id, rule), draft.Json());
        return outcome.Succeeded ? context.SeeOther(VirtualRegistryLinks.Upstream(id, "rules")) : Form(context, seen, row, draft, outcome.Errors);
    }

    private static IResult Form(HttpContext context, Seen<Upstream> seen, UpstreamRule rule, RuleDraft draft, FormErrors errors) =>
        context.Page<RuleFormPage>(errors.Any ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK,
            ("Seen", seen), ("Rule", rule), ("Draft", draft), ("Errors", errors));

    private static Dictionary<string, object> Route(long id, long rule) => new() { ["id"] = id, ["rule_id"] = rule };
}
