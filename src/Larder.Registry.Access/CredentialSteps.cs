using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Access;

/// <summary>One look for a credential.</summary>
/// <param name="Placement">Where.</param>
/// <param name="Kinds">Of which kinds. Kinds that the endpoint's permission does not accept are not looked for.</param>
/// <param name="Overlooks">
/// What a credential of no worth is: true for nothing at all, so the search goes on and may end with an anonymous caller;
/// false for a 401.
/// </param>
internal readonly record struct CredentialStep(Placement Placement, CallerKind Kinds, bool Overlooks = false);

/// <summary>
/// In which order each surface looks for credentials (generic-packages contract section 1.1, Maven contract section 1.4). The
/// first that is good counts.
/// </summary>
internal static class CredentialSteps
{
    private static readonly CredentialStep DeployTokenFirst = new(Placement.DeployTokenAnywhere, CallerKind.DeployToken, Overlooks: true);

    // Not being a job's, it may still be somebody else's.
    private static readonly CredentialStep BearerOfJob = new(Placement.Bearer, CallerKind.Job, Overlooks: true);

    private static readonly CredentialStep[] OfJobTokens =
    [
        new(Placement.JobTokenQuery, CallerKind.Job),
        new(Placement.TokenQuery, CallerKind.Job),
        new(Placement.JobTokenHeader, CallerKind.Job),
    ];

    private static readonly CredentialStep[] OfAccessTokens =
    [
        new(Placement.PrivateTokenQuery, CallerKind.User),
        new(Placement.PrivateTokenHeader, CallerKind.User),
        new(Placement.Bearer, CallerKind.User),
    ];

    // GitLab overlooks a wrong password: a public project stays readable with whatever a .netrc holds.
    private static readonly CredentialStep BasicOfUser = new(Placement.Basic, CallerKind.User, Overlooks: true);

    private static readonly CredentialStep[] Generic = 
    [
        DeployTokenFirst, BearerOfJob, .. OfAccessTokens, BasicOfUser, new(Placement.BasicOfJob, CallerKind.Job), .. OfJobTokens,
    ];

    private static readonly CredentialStep[] Api = [BearerOfJob, .. OfAccessTokens, BasicOfUser, .. OfJobTokens];

    private static readonly CredentialStep[] RegistryApi =
    [
        .. OfAccessTokens, new(Placement.JobTokenQuery, CallerKind.Job), new(Placement.JobTokenHeader, CallerKind.Job),
    ];

    private static readonly CredentialStep[] RegistryDownload =
    [
        new(Placement.PrivateTokenHeader, CallerKind.User),
        new(Placement.DeployTokenHeader, CallerKind.DeployToken),
        new(Placement.JobTokenHeader, CallerKind.Job),
        new(Placement.Basic, CallerKind.User | CallerKind.DeployToken | CallerKind.Job),
    ];

    /// <summary>The steps of a surface.</summary>
    public static CredentialStep[] Of(Surface surface) => surface switch
    {
        Surface.GenericPackages => Generic,
        Surface.Api => Api,
        Surface.Graph => OfAccessTokens,
        Surface.VirtualRegistryApi => RegistryApi,
        Surface.VirtualRegistryDownload => RegistryDownload,
        _ => throw new ArgumentOutOfRangeException(nameof(surface), surface, null),
    };

    /// <summary>Where Maven downloads, credentials of two kinds at once are refused.</summary>
    public static bool AreTooMany(HttpRequest request, Surface surface) =>
        surface == Surface.VirtualRegistryDownload && RegistryDownload.Count(step => Credentials.Read(request, step.Placement) is not null) > 1;

    /// <summary>
    /// Whether the name in Basic is the one that goes with the token. That of jobs always matters; whose name an access token
    /// or deploy token comes with does only where Maven downloads.
    /// </summary>
    public static bool NameFits(Surface surface, Credential credential, Caller owner) =>
        credential.Username is not { } name || (surface != Surface.VirtualRegistryDownload && owner.Kind != CallerKind.Job)
        || string.Equals(name, owner.Username, owner.Kind == CallerKind.User ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
}
