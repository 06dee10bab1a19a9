using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>
/// What people do for themselves. GitLab's API makes tokens of two scopes only for oneself, and leaves the rest to its pages; here
/// it makes any that do not go beyond the token in use. Changing a password is Larder's own.
/// </summary>
internal static class OwnAccountEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v4/user/personal_access_tokens", CreateTokenAsync).Requires(Permission.ManageOwnAccount, Surface.Api)
            .Describes("Makes a personal access token for oneself; its text is told only now.",
                "name!", "description", "scopes!:list", "expires_at:date")
            .Answers<NewPersonalAccessTokenJson>(StatusCodes.Status201Created).Audits("personal_access_token_created");
        app.MapPut("/api/v4/user/password", ChangePasswordAsync).Requires(Permission.ManageOwnAccount, Surface.Api)
            .Describes("Changes one's own password.", "current_password", "password!")
            .AnswersNothing().Audits("user_password_changed");
    }

    private static async Task<IResult> CreateTokenAsync(
        HttpContext context, Gate gate, TokenStore tokens, TimeProvider time, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var name = parameters.RequiredText("name");
        var description = parameters.Text("description");
        var scopes = TokenParameters.Scopes(parameters, ScopeNames.All);
        var expiresAt = TokenParameters.ExpiryOfNew(parameters, time);
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        if (Texts.TooLong("name", name) is { } nameTooLong) return nameTooLong;
        if (Texts.TooLong("description", description ?? "") is { } descriptionTooLong) return descriptionTooLong;
        if (ProblemOfExpiry(expiresAt, time.GetUtcNow()) is { } problem) return ApiError.Model("expires_at", problem);
        var caller = context.Caller();
        if (caller.TokenId is { } tokenId)
        {
            if (await tokens.FindAsync(tokenId, cancellationToken) is not { } used) return ApiError.Unauthorized();
            if (scopes.Except(ScopeNames.Within(used.ScopeList)).ToList() is { Count: > 0 } beyond)
                return ApiError.Model("scopes", $"cannot go beyond those of the token in use: {string.Join(", ", beyond)}");
        }
        var (token, text) = await tokens.CreateAsync(caller.UserId!.Value, name, description, scopes, expiresAt, cancellationToken);
        return ApiJson.Answer(new NewPersonalAccessTokenJson(PersonalAccessTokenJson.Of(token, time), text), StatusCodes.Status201Created);
    }

    // A first password needs none before it: whoever has a token with the scope api could as well make another token.
    private static async Task<IResult> ChangePasswordAsync(
        HttpContext context, Gate gate, UserStore users, Passwords passwords, SignInLimit limit, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var (current, password) = (parameters.Text("current_password") ?? "", parameters.RequiredText("password"));
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        if (await users.FindAsync(context.Caller().UserId!.Value, cancellationToken) is not { } user) return ApiError.NotFound("User");
        if (await passwords.HasAsync(user.Id, cancellationToken))
        {
            var address = context.Connection.RemoteIpAddress;
            if (!limit.TryBegin(address, user.Username)) return ApiError.TooManyRequests((int)SignInLimit.Span.TotalSeconds);
            if (await passwords.VerifyAsync(user.Username, current, cancellationToken) is null)
            {
                limit.Failed(address, SignInWay.ChangeOfPassword);
                return ApiError.Model("current_password", "is invalid");
            }
            limit.Succeeded(address, user.Username);
        }
        if (Passwords.Problem(password) is { } problem) return ApiError.Model("password", problem);
        await users.SetPasswordAsync(user.Id, Passwords.Hash(password), cancellationToken);
        return Results.NoContent();
    }

    private static string? ProblemOfExpiry(long expiresAt, DateTimeOffset now)
    {
        var last = DateOnly.FromDateTime(now.UtcDateTime).AddDays(PersonalAccessToken.MostDaysOfOwn);
        return expiresAt <= now.ToUnixTimeMilliseconds() ? "can't be in the past"
            : expiresAt > ApiJson.Midnight(last) ? $"must be on {last.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} at the latest"
            : null;
    }
}
