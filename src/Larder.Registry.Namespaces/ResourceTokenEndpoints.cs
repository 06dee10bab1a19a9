using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>GitLab's API of access tokens of projects and groups.</summary>
internal static class ResourceTokenEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        MapIn(app.MapGroup("/api/v4/groups/{id}/access_tokens"), Permission.ManageGroupAccessTokens);
        MapIn(app.MapGroup("/api/v4/projects/{id}/access_tokens").WithMetadata(new AboutProject()), Permission.ManageProjectAccessTokens);
    }

    private static void MapIn(RouteGroupBuilder tokens, Permission permission)
    {
        tokens.MapGet("", ListAsync).Requires(permission, Surface.Api)
            .Describes("Lists the access tokens of this place.", ["state:active|inactive", "revoked:boolean", "search",
                "created_after:instant", "created_before:instant", "last_used_after:instant", "last_used_before:instant",
                "expires_after:date", "expires_before:date", "sort", ..Page.Parameters])
            .AnswersPage<AccessTokenJson>();
        tokens.MapPost("", CreateAsync).Requires(permission, Surface.Api)
            .Describes("Makes an access token of this place; its text is told only now.", "name!", "description", "scopes!:list",
                "expires_at:date", "access_level:integer")
            .Answers<NewAccessTokenJson>(StatusCodes.Status201Created).Audits("access_token_created");
        tokens.MapGet("/{token_id}", GetAsync).Requires(permission, Surface.Api)
            .Describes("One access token.").Answers<AccessTokenJson>();
        tokens.MapDelete("/{token_id}", RevokeAsync).Requires(permission, Surface.Api)
            .Describes("Revokes an access token.")
            .AnswersNothing().Audits("access_token_revoked");
        tokens.MapPost("/{token_id}/rotate", RotateAsync).Requires(permission, Surface.Api)
            .Describes("Replaces an access token.", "expires_at:date")
            .Answers<NewAccessTokenJson>().Audits("access_token_rotated");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Places places, ResourceTokenStore tokens, LarderOptions options, TimeProvider time)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var filter = TokenParameters.Filter(parameters);
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var (place, refusal) = await PlaceAsync(context, places);
        if (refusal is not null) return refusal;
        var (found, total) = await tokens.ListAsync(filter with { Place = place }, page, context.RequestAborted);
        page.WriteHeaders(context, total, options.ExternalUrl, found.Count);
        return ApiJson.Answer(found.Select(token => new AccessTokenJson(token, place!, time)));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, Places places, ResourceTokenStore tokens, TimeProvider time, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var name = parameters.RequiredText("name");
        var scopes = TokenParameters.Scopes(parameters, ScopeNames.All);
        var expiresAt = TokenParameters.ExpiryOfNew(parameters, time);
        if (!Levels.TryLevel(parameters.Number("access_level") ?? (long)AccessLevel.Maintainer, out var level) || level == AccessLevel.Minimal)
            parameters.Problem("access_level does not have a valid value");
        if (parameters.Problems is { } problems) return problems;
        var (place, refusal) = await PlaceAsync(context, places);
        if (refusal is not null) return refusal;
        if (Texts.TooLong("name", name) is { } tooLong) return tooLong;
        if (!await places.MayGrantAsync(context, place!, level))
            return ApiError.BadRequest("Access level of the token can't be greater the access level of the user who created the token");
        var (token, text) = await tokens.CreateAsync(
            new NewResourceToken(place!, name, parameters.Text("description"), scopes, level, expiresAt), cancellationToken);
        return ApiJson.Answer(new NewAccessTokenJson(token, place!, time, text), StatusCodes.Status201Created);
    }

    private static async Task<IResult> GetAsync(HttpContext context, Places places, ResourceTokenStore tokens, TimeProvider time)
    {
        var (token, place, refusal) = await FindAsync(context, places, tokens);
        return refusal ?? ApiJson.Answer(new AccessTokenJson(token!, place!, time));
    }

    private static async Task<IResult> RevokeAsync(
        HttpContext context, Places places, ResourceTokenStore tokens, TokenStore store, CancellationToken cancellationToken)
    {
        var (token, _, refusal) = await FindAsync(context, places, tokens);
        if (refusal is not null) return refusal;
        await store.RevokeAsync(token!.Token.Id, cancellationToken);
        return Results.NoContent();
    }

    private static async Task<IResult> RotateAsync(
        HttpContext context, Places places, ResourceTokenStore tokens, TokenStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var expiresAt = TokenParameters.ExpiryOfRotated(parameters, time);
        if (parameters.Problems is { } problems) return problems;
        var (token, place, refusal) = await FindAsync(context, places, tokens);
        if (refusal is not null) return refusal;
        // Whoever rotates a token gets to know it, and so must be able to make one like it.
        if (token!.AccessLevel is { } level && !await places.MayGrantAsync(context, place!, (AccessLevel)level)) return ApiError.Unauthorized();
        if (!token.Token.IsActive(time.GetUtcNow().ToUnixTimeMilliseconds())) return ApiError.Unauthorized();
        return await store.RotateAsync(token.Token, expiresAt, cancellationToken) is var (rotated, text)
            ? ApiJson.Answer(new NewAccessTokenJson(token with { Token = rotated }, place!, time, text))
            : ApiError.Unauthorized();
    }

    private static async ValueTask<(ResourceToken? Token, Place? Place, ApiError? Refusal)> FindAsync(
        HttpContext context, Places places, ResourceTokenStore tokens)
    {
        if (!RowId.TryRead(context, "token_id", out var id, out var invalid)) return (null, null, invalid);
        var (place, refusal) = await PlaceAsync(context, places);
        if (refusal is not null) return (null, null, refusal);
        if (await tokens.FindAsync(place!, id, context.RequestAborted) is { } token) return (token, place, null);
        var kind = place!.ProjectId is null ? "group" : "project";
        return (null, null, ApiError.NotFound(string.Create(CultureInfo.InvariantCulture, $"Could not find {kind} access token with token_id: {id}")));
    }

    // Here alone GitLab answers 401, not 403, to whoever sees the place and may not.
    private static async ValueTask<(Place? Place, ApiError? Refusal)> PlaceAsync(HttpContext context, Places places)
    {
        var (place, _, refusal) = await places.FindAsync(context);
        return (place, refusal is { Status: StatusCodes.Status403Forbidden } ? ApiError.Unauthorized() : refusal);
    }
}
