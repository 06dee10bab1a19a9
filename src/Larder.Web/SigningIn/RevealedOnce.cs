using System.Security.Cryptography;
using System.Text.Json;
using Larder.Registry;
using Larder.Web.Settings;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.SigningIn;

/// <summary>
/// A new secret on its way from the form that made it to the page that shows it: a form answers with a redirect, so that loading a page
/// again makes no second token, and no node need remember anything. It travels in a cookie, encrypted for one session and one page,
/// which the page takes away.
/// </summary>
internal sealed class RevealedOnce(IDataProtectionProvider protection, LarderOptions options)
{
    /// <summary>Hands a secret to the page at this address.</summary>
    public void Put(HttpContext context, string address, NewSecret secret) =>
        SessionCookie.WriteSecret(context, options, Protector(context, address).Protect(JsonSerializer.Serialize(secret)));

    /// <summary>What was handed to the page at this address; it is gone with this answer.</summary>
    public NewSecret? Take(HttpContext context, string address)
    {
        if (SessionCookie.ReadSecret(context, options) is not { } value) return null;
        try
        {
            var secret = JsonSerializer.Deserialize<NewSecret>(Protector(context, address).Unprotect(value));
            SessionCookie.DeleteSecret(context, options);
            return secret;
        }
        catch (CryptographicException)
        {
            return null; // of another page or session, or nothing that we wrote
        }
    }

    private IDataProtector Protector(HttpContext context, string address) =>
        protection.CreateProtector("revealed once", FormToken.Of(SessionCookie.Read(context, options) ?? ""), address);
}
