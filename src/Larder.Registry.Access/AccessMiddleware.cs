using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Access;

/// <summary>
/// Finds who is calling, for every endpoint that carries <see cref="RequiredPermission"/>. Refuses by itself what needs no look at
/// a project or group: a bad credential, a scope too narrow, a blocked user, an anonymous caller where one must sign in.
/// </summary>
internal sealed class AccessMiddleware(RequestDelegate next, TokenDirectory tokens, PermissionTable table, TokenUses uses, TimeProvider time)
{
    private const int SecondsToWait = 30;

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RequiredPermission>() is { } required)
        {
            var rule = table[required.Permission];
            var (caller, refusal) = await FindCallerAsync(context, required.Surface, rule);
            if (refusal is null && caller.IsAnonymous && rule.SignInFirst) refusal = SurfaceWords.Unauthorized(required.Surface);
            if (refusal is null && caller.IsBot && rule.ForPeople) refusal = ApiError.Forbidden();
            if (refusal is not null)
            {
                await refusal.ExecuteAsync(context);
                return;
            }
            context.Features.Set(caller);
            uses.Note(caller);
        }
        await next(context);
    }

    private async ValueTask<(Caller Caller, ApiError? Refusal)> FindCallerAsync(HttpContext context, Surface surface, PermissionRule rule)
    {
        if (CredentialSteps.AreTooMany(context.Request, surface))
            return (Caller.Anonymous, ApiError.BadRequest("Found more than one set of credentials"));
        foreach (var step in CredentialSteps.Of(surface))
        {
            if ((step.Kinds & rule.Accepts) == 0 || Credentials.Read(context.Request, step.Placement) is not { } credential) continue;
            var identity = await tokens.IdentifyAsync(credential.Token, context.RequestAborted);
            if (identity is not null && (step.Kinds & rule.Accepts).HasFlag(identity.Caller.Kind)
                && CredentialSteps.NameFits(surface, credential, identity.Caller) && Exists(identity))
                return (identity.Caller, Judge(identity, surface, rule.ScopesFor(IsReading(context.Request))));
            if (!step.Overlooks) return (Caller.Anonymous, SurfaceWords.Unauthorized(surface));
        }
        return (Caller.Anonymous, null);
    }

    // What has ended of the other kinds is as if it had never been; only access tokens are told what became of them.
    private bool Exists(TokenIdentity identity) => identity.Caller.Kind == CallerKind.User || identity.IsActive(Now());

    // The order is GitLab's: the token's own state, its scopes, then its owner (generic-packages contract section 1.7).
    private ApiError? Judge(TokenIdentity identity, Surface surface, Scopes accepted)
    {
        if (identity == TokenIdentity.Undecided) return ApiError.Unavailable("the issuer of the token cannot be reached", SecondsToWait);
        if (identity.Caller.Kind == CallerKind.User)
        {
            if (identity.IsEnded)
                return SurfaceWords.InvalidToken(surface, "Token was revoked. You have to re-authorize from the user.");
            if (!identity.IsActive(Now()))
                return SurfaceWords.InvalidToken(surface, "Token is expired. You can either do re-authorization or token refresh.");
            if ((identity.Caller.Scopes & accepted) == Scopes.None && accepted != Scopes.Any)
                return ApiError.InsufficientScope(ScopeNames.Names(accepted));
        }
        return identity.IsBlocked ? ApiError.Forbidden("Your account has been blocked.") : null;
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static bool IsReading(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
}

/// <summary>Puts <see cref="AccessMiddleware"/> into the pipeline.</summary>
public static class AccessPipeline
{
    /// <summary>After routing, so that it knows the endpoint, and before the endpoints.</summary>
    public static void UseAccess(this IApplicationBuilder app) => app.UseMiddleware<AccessMiddleware>();
}
