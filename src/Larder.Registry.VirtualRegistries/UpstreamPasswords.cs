using System.Security.Cryptography;
using Larder.Registry.Data;
using Larder.Storage.Upstreams;
using Microsoft.AspNetCore.DataProtection;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Encrypts the passwords of upstreams at rest, by keys that all nodes share (<see cref="ProtectionKeys"/>).</summary>
public sealed class UpstreamPasswords(IDataProtectionProvider provider)
{
    private readonly IDataProtector protector = provider.CreateProtector("Larder.MavenUpstream.Password");

    /// <summary>What goes into the row.</summary>
    /// <exception cref="DatabaseUnavailableException">The keys cannot be asked for now.</exception>
    public string? Protect(string? password)
    {
        try
        {
            return password is null ? null : protector.Protect(password);
        }
        catch (CryptographicException e) when (ProtectionKeys.OutageBehind(e) is { } outage)
        {
            throw new DatabaseUnavailableException(outage);
        }
    }

    /// <summary>What is sent to an upstream; null for nothing.</summary>
    /// <param name="username">The name of the row.</param>
    /// <param name="stored">The password of the row.</param>
    public UpstreamCredentials? CredentialsOf(string? username, string? stored) =>
        username is not null && Reveal(stored) is { } password ? new UpstreamCredentials(username, password) : null;

    /// <summary>
    /// The password, or null when there is none or its key is lost: then the upstream is asked without credentials and says
    /// so itself.
    /// </summary>
    /// <exception cref="DatabaseUnavailableException">The keys cannot be asked for now.</exception>
    public string? Reveal(string? stored)
    {
        try
        {
            return stored is null ? null : protector.Unprotect(stored);
        }
        catch (CryptographicException e)
        {
            return ProtectionKeys.OutageBehind(e) is { } outage ? throw new DatabaseUnavailableException(outage) : null;
        }
    }
}
