using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Audit;

/// <summary>
/// What events are called. An endpoint says it of itself, see <see cref="AuditConventions.Audits"/>; the names of events that are
/// written otherwise stand here.
/// </summary>
public static class AuditEventNames
{
    /// <summary>A file was published, whichever way it came.</summary>
    public const string PackageFilePublished = "package_file_published";

    /// <summary>The cleanup policy of a project has removed something.</summary>
    public const string PackagesCleanedUp = "packages_cleaned_up";

    /// <summary>Somebody has signed in by the OpenID provider.</summary>
    public const string UserSignedIn = "user_signed_in";

    /// <summary>Somebody whom the OpenID provider knows was not let in.</summary>
    public const string UserSignInRefused = "user_sign_in_refused";

    /// <summary>Every name that an event of this server may have, in the order of the alphabet.</summary>
    public static IReadOnlyList<string> All(EndpointDataSource endpoints) =>
    [
        .. endpoints.Endpoints.Select(endpoint => endpoint.Metadata.GetMetadata<AuditedAs>()?.EventName).OfType<string>()
            .Concat([PackageFilePublished, PackagesCleanedUp, UserSignedIn, UserSignInRefused]).Distinct().Order(StringComparer.Ordinal),
    ];
}
