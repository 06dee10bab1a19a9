namespace Larder.Registry.Access;

/// <summary>What a job may: in its own project, with the rights that a user has there.</summary>
/// <param name="ProjectId">The project of the job.</param>
/// <param name="ProjectPath">The last part of its path, for refusals.</param>
/// <param name="Lineage">Of the project's namespace.</param>
/// <param name="UserId">Whose rights.</param>
/// <param name="OfAdministrator">An administrator counts as Owner where a job has a say at all, and is nothing more.</param>
/// <param name="AtMost">The rights end here, whatever the user may.</param>
public sealed record JobGrant(
    long ProjectId, string ProjectPath, string Lineage, long UserId, bool OfAdministrator, AccessLevel AtMost = AccessLevel.Owner);

/// <summary>
/// The rights of a job. A job token is of one project; a signed statement of an issuer may be trusted by several projects, and
/// what each of them grants adds up.
/// </summary>
public sealed record JobGrants(IReadOnlyList<JobGrant> Grants) : Bounds
{
    /// <summary>The name that goes with the token of a job in HTTP Basic.</summary>
    public const string Username = "gitlab-ci-token";
}
