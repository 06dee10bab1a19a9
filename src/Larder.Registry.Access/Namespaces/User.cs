namespace Larder.Registry.Namespaces;

/// <summary>A user. It calls with tokens; a password, if it has one, is for the pages (<see cref="Access.Passwords"/>).</summary>
/// <param name="Id">The row.</param>
/// <param name="Username">Unique, whatever the case of its letters; also the path of the personal namespace.</param>
/// <param name="Name">For people.</param>
/// <param name="Email">Unique likewise.</param>
/// <param name="State"><see cref="UserState"/>.</param>
/// <param name="Admin">1 for an administrator, else 0.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
/// <param name="NamespaceId">The personal namespace; bots have none.</param>
/// <param name="BotProjectId">The project whose access token this user stands for.</param>
/// <param name="BotNamespaceId">The group whose access token this user stands for.</param>
public sealed record User(
    long Id, string Username, string Name, string Email, string State, long Admin, long CreatedAt, long? NamespaceId,
    long? BotProjectId, long? BotNamespaceId)
{
    /// <summary>Whether this is an administrator.</summary>
    public bool IsAdmin => Admin != 0;

    /// <summary>Whether this is no person but stands for a token.</summary>
    public bool IsBot => (BotProjectId ?? BotNamespaceId) is not null;
}

/// <summary>What a user's tokens are good for.</summary>
public static class UserState
{
    /// <summary>What they say.</summary>
    public const string Active = "active";

    /// <summary>Nothing: every call is answered 403.</summary>
    public const string Blocked = "blocked";
}
