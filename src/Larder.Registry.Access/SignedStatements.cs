using System.Text.Json;
using Larder.Registry.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Larder.Registry.Access;

/// <summary>
/// OpenID Connect tokens of CI systems in place of job tokens: what a statement of an issuer is worth, by the trust rules of
/// projects (RFC 7519 section 7.2, OpenID Connect Core 1.0 section 3.1.3.7). A rule that cannot match costs no request.
/// </summary>
internal sealed class SignedStatements(TrustRuleStore rules, IssuerKeys issuers, TimeProvider time)
{
    private const int LongestToken = 16 * 1024;
    private const int MostGrants = 100;

    // Clocks of an issuer and of this machine differ a little. An expired token is expired all the same.
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(60);

    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512, SecurityAlgorithms.RsaSsaPssSha256,
        SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384,
        SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly JsonWebTokenHandler handler = new() { MaximumTokenSizeInBytes = LongestToken };

    /// <summary>What the token stands for; null when it is none, or nobody trusts it.</summary>
    public async ValueTask<TokenIdentity?> JudgeAsync(string token, CancellationToken cancellationToken)
    {
        if (Read(token) is not { } statement || IssuerOf(statement) is not { Length: > 0 } issuer) return null;
        var trusted = (await rules.OfIssuerAsync(issuer, cancellationToken)).Where(rule => Fits(rule, statement)).Take(MostGrants).ToList();
        if (trusted.Count == 0) return null;
        var keys = await issuers.FindAsync(issuer, statement.Kid ?? "", cancellationToken);
        if (keys is null) return TokenIdentity.Undecided;
        if (keys.Count == 0 || !await IsGenuineAsync(statement, keys, [.. trusted.Select(rule => rule.Audience)])) return null;

        var users = trusted.Select(rule => rule.UserId).Distinct().ToList();
        var grants = trusted.Select(rule => new JobGrant(
            rule.ProjectId, rule.ProjectPath, rule.Lineage, rule.UserId, rule.Admin != 0, (AccessLevel)rule.AccessLevel));
        var caller = new Caller(CallerKind.Job, users.Count == 1 ? users[0] : null, JobGrants.Username, IsAdmin: false, Scopes.None,
            TokenId: null, new JobGrants([.. grants]));
        return new TokenIdentity(caller, new DateTimeOffset(statement.ValidTo, TimeSpan.Zero).ToUnixTimeMilliseconds(), IsEnded: false, IsBlocked: false);
    }

    // Anybody can write a token. What is no text in it has no row, and PostgreSQL would not even look for it.
    private static string? IssuerOf(JsonWebToken statement)
    {
        try
        {
            return UnicodeText.IsValid(statement.Issuer) ? statement.Issuer : null;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or JsonException or InvalidOperationException or FormatException)
        {
            return null; // of another type, which the library notices only when it is asked for
        }
    }

    private JsonWebToken? Read(string token)
    {
        // Three parts, the first of which begins a JSON object.
        if (token.Length > LongestToken || !token.StartsWith("eyJ", StringComparison.Ordinal) || !handler.CanReadToken(token)) return null;
        try
        {
            return handler.ReadJsonWebToken(token);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static bool Fits(TrustRuleInForce rule, JsonWebToken statement)
    {
        if (!statement.Audiences.Contains(rule.Audience)) return false;
        using var claims = JsonDocument.Parse(rule.Claims);
        // A claim that is a list says each of its elements.
        return claims.RootElement.EnumerateObject().All(wanted =>
            statement.Claims.Any(claim => claim.Type == wanted.Name && ClaimPattern.Matches(wanted.Value.GetString()!, claim.Value)));
    }

    private async Task<bool> IsGenuineAsync(JsonWebToken statement, IReadOnlyList<SecurityKey> keys, IReadOnlyList<string> audiences)
    {
        var result = await handler.ValidateTokenAsync(statement, new TokenValidationParameters
        {
            ValidAlgorithms = Algorithms,
            ValidIssuer = statement.Issuer,
            ValidAudiences = audiences,
            IssuerSigningKeys = keys,
            // The keys are those of its kid already; without one, each is tried.
            TryAllIssuerSigningKeys = true,
            RequireSignedTokens = true,
            LifetimeValidator = (notBefore, expires, _, _) => IsInTime(notBefore, expires),
        });
        return result.IsValid;
    }

    private bool IsInTime(DateTime? notBefore, DateTime? expires)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return expires is not null && now < expires && (notBefore is null || notBefore <= now + Early);
    }
}
