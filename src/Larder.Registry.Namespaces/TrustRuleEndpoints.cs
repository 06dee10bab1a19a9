using System.Text.Json;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Larder.Storage.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>Larder's own API of the trust rules of a project.</summary>
internal static class TrustRuleEndpoints
{
    private const int LongestText = 255;
    private const int MostClaims = 20;

    public static void Map(IEndpointRouteBuilder app)
    {
        var rules = app.MapGroup("/api/v4/projects/{id}/job_token_trust_rules");
        rules.MapGet("", ListAsync).Requires(Permission.ManageJobTokens, Surface.Api)
            .Describes("Lists the rules by which signed statements of CI systems stand for job tokens.").Answers<TrustRuleJson[]>();
        rules.MapPost("", CreateAsync).Requires(Permission.ManageJobTokens, Surface.Api)
            .Describes("Makes such a rule.", "issuer!", "audience!", "claims!:object", "user_id:integer", "access_level:integer")
            .Answers<TrustRuleJson>(StatusCodes.Status201Created).Audits("trust_rule_created");
        rules.MapDelete("/{rule_id}", RemoveAsync).Requires(Permission.ManageJobTokens, Surface.Api)
            .Describes("Removes such a rule.")
            .AnswersNothing().Audits("trust_rule_removed");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Gate gate, ProjectStore projects, TrustRuleStore rules, CancellationToken cancellationToken)
    {
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        return ApiJson.Answer((await rules.ListAsync(project!.Id, cancellationToken)).Select(TrustRuleJson.Of));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, Gate gate, Places places, ProjectStore projects, UserStore users, TrustRuleStore rules, AddressGuard guard,
        CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var issuer = parameters.RequiredText("issuer");
        var audience = parameters.RequiredText("audience");
        var claims = Claims(parameters);
        var userId = parameters.Number("user_id");
        if (!Levels.TryLevel(parameters.Number("access_level") ?? (long)AccessLevel.Developer, out var level) || level == AccessLevel.Minimal)
            parameters.Problem("access_level does not have a valid value");
        if (parameters.Problems is { } problems) return problems;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;

        var caller = context.Caller();
        if (userId is not null && userId != caller.UserId)
        {
            if (!caller.IsAdmin) return ApiError.Forbidden();
            if (await users.FindAsync(userId.Value, cancellationToken) is null) return ApiError.NotFound("User");
        }
        if (!await places.MayGrantAsync(context, new Place(project!.Id, null), level)) return ApiError.Forbidden();
        if (audience.Length > LongestText) return ApiError.Model("audience", $"is too long (maximum is {LongestText} characters)");
        if (await ProblemOfAsync(issuer, guard, cancellationToken) is { } problem) return ApiError.Model("issuer", problem);
        var made = new NewTrustRule(project.Id, userId ?? caller.UserId!.Value, level, issuer, audience, JsonSerializer.Serialize(claims, ApiJson.Options));
        return await rules.CreateAsync(made, cancellationToken) is { } rule
            ? ApiJson.Answer(TrustRuleJson.Of(rule), StatusCodes.Status201Created)
            : ApiError.Model("base", $"{TrustRuleStore.MostOfProject} trust rules is the maximum allowed per project.");
    }

    private static async Task<IResult> RemoveAsync(
        HttpContext context, Gate gate, ProjectStore projects, TrustRuleStore rules, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "rule_id", out var id, out var invalid)) return invalid;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        return await rules.RemoveAsync(project!.Id, id, cancellationToken) ? Results.NoContent() : ApiError.RowNotFound();
    }

    // A rule without a claim would trust everybody who has an account at the issuer.
    private static Dictionary<string, string> Claims(ApiParameters parameters)
    {
        var claims = new Dictionary<string, string>(StringComparer.Ordinal);
        if (parameters.Text("claims") is not { } text)
        {
            parameters.Problem("claims is missing");
            return claims;
        }
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                foreach (var claim in document.RootElement.EnumerateObject())
                    claims[claim.Name] = claim.Value.ValueKind == JsonValueKind.String ? claim.Value.GetString()! : claim.Value.GetRawText();
            }
        }
        catch (JsonException)
        {
            claims.Clear();
        }
        if (claims.Count is 0 or > MostClaims || claims.Any(claim => claim.Key.Length is 0 or > LongestText || claim.Value.Length > LongestText)
            || claims.Values.All(value => value.All(c => c == '*')))
            parameters.Problem("claims is invalid");
        return claims;
    }

    private static async ValueTask<string?> ProblemOfAsync(string issuer, AddressGuard guard, CancellationToken cancellationToken)
    {
        if (issuer.Length > LongestText) return $"is too long (maximum is {LongestText} characters)";
        if (!Uri.TryCreate(issuer, UriKind.Absolute, out var url) || url.Query.Length > 0 || url.Fragment.Length > 0 || url.UserInfo.Length > 0)
            return "must be a valid URL";
        if (!IssuerKeys.IsAcceptable(url, guard)) return "is blocked: Only allowed schemes are https";
        return AddressWords.Problem(await guard.CheckAsync(url.IdnHost, url.Port, cancellationToken));
    }
}
