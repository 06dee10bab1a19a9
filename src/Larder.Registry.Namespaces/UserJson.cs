using Larder.Registry.Access;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>A user as GitLab shows it to anybody who is signed in.</summary>
internal sealed record BasicUserJson(
    long Id, string Username, string? PublicEmail, string Name, string State, bool Locked, string? AvatarUrl, string WebUrl)
{
    public static BasicUserJson Of(User user, string baseUrl) =>
        new(user.Id, user.Username, null, user.Name, user.State, false, null, $"{baseUrl}/{user.Username}");
}

/// <summary>
/// A user as GitLab shows it to itself and to administrators, who alone may know who the user is elsewhere. What Larder has no notion of
/// carries the value of a new user in GitLab.
/// </summary>
internal sealed class UserJson(User user, IEnumerable<UserIdentity> identities, string baseUrl)
{
    public long Id { get; } = user.Id;
    public string Username { get; } = user.Username;
    public string Name { get; } = user.Name;
    public string State { get; } = user.State;
    public bool Locked { get; }
    public string? AvatarUrl { get; }
    public string WebUrl { get; } = $"{baseUrl}/{user.Username}";
    public DateTimeOffset CreatedAt { get; } = ApiJson.Instant(user.CreatedAt);
    public string Bio { get; } = "";
    public string? Location { get; }
    public string? PublicEmail { get; }
    public bool Bot { get; } = user.IsBot;
    public string Organization { get; } = "";
    public string JobTitle { get; } = "";
    public DateTimeOffset? LastSignInAt { get; }
    public DateTimeOffset ConfirmedAt { get; } = ApiJson.Instant(user.CreatedAt);
    public DateOnly? LastActivityOn { get; }
    public string Email { get; } = user.Email;
    public int ProjectsLimit { get; } = 100_000;
    public DateTimeOffset? CurrentSignInAt { get; }
    public IReadOnlyList<IdentityJson> Identities { get; } = [.. identities.Select(IdentityJson.Of)];
    public bool CanCreateGroup { get; } = true;
    public bool CanCreateProject { get; } = true;
    public bool TwoFactorEnabled { get; }
    public bool External { get; }
    public bool PrivateProfile { get; }
    public string CommitEmail { get; } = user.Email;
    public bool IsAdmin { get; } = user.IsAdmin;
    public long? NamespaceId { get; } = user.NamespaceId;
    public string? Note { get; }
}

/// <summary>Who a user is at an OpenID provider.</summary>
internal sealed record IdentityJson(string Provider, string ExternUid, string Issuer)
{
    // As GitLab calls the provider where nobody has named it otherwise.
    private const string OpenId = "openid_connect";

    public static IdentityJson Of(UserIdentity identity) => new(OpenId, identity.Subject, identity.Issuer);
}

/// <summary>A member of a group or project.</summary>
internal sealed record MemberJson(
    long Id, string Username, string Name, string State, bool Locked, string? AvatarUrl, string WebUrl, long AccessLevel,
    DateTimeOffset CreatedAt, DateOnly? ExpiresAt, string MembershipState)
{
    public static MemberJson Of(Member member, string baseUrl) => new(
        member.UserId, member.Username, member.Name, member.State, false, null, $"{baseUrl}/{member.Username}", member.AccessLevel,
        ApiJson.Instant(member.CreatedAt), ApiJson.Day(member.ExpiresAt), "active");
}
