using Larder.Registry.Access;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>Users as GitLab shows them: to anybody, and to themselves and administrators.</summary>
internal static class UserJson
{
    private const int ProjectsLimit = 100_000;

    // As GitLab calls the provider where nobody has named it otherwise.
    private const string OpenId = "openid_connect";

    /// <summary>For anybody who is signed in.</summary>
    public static object Basic(User user, string baseUrl) => new
    {
        user.Id, user.Username, PublicEmail = (string?)null, user.Name, user.State, Locked = false, AvatarUrl = (string?)null,
        WebUrl = $"{baseUrl}/{user.Username}",
    };

    /// <summary>For the user itself and for administrators, who alone may know who the user is elsewhere.</summary>
    public static object Full(User user, IEnumerable<UserIdentity> identities, string baseUrl) => new
    {
        user.Id, user.Username, user.Name, user.State, Locked = false, AvatarUrl = (string?)null, WebUrl = $"{baseUrl}/{user.Username}",
        CreatedAt = ApiJson.Instant(user.CreatedAt), Bio = "", Location = (string?)null, PublicEmail = (string?)null, Bot = user.IsBot,
        Organization = "", JobTitle = "", LastSignInAt = (DateTimeOffset?)null, ConfirmedAt = ApiJson.Instant(user.CreatedAt),
        LastActivityOn = (DateOnly?)null, user.Email, ProjectsLimit, CurrentSignInAt = (DateTimeOffset?)null,
        Identities = identities.Select(identity => new { Provider = OpenId, ExternUid = identity.Subject, identity.Issuer }), CanCreateGroup = true, CanCreateProject = true, TwoFactorEnabled = false, External = false,
        PrivateProfile = false, CommitEmail = user.Email, user.IsAdmin, user.NamespaceId, Note = (string?)null,
    };

    /// <summary>A member of a group or project.</summary>
    public static object OfMember(Member member, string baseUrl) => new
    {
        Id = member.UserId, member.Username, member.Name, member.State, Locked = false, AvatarUrl = (string?)null,
        WebUrl = $"{baseUrl}/{member.Username}", member.AccessLevel, CreatedAt = ApiJson.Instant(member.CreatedAt),
        ExpiresAt = ApiJson.Day(member.ExpiresAt), MembershipState = "active",
    };
}
