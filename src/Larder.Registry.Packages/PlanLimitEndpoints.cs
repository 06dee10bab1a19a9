using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Packages;

/// <summary>The limits of the one plan that there is, for administrators (generic-packages contract section 2.5).</summary>
internal static class PlanLimitEndpoints
{
    private const string Plan = "plan_name";

    private static readonly string[] TooSmall = ["must be greater than or equal to 0"];

    public static void Map(IEndpointRouteBuilder app)
    {
        const string limits = "/api/v4/application/plan_limits";
        app.MapGet(limits, GetAsync).Requires(Permission.ManagePlanLimits, Surface.Api)
            .Describes("The limits of the server.", "plan_name").AnswersFields<long>(PlanLimits.Names);
        app.MapPut(limits, PutAsync).Requires(Permission.ManagePlanLimits, Surface.Api)
            .Describes("Changes them.", ["plan_name!", ..PlanLimits.Names.Select(name => $"{name}:integer")])
            .AnswersFields<long>(PlanLimits.Names).Audits("plan_limits_updated");
    }

    private static async Task<IResult> GetAsync(HttpContext context, Gate gate, PlanLimits limits, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        parameters.OneOf(Plan, "default");
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        if (parameters.Problems is { } problems) return problems;
        return await AnswerAsync(limits, cancellationToken);
    }

    private static async Task<IResult> PutAsync(HttpContext context, Gate gate, PlanLimits limits, CancellationToken cancellationToken)
    {
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        var parameters = await ApiParameters.ReadAsync(context);
        if (parameters.Text(Plan) is null) parameters.Problem($"{Plan} is missing");
        parameters.OneOf(Plan, "default");
        var wanted = new Dictionary<string, long>();
        foreach (var name in PlanLimits.Names)
            if (parameters.Number(name) is { } value) wanted[name] = value;
        if (parameters.Problems is { } problems) return problems;
        var negative = wanted.Where(limit => limit.Value < 0).ToDictionary(limit => limit.Key, _ => TooSmall);
        if (negative.Count > 0) return ApiError.Model(negative);
        await limits.SetAsync(wanted, cancellationToken);
        return await AnswerAsync(limits, cancellationToken);
    }

    private static async Task<IResult> AnswerAsync(PlanLimits limits, CancellationToken cancellationToken) =>
        ApiJson.Answer(await limits.GetAsync(cancellationToken));
}
