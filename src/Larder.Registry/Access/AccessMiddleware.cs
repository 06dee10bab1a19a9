using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Access;

/// <summary>
/// Finds who is calling, for every endpoint that carries <see cref="RequiredPermission"/>. Refuses by itself what needs no look at
/// a project or group: a bad credential, a scope too narrow, a blocked user, an anonymous caller where one must sign in.
/// </summary>
internal sealed class AccessMiddleware(RequestDelegate next, TokenStore tokens, PermissionTable table, TimeProvider time)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RequiredPermission>() is { } required)
        {
            var rule = table[required.Permission];
            var (caller, refusal) = await FindCallerAsync(context, required.Surface, rule);
            if (refusal is null && caller.IsAnonymous && rule.SignInFirst) refusal = SurfaceWords.Unauthorized(required.Surface);
            if (refusal is not null)
            {
                await refusal.ExecuteAsync(context);
                return;
            }
            context.Features.Set(caller);
        }
        await next(context);
    }

    private async ValueTask<(Caller Caller, ApiError? Refusal)> FindCallerAsync(HttpContext context, Surface surface, PermissionRule rule)
    {
        if (!Credentials.TryRead(context, surface, out var credential))
            return (Caller.Anonymous, ApiError.BadRequest("Found more than one set of credentials"));
        if (credential.Placement == Placement.None) return (Caller.Anonymous, null);
        var identity = await tokens.IdentifyAsync(credential.Token, context.RequestAborted);
        if (identity is null || !IsOwnersName(surface, credential, identity.Caller))
        {
            // GitLab overlooks a wrong password of Basic: a public project stays readable with whatever a .netrc holds.
            var overlooked = credential.Placement == Placement.Basic && surface != Surface.VirtualRegistryDownload;
            return (Caller.Anonymous, overlooked ? null : SurfaceWords.Unauthorized(surface));
        }
        return (identity.Caller, Judge(identity, surface, rule.ScopesFor(IsReading(context.Request))));
    }

    private static bool IsOwnersName(Surface surface, Credential credential, Caller owner) =>
        surface != Surface.VirtualRegistryDownload || credential.Placement != Placement.Basic
        || string.Equals(credential.Username, owner.Username, StringComparison.OrdinalIgnoreCase);

    // The order is GitLab's: the token's own state, its scopes, then its owner (generic-packages contract section 1.7).
    private ApiError? Judge(TokenIdentity identity, Surface surface, Scopes accepted)
    {
        if (identity.IsRevoked)
            return SurfaceWords.InvalidToken(surface, "Token was revoked. You have to re-authorize from the user.");
        if (time.GetUtcNow().ToUnixTimeMilliseconds() >= identity.ExpiresAt)
            return SurfaceWords.InvalidToken(surface, "Token is expired. You can either do re-authorization or token refresh.");
        if ((identity.Caller.Scopes & accepted) == Scopes.None && accepted != Scopes.Any)
            return ApiError.InsufficientScope(ScopeNames.Names(accepted));
        return identity.IsBlocked ? ApiError.Forbidden("Your account has been blocked.") : null;
    }

    private static bool IsReading(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
}

/// <summary>Puts <see cref="AccessMiddleware"/> into the pipeline.</summary>
public static class AccessPipeline
{
    /// <summary>After routing, so that it knows the endpoint, and before the endpoints.</summary>
    public static void UseAccess(this IApplicationBuilder app) => app.UseMiddleware<AccessMiddleware>();
}
