using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Access;

/// <summary>What kind of credential stands behind a request.</summary>
public enum CallerKind
{
    /// <summary>No credential, or one that GitLab overlooks.</summary>
    Anonymous,

    /// <summary>A user, through a personal access token.</summary>
    User,
}

/// <summary>Who is calling. Its token has been found good: not expired, not revoked, its user not blocked.</summary>
/// <param name="Kind">Which of the other members there are.</param>
/// <param name="UserId">The user, if there is one.</param>
/// <param name="Username">The user's name, if there is one.</param>
/// <param name="IsAdmin">Whether the user is an administrator: may everything that the scopes allow.</param>
/// <param name="Scopes">What the token is limited to.</param>
/// <param name="TokenId">The row of the token, in the table of its kind.</param>
public sealed record Caller(CallerKind Kind, long? UserId, string? Username, bool IsAdmin, Scopes Scopes, long? TokenId)
{
    /// <summary>Nobody in particular.</summary>
    public static Caller Anonymous { get; } = new(CallerKind.Anonymous, null, null, false, Scopes.None, null);

    /// <summary>Whether there is no credential.</summary>
    public bool IsAnonymous => Kind == CallerKind.Anonymous;
}

/// <summary>The caller of a request.</summary>
public static class CallerOfRequest
{
    /// <summary>The caller that <see cref="AccessMiddleware"/> found; anonymous where an endpoint requires nothing.</summary>
    public static Caller Caller(this HttpContext context) => context.Features.Get<Caller>() ?? Access.Caller.Anonymous;
}
