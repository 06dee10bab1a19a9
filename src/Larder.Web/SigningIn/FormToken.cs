using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.SigningIn;

/// <summary>
/// The token in every form that another site cannot know: derived from the secret in the cookie, so that nothing is stored, every
/// node agrees, and it ends with the session.
/// </summary>
internal static class FormToken
{
    /// <summary>The field of a form.</summary>
    public const string Field = "form_token";

    /// <summary>The header of a request by script.</summary>
    public const string Header = "X-Form-Token";

    private static readonly byte[] Purpose = "form"u8.ToArray();

    /// <summary>The token that goes with a secret.</summary>
    public static string Of(string secret) => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Purpose));

    /// <summary>Whether a request comes from one of our own forms.</summary>
    public static bool Fits(HttpRequest request, string? secret, string? token)
    {
        // Browsers say where a request comes from; those that do not are left to the token.
        if (request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site && site is not ("same-origin" or "none")) return false;
        return secret is not null && token is not null
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Of(secret)), Encoding.UTF8.GetBytes(token));
    }
}
