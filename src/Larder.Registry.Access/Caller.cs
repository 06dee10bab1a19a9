using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Access;

/// <summary>What kind of credential stands behind a request. Bits, so that a permission can name several.</summary>
[Flags]
public enum CallerKind
{
    /// <summary>No credential, or one that GitLab overlooks.</summary>
    Anonymous = 0,

    /// <summary>A user, also the one that stands for a project or group access token.</summary>
    User = 1,

    /// <summary>A deploy token: of a project or group, without a user.</summary>
    DeployToken = 2,

    /// <summary>A job: for a project, with the rights of a user there.</summary>
    Job = 4,
}

/// <summary>Who is calling. Its token has been found good: not expired, not revoked, its user not blocked.</summary>
/// <param name="Kind">Which of the other members there are.</param>
/// <param name="UserId">The user, if there is one: what the caller makes is made by this user.</param>
/// <param name="Username">The name that goes with the token in HTTP Basic, if there is one.</param>
/// <param name="IsAdmin">Whether the caller is an administrator: may everything that the scopes allow. A job never is.</param>
/// <param name="Scopes">What the token is limited to.</param>
/// <param name="TokenId">The row of the token, in the table of its kind.</param>
/// <param name="Bounds">Where the caller's rights come from, where that is not simply what its user may.</param>
public sealed record Caller(
    CallerKind Kind, long? UserId, string? Username, bool IsAdmin, Scopes Scopes, long? TokenId, Bounds? Bounds = null)
{
    /// <summary>Nobody in particular.</summary>
    public static Caller Anonymous { get; } = new(CallerKind.Anonymous, null, null, false, Scopes.None, null);

    /// <summary>Whether its user stands for an access token of a project or group, and is no person.</summary>
    public bool IsBot { get; init; }

    /// <summary>For people: the username, or what kind of credential it is.</summary>
    public string Name => Username ?? Kind.ToString();

    /// <summary>Whether there is no credential.</summary>
    public bool IsAnonymous => Kind == CallerKind.Anonymous;
}

/// <summary>Where the rights of a caller come from who is not simply a user.</summary>
public abstract record Bounds;

/// <summary>A deploy token belongs to a project, or to a group with everything inside it; the other id is null.</summary>
public sealed record DeployTokenHome(long? ProjectId, long? NamespaceId) : Bounds;

/// <summary>The caller of a request.</summary>
public static class CallerOfRequest
{
    /// <summary>The caller that <see cref="AccessMiddleware"/> found; anonymous where an endpoint requires nothing.</summary>
    public static Caller Caller(this HttpContext context) => context.Features.Get<Caller>() ?? Access.Caller.Anonymous;
}
