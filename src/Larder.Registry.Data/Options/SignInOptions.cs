namespace Larder.Registry;

/// <summary>Section <c>Larder:SignIn</c>: how people sign in to the pages, besides tokens and passwords.</summary>
public sealed class SignInOptions
{
    /// <summary>By an OpenID provider.</summary>
    public OpenIdOptions OpenIdConnect { get; init; } = new();
}

/// <summary>Section <c>Larder:SignIn:OpenIdConnect</c>.</summary>
public sealed class OpenIdOptions
{
    /// <summary>The provider's address, below which its description stands; empty for no provider.</summary>
    public string Authority { get; init; } = "";

    /// <summary>What this server is called there.</summary>
    public string ClientId { get; init; } = "";

    /// <summary>Its secret there; empty for a public client.</summary>
    [SecretOption]
    public string ClientSecret { get; init; } = "";

    /// <summary>What is asked for, separated by spaces.</summary>
    public string Scopes { get; init; } = "openid profile email";

    /// <summary>What the provider is called on the page.</summary>
    public string Label { get; init; } = "OpenID Connect";

    /// <summary>The claim that a new user's name is made of.</summary>
    public string NameClaim { get; init; } = "preferred_username";

    /// <summary>The claim with the e-mail address.</summary>
    public string EmailClaim { get; init; } = "email";

    /// <summary>The claim that says who is an administrator, such as <c>groups</c>; empty: the provider has no say in it.</summary>
    public string AdministratorClaim { get; init; } = "";

    /// <summary>The value of that claim that makes an administrator; whoever comes without it is none.</summary>
    public string AdministratorValue { get; init; } = "";

    /// <summary>Whether somebody whom nobody here knows gets a user.</summary>
    public bool CreateUsers { get; init; }

    /// <summary>Whether somebody unknown is the user with the e-mail address that the provider has verified.</summary>
    public bool MatchByEmail { get; init; }

    /// <summary>Seconds to wait for each answer of the provider.</summary>
    public double TimeoutSeconds { get; init; } = 10;

    /// <summary>Whether there is a provider.</summary>
    public bool IsConfigured => Authority.Length > 0;

    /// <summary>Every scope on its own.</summary>
    public IReadOnlyList<string> ScopeList() => Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    internal IEnumerable<string> Problems()
    {
        if (!IsConfigured) yield break;
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var url) || !(url.Scheme == "https" || (url.Scheme == "http" && url.IsLoopback)))
            yield return $"Larder:SignIn:OpenIdConnect:Authority is '{Authority}'; it must be an https URL.";
        if (ClientId.Length == 0) yield return "Larder:SignIn:OpenIdConnect:ClientId is empty; the provider knows this server by it.";
        if (!ScopeList().Contains("openid")) yield return "Larder:SignIn:OpenIdConnect:Scopes must hold openid.";
        if (TimeoutSeconds is not (> 0 and <= 600)) yield return "Larder:SignIn:OpenIdConnect:TimeoutSeconds must be above 0, and 600 at the most.";
        if (NameClaim.Length == 0 || EmailClaim.Length == 0) yield return "Larder:SignIn:OpenIdConnect:NameClaim and EmailClaim must not be empty.";
        if (AdministratorClaim.Length == 0 != (AdministratorValue.Length == 0))
            yield return "Larder:SignIn:OpenIdConnect:AdministratorClaim and AdministratorValue belong together.";
    }
}
