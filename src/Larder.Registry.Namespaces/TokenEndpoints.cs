using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>GitLab's personal access tokens API. The text of a token is in the answer that makes it, and never again.</summary>
internal static class TokenEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v4/users/{user_id}/personal_access_tokens", CreateAsync).Requires(Permission.ManageUsers, Surface.Api)
            .Describes("Makes a personal access token; its text is told only now.", "name!", "description", "scopes!:list", "expires_at:date")
            .Answers<NewPersonalAccessTokenJson>(StatusCodes.Status201Created).Audits("personal_access_token_created");
        var tokens = app.MapGroup("/api/v4/personal_access_tokens");
        tokens.MapGet("", ListAsync).Requires(Permission.ReadTokens, Surface.Api)
            .Describes("Lists personal access tokens.", ["user_id:integer", "state:active|inactive", "revoked:boolean", "search",
                "created_after:instant", "created_before:instant", "last_used_after:instant", "last_used_before:instant",
                "expires_after:date", "expires_before:date", "sort", ..Page.Parameters])
            .AnswersPage<PersonalAccessTokenJson>();
        tokens.MapGet("/self", GetSelfAsync).Requires(Permission.ReadOwnToken, Surface.Api)
            .Describes("The token in use.").Answers<PersonalAccessTokenJson>();
        tokens.MapDelete("/self", RevokeSelfAsync).Requires(Permission.RevokeOwnToken, Surface.Api)
            .Describes("Revokes the token in use.")
            .AnswersNothing().Audits("personal_access_token_revoked");
        tokens.MapPost("/self/rotate", RotateSelfAsync).Requires(Permission.RotateOwnToken, Surface.Api)
            .Describes("Replaces the token in use.", "expires_at:date")
            .Answers<NewPersonalAccessTokenJson>().Audits("personal_access_token_rotated");
        tokens.MapGet("/{id}", GetAsync).Requires(Permission.ReadTokens, Surface.Api)
            .Describes("One personal access token.").Answers<PersonalAccessTokenJson>();
        tokens.MapDelete("/{id}", RevokeAsync).Requires(Permission.ManageTokens, Surface.Api)
            .Describes("Revokes a personal access token.")
            .AnswersNothing().Audits("personal_access_token_revoked");
        tokens.MapPost("/{id}/rotate", RotateAsync).Requires(Permission.ManageTokens, Surface.Api)
            .Describes("Replaces a personal access token.", "expires_at:date")
            .Answers<NewPersonalAccessTokenJson>().Audits("personal_access_token_rotated");
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, Gate gate, UserStore users, TokenStore tokens, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "user_id", out var userId, out var invalid)) return invalid;
        var parameters = await ApiParameters.ReadAsync(context);
        var name = parameters.RequiredText("name");
        var scopes = TokenParameters.Scopes(parameters, ScopeNames.All);
        var expiresAt = TokenParameters.ExpiryOfNew(parameters, time);
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        if (Texts.TooLong("name", name) is { } tooLong) return tooLong;
        if (await users.FindAsync(userId, cancellationToken) is null) return ApiError.NotFound("User");
        var (token, text) = await tokens.CreateAsync(
            userId, name, parameters.Text("description"), scopes, expiresAt, cancellationToken);
        return ApiJson.Answer(new NewPersonalAccessTokenJson(PersonalAccessTokenJson.Of(token, time), text), StatusCodes.Status201Created);
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Gate gate, TokenStore tokens, LarderOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var caller = context.Caller();
        var userId = parameters.Number("user_id");
        var filter = TokenParameters.Filter(parameters) with { UserId = caller.IsAdmin ? userId : caller.UserId };
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        if (!caller.IsAdmin && userId is not null && userId != caller.UserId) return ApiError.Unauthorized();
        var (found, total) = await tokens.ListAsync(filter, page, cancellationToken);
        page.WriteHeaders(context, total, options.ExternalUrl, found.Count);
        return ApiJson.Answer(found.Select(token => PersonalAccessTokenJson.Of(token, time)));
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, Gate gate, TokenStore tokens, TimeProvider time, CancellationToken cancellationToken)
    {
        var (token, refusal) = await FindAsync(context, gate, tokens, cancellationToken);
        return refusal ?? ApiJson.Answer(PersonalAccessTokenJson.Of(token!, time));
    }

    private static async Task<IResult> GetSelfAsync(
        HttpContext context, Gate gate, TokenStore tokens, TimeProvider time, CancellationToken cancellationToken)
    {
        var (token, refusal) = await FindSelfAsync(context, gate, tokens, cancellationToken);
        return refusal ?? ApiJson.Answer(PersonalAccessTokenJson.Of(token!, time));
    }

    private static async Task<IResult> RevokeAsync(HttpContext context, Gate gate, TokenStore tokens, CancellationToken cancellationToken) =>
        await EndAsync(tokens, await FindAsync(context, gate, tokens, cancellationToken), cancellationToken);

    private static async Task<IResult> RevokeSelfAsync(HttpContext context, Gate gate, TokenStore tokens, CancellationToken cancellationToken) =>
        await EndAsync(tokens, await FindSelfAsync(context, gate, tokens, cancellationToken), cancellationToken);

    private static async Task<IResult> EndAsync(
        TokenStore tokens, (PersonalAccessToken? Token, ApiError? Refusal) found, CancellationToken cancellationToken)
    {
        if (found.Refusal is { } refusal) return refusal;
        await tokens.RevokeAsync(found.Token!.Id, cancellationToken);
        return Results.NoContent();
    }

    private static async Task<IResult> RotateAsync(
        HttpContext context, Gate gate, TokenStore tokens, TimeProvider time, CancellationToken cancellationToken) =>
        await ReplaceAsync(context, tokens, time, await FindAsync(context, gate, tokens, cancellationToken), cancellationToken);

    private static async Task<IResult> RotateSelfAsync(
        HttpContext context, Gate gate, TokenStore tokens, TimeProvider time, CancellationToken cancellationToken) =>
        await ReplaceAsync(context, tokens, time, await FindSelfAsync(context, gate, tokens, cancellationToken), cancellationToken);

    private static async Task<IResult> ReplaceAsync(
        HttpContext context, TokenStore tokens, TimeProvider time, (PersonalAccessToken? Token, ApiError? Refusal) found,
        CancellationToken cancellationToken)
    {
        if (found.Refusal is { } refusal) return refusal;
        var parameters = await ApiParameters.ReadAsync(context);
        var expiresAt = TokenParameters.ExpiryOfRotated(parameters, time);
        if (parameters.Problems is { } problems) return problems;
        if (!found.Token!.IsActive(time.GetUtcNow().ToUnixTimeMilliseconds())) return ApiError.Unauthorized();
        return await tokens.RotateAsync(found.Token, expiresAt, cancellationToken) is var (token, text)
            ? ApiJson.Answer(new NewPersonalAccessTokenJson(PersonalAccessTokenJson.Of(token, time), text))
            : ApiError.Unauthorized();
    }

    // Others' tokens and tokens that do not exist are the same to everybody but an administrator; GitLab says 401 to that.
    private static async ValueTask<(PersonalAccessToken? Token, ApiError? Refusal)> FindAsync(
        HttpContext context, Gate gate, TokenStore tokens, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return (null, invalid);
        if (await gate.CheckAsync(context) is { } refusal) return (null, refusal);
        var caller = context.Caller();
        var token = await tokens.FindAsync(id, cancellationToken);
        if (caller.IsAdmin) return (token, token is null ? ApiError.NotFound() : null);
        return token?.UserId == caller.UserId ? (token, null) : (null, ApiError.Unauthorized());
    }

    private static async ValueTask<(PersonalAccessToken? Token, ApiError? Refusal)> FindSelfAsync(
        HttpContext context, Gate gate, TokenStore tokens, CancellationToken cancellationToken)
    {
        if (await gate.CheckAsync(context) is { } refusal) return (null, refusal);
        var token = context.Caller().TokenId is { } id ? await tokens.FindAsync(id, cancellationToken) : null;
        return (token, token is null ? ApiError.Unauthorized() : null);
    }
}
