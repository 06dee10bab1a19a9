using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>GitLab's deploy tokens API, the same for groups and for projects.</summary>
internal static class DeployTokenEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v4/deploy_tokens", ListAllAsync).Requires(Permission.ReadAllDeployTokens, Surface.Api)
            .Describes("Lists the deploy tokens of every place.", ["active:boolean", ..Page.Parameters]).AnswersPage<DeployTokenJson>();
        MapIn(app.MapGroup("/api/v4/groups/{id}/deploy_tokens"), Permission.ReadGroupDeployTokens, Permission.ManageGroupDeployTokens);
        MapIn(app.MapGroup("/api/v4/projects/{id}/deploy_tokens").WithMetadata(new AboutProject()),
            Permission.ManageProjectDeployTokens, Permission.ManageProjectDeployTokens);
    }

    private static void MapIn(RouteGroupBuilder tokens, Permission read, Permission manage)
    {
        tokens.MapGet("", ListAsync).Requires(read, Surface.Api)
            .Describes("Lists the deploy tokens of this place.", ["active:boolean", ..Page.Parameters]).AnswersPage<DeployTokenJson>();
        tokens.MapPost("", CreateAsync).Requires(manage, Surface.Api)
            .Describes("Makes a deploy token; its text is told only now.", "name!", "scopes!:list", "username", "expires_at:instant")
            .Answers<NewDeployTokenJson>(StatusCodes.Status201Created).Audits("deploy_token_created");
        tokens.MapGet("/{token_id}", GetAsync).Requires(read, Surface.Api)
            .Describes("One deploy token.").Answers<DeployTokenJson>();
        tokens.MapDelete("/{token_id}", RemoveAsync).Requires(manage, Surface.Api)
            .Describes("Ends a deploy token.")
            .AnswersNothing().Audits("deploy_token_removed");
    }

    private static async Task<IResult> ListAllAsync(
        HttpContext context, Gate gate, DeployTokenStore tokens, LarderOptions options, TimeProvider time)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var active = parameters.Flag("active") ?? false;
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        return Listing(context, options, time, page, await tokens.ListAsync(null, active, page, context.RequestAborted));
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Places places, DeployTokenStore tokens, LarderOptions options, TimeProvider time)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var active = parameters.Flag("active") ?? false;
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var (place, _, refusal) = await places.FindAsync(context);
        if (refusal is not null) return refusal;
        return Listing(context, options, time, page, await tokens.ListAsync(place, active, page, context.RequestAborted));
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, Places places, DeployTokenStore tokens, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "token_id", out var id, out var invalid)) return invalid;
        var (place, _, refusal) = await places.FindAsync(context);
        if (refusal is not null) return refusal;
        return await tokens.FindAsync(place!, id, cancellationToken) is { } token
            ? ApiJson.Answer(DeployTokenJson.Of(token, time))
            : ApiError.RowNotFound();
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, Places places, DeployTokenStore tokens, TimeProvider time, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var name = parameters.RequiredText("name");
        var scopes = TokenParameters.Scopes(parameters, ScopeNames.OfDeployTokens);
        var expiresOn = ExpiryDay(parameters);
        var username = parameters.Text("username") is { Length: > 0 } given ? given : null;
        if (parameters.Problems is { } problems) return problems;
        var (place, _, refusal) = await places.FindAsync(context);
        if (refusal is not null) return refusal;
        if (Texts.TooLong("name", name) is { } tooLong) return tooLong;
        if (username is not null && Texts.TooLong("username", username) is { } usernameTooLong) return usernameTooLong;
        if (username is not null && !username.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '+' or '.'))
            return ApiError.Model("username", "can contain only letters, digits, '_', '-', '+', and '.'");
        var (token, text) = await tokens.CreateAsync(
            new NewDeployToken(place!, name, username, scopes, ApiJson.Midnight(expiresOn), context.Caller().UserId), cancellationToken);
        return ApiJson.Answer(new NewDeployTokenJson(DeployTokenJson.Of(token, time), text), StatusCodes.Status201Created);
    }

    private static async Task<IResult> RemoveAsync(
        HttpContext context, Places places, DeployTokenStore tokens, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "token_id", out var id, out var invalid)) return invalid;
        var (place, _, refusal) = await places.FindAsync(context);
        if (refusal is not null) return refusal;
        return await tokens.RemoveAsync(place!, id, cancellationToken) ? Results.NoContent() : ApiError.RowNotFound();
    }

    // GitLab takes a day or an instant, and the day of it counts.
    private static DateOnly? ExpiryDay(ApiParameters parameters)
    {
        var text = parameters.Text("expires_at");
        if (string.IsNullOrEmpty(text)) return null;
        const DateTimeStyles utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTime.TryParse(text, CultureInfo.InvariantCulture, utc, out var instant)) return DateOnly.FromDateTime(instant);
        parameters.Problem("expires_at is invalid");
        return null;
    }

    private static IResult Listing(
        HttpContext context, LarderOptions options, TimeProvider time, Page page, (IReadOnlyList<DeployToken> Tokens, long Total) found)
    {
        page.WriteHeaders(context, found.Total, options.ExternalUrl, found.Tokens.Count);
        return ApiJson.Answer(found.Tokens.Select(token => DeployTokenJson.Of(token, time)));
    }
}
