using System.Security.Claims;
using System.Text.Json;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Larder.Web.SigningIn;

/// <summary>What a person gets who comes from the provider: a session, or a refusal in words.</summary>
/// <param name="Secret">Of the session; null when refused.</param>
/// <param name="Refusal">Why, in sentences.</param>
internal sealed record OpenIdWelcome(string? Secret, string Refusal);

/// <summary>
/// Turns what the provider says of a person into a user and a session. Issuer and subject decide; an e-mail address does only where
/// the operator wants it, and only one that the provider has verified.
/// </summary>
internal sealed partial class OpenIdPeople(
    LarderOptions options, IdentityStore identities, UserStore users, SessionStore sessions, AuditLog audit, ILogger<OpenIdPeople> logger)
{
    private OpenIdOptions OpenId => options.SignIn.OpenIdConnect;

    public async Task<OpenIdWelcome> WelcomeAsync(HttpContext context, ClaimsPrincipal person)
    {
        var cancellationToken = context.RequestAborted;
        var (issuer, subject) = (person.FindFirstValue("iss") ?? OpenId.Authority, person.FindFirstValue("sub") ?? "");
        var (user, refusal) = await FindAsync(person, issuer, subject, cancellationToken);
        if (user is { State: not UserState.Active }) refusal = "Your account is blocked. An administrator can let you in again.";
        if (user is null || refusal.Length > 0)
        {
            await audit.AddAsync(Event(context, AuditEventNames.UserSignInRefused, user, issuer, subject));
            return new(null, refusal);
        }
        if (OpenId.AdministratorClaim.Length > 0 && person.HasClaim(OpenId.AdministratorClaim, OpenId.AdministratorValue) is var isAdmin && isAdmin != user.IsAdmin)
        {
            // Nobody would be left to give it back, and a claim that the provider has renamed would take it from everybody.
            if (!await users.SetAdministratorAsync(user.Id, isAdmin, cancellationToken)) LastAdministrator(logger, user.Username);
        }
        await audit.AddAsync(Event(context, AuditEventNames.UserSignedIn, user, issuer, subject));
        return new(await sessions.BeginAsync(user.Id, tokenId: null, cancellationToken), "");
    }

    private async Task<(User? User, string Refusal)> FindAsync(ClaimsPrincipal person, string issuer, string subject, CancellationToken cancellationToken)
    {
        if (subject.Length is 0 or > 255) return (null, "The provider did not say who you are.");
        if (await identities.FindUserAsync(issuer, subject, cancellationToken) is { } id) return (await users.FindAsync(id, cancellationToken), "");
        var email = person.FindFirstValue(OpenId.EmailClaim) ?? "";
        var user = OpenId.MatchByEmail && person.FindFirstValue("email_verified") is "true" or "True"
            ? await users.FindByEmailAsync(email, cancellationToken) : null;
        // Who is somebody there already is not this person as well.
        if (user is { IsBot: true } || (user is not null && await identities.FindSubjectAsync(issuer, user.Id, cancellationToken) is not null)) user = null;
        var refusal = "";
        if (user is null) (user, refusal) = OpenId.CreateUsers ? await CreateAsync(person, email, cancellationToken) : (null, Unknown(subject));
        if (user is null) return (null, refusal);
        return await identities.LinkAsync(user.Id, issuer, subject, cancellationToken) ? (user, "") : (null, Unknown(subject));
    }

    private async Task<(User? User, string Refusal)> CreateAsync(ClaimsPrincipal person, string email, CancellationToken cancellationToken)
    {
        var username = PathRules.Of((person.FindFirstValue(OpenId.NameClaim) ?? "").Split('@')[0]);
        if (PathRules.Problem(username, atTop: true) is not null || !email.Contains('@', StringComparison.Ordinal) || email.Length > 254 || email.Any(char.IsWhiteSpace))
            return (null, $"The provider sent no name and e-mail address to make an account of (the claims {OpenId.NameClaim} and {OpenId.EmailClaim}).");
        try
        {
            var name = person.FindFirstValue("name") is { Length: > 0 and <= 255 } full ? full : username;
            return (await users.CreateAsync(new NewUser(username, name, email, IsAdmin: false), cancellationToken), "");
        }
        catch (DuplicateRowException)
        {
            return (null, $"There is an account with the name {username} or your e-mail address already. An administrator must connect it with you.");
        }
    }

    private static string Unknown(string subject) =>
        $"There is no account for you here. An administrator must make one and connect it with you; the provider calls you {subject}.";

    [LoggerMessage(7022, LogLevel.Warning,
        "The OpenID provider no longer says that {Username} is an administrator; the last one who is not blocked stays one")]
    private static partial void LastAdministrator(ILogger logger, string username);

    private static AuditEvent Event(HttpContext context, string name, User? user, string issuer, string subject) => new()
    {
        EventName = name, AuthorId = user?.Id, AuthorName = user?.Username ?? "somebody unknown", EntityType = EntityTypes.Instance, EntityPath = "",
        Target = "OpenID Connect", Parameters = JsonSerializer.Serialize(new { issuer, subject = subject[..Math.Min(subject.Length, 255)] }),
        IpAddress = context.Connection.RemoteIpAddress?.ToString() ?? "",
    };
}
