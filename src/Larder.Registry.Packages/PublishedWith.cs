using Larder.Registry.Access;

namespace Larder.Registry.Packages;

/// <summary>The credential that a file was published with: the user alone does not say it.</summary>
/// <param name="Kind">One of the words below.</param>
/// <param name="Id">The row of the token; of a job, its project; null where there is neither.</param>
public sealed record PublishedWith(string Kind, long? Id)
{
    /// <summary>A token of a person.</summary>
    public const string PersonalAccessToken = "personal_access_token";

    /// <summary>An access token of a project or group.</summary>
    public const string ResourceToken = "resource_token";

    /// <summary>A deploy token.</summary>
    public const string DeployToken = "deploy_token";

    /// <summary>A job, by its token or by a signed statement.</summary>
    public const string Job = "job";

    /// <summary>A browser that its user has signed in with, not by a token.</summary>
    public const string Session = "session";

    /// <summary>Of a caller; null for nobody.</summary>
    public static PublishedWith? Of(Caller caller) => caller switch
    {
        { Kind: CallerKind.DeployToken } => new(DeployToken, caller.TokenId),
        { Bounds: JobGrants { Grants: [var grant, ..] } } => new(Job, grant.ProjectId),
        { Kind: CallerKind.User, TokenId: null } => new(Session, null),
        { Kind: CallerKind.User } => new(caller.IsBot ? ResourceToken : PersonalAccessToken, caller.TokenId),
        _ => null,
    };
}

/// <summary>Who published a file, and with what.</summary>
public sealed record Publication
{
    /// <summary>The file.</summary>
    public long FileId { get; init; }

    /// <summary>The user; null for a deploy token, for one that is gone, and where nobody knows.</summary>
    public string? Username { get; init; }

    /// <summary>One of the words of <see cref="PublishedWith"/>; null where nobody knows.</summary>
    public string? Kind { get; init; }

    /// <summary>The name of the token, or the path of the job's project; null when it is gone.</summary>
    public string? CredentialName { get; init; }
}
