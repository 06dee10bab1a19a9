namespace Larder.Registry.Access;

/// <summary>Who may something, besides administrators, who always may.</summary>
public enum Audience
{
    /// <summary>Nobody else.</summary>
    Administrators,

    /// <summary>Any signed-in user.</summary>
    SignedIn,

    /// <summary>Anybody at all.</summary>
    Everybody,

    /// <summary>Members of the project or group, from the level of the row on.</summary>
    Members,

    /// <summary>Such members; anybody where the project or group is public; any signed-in user where it is internal.</summary>
    MembersAndVisitors,
}

/// <summary>What the package registry's own access level of a project changes.</summary>
public enum RegistryRule
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Nobody where it is disabled, no visitors where it is private.</summary>
    Restricts,

    /// <summary>The same, and everybody where it is public, even when the project is private.</summary>
    RestrictsAndOpens,
}

/// <summary>One row of <see cref="PermissionTable"/>.</summary>
/// <param name="Permission">What it is about.</param>
/// <param name="Audience">Who may.</param>
/// <param name="Level">The lowest level of a member that suffices.</param>
/// <param name="Scopes">The scopes of a personal access token of which one suffices.</param>
/// <param name="Registry">How the project's package registry takes part.</param>
/// <param name="SignInFirst">An anonymous caller is answered 401 before anything is looked up.</param>
public sealed record PermissionRule(
    Permission Permission, Audience Audience, AccessLevel Level, Scopes Scopes, RegistryRule Registry, bool SignInFirst)
{
    /// <summary>The kinds of credentials that are looked for at all; all others are as if they were not there.</summary>
    public CallerKind Accepts { get; init; } = CallerKind.User;

    /// <summary>The users that stand for access tokens of projects and groups may not, whatever their level.</summary>
    public bool ForPeople { get; init; }

    /// <summary>The scopes that suffice for a request that only reads (GET, HEAD): <c>read_api</c> wherever <c>api</c> does.</summary>
    public Scopes ScopesFor(bool reading) => reading && Scopes.HasFlag(Scopes.Api) ? Scopes | Scopes.ReadApi : Scopes;
}

/// <summary>
/// The one table of who may what (generic-packages contract sections 1.2 and 1.4, Maven contract sections 1.3 and 1.4).
/// Administrators have no column: they may everything, except use a package registry that is disabled.
/// </summary>
public sealed class PermissionTable
{
    private const CallerKind UserOrJob = CallerKind.User | CallerKind.Job;
    private const CallerKind Anything = CallerKind.User | CallerKind.DeployToken | CallerKind.Job;

    private readonly PermissionRule[] rules;

    public PermissionTable(LarderOptions options)
    {
        var pull = options.GuestsMayPull ? AccessLevel.Guest : AccessLevel.Reporter;
        var openRegistry = options.AllowAnyoneToPull ? RegistryRule.RestrictsAndOpens : RegistryRule.Restricts;
        PermissionRule[] rows =
        [
            Server(Permission.ReadVersion, Audience.SignedIn, Scopes.Api | Scopes.ReadUser),
            Server(Permission.ReadCurrentUser, Audience.SignedIn, Scopes.Api | Scopes.ReadUser),
            Server(Permission.ReadUsers, Audience.SignedIn, Scopes.Api | Scopes.ReadUser),
            Server(Permission.ManageUsers, Audience.Administrators),
            Server(Permission.ReadAuditEvents, Audience.Administrators),
            Server(Permission.ReadAllDeployTokens, Audience.Administrators),
            Server(Permission.ReadTokens, Audience.SignedIn),
            Server(Permission.ManageTokens, Audience.SignedIn),
            Server(Permission.ReadOwnToken, Audience.SignedIn, Scopes.Any),
            Server(Permission.RevokeOwnToken, Audience.SignedIn, Scopes.Any),
            Server(Permission.RotateOwnToken, Audience.SignedIn, Scopes.Api | Scopes.SelfRotate),
            Server(Permission.ManageOwnAccount, Audience.SignedIn) with { ForPeople = true },

            Server(Permission.ListGroups, Audience.Everybody),
            Server(Permission.CreateGroup, Audience.SignedIn) with { ForPeople = true },
            Visitors(Permission.ReadGroup, AccessLevel.Minimal),
            Members(Permission.CreateSubgroup, AccessLevel.Maintainer),
            Members(Permission.ManageGroup, AccessLevel.Owner, signInFirst: true),
            Members(Permission.ManageGroupAccessTokens, AccessLevel.Owner, signInFirst: true) with { ForPeople = true },
            Members(Permission.ReadGroupDeployTokens, AccessLevel.Maintainer, signInFirst: true),
            Members(Permission.ManageGroupDeployTokens, AccessLevel.Owner, signInFirst: true),
            Visitors(Permission.ReadGroupMembers, AccessLevel.Guest, signInFirst: true),

            Server(Permission.ListProjects, Audience.Everybody),
            Server(Permission.CreateProject, Audience.SignedIn),
            Members(Permission.CreateProjectInGroup, AccessLevel.Developer),
            Visitors(Permission.ReadProject, AccessLevel.Guest),
            Members(Permission.ManageProject, AccessLevel.Maintainer, signInFirst: true),
            Members(Permission.AdministerProject, AccessLevel.Owner, signInFirst: true),
            Members(Permission.ManageProjectAccessTokens, AccessLevel.Maintainer, signInFirst: true) with { ForPeople = true },
            Members(Permission.ManageProjectDeployTokens, AccessLevel.Maintainer, signInFirst: true),
            Members(Permission.ManageJobTokens, AccessLevel.Maintainer, signInFirst: true),
            Visitors(Permission.ReadProjectMembers, AccessLevel.Guest, signInFirst: true),

            Server(Permission.UseGraph, Audience.Everybody, Scopes.Api | Scopes.ReadApi),
            Visitors(Permission.ListPackages, pull, RegistryRule.Restricts) with { Accepts = UserOrJob },
            Visitors(Permission.ListGroupPackages, pull, RegistryRule.Restricts),
            Visitors(Permission.PullPackage, pull, openRegistry) with { Accepts = Anything },
            Members(Permission.PublishPackage, AccessLevel.Developer, RegistryRule.Restricts) with { Accepts = Anything },
            Members(Permission.DestroyPackage, AccessLevel.Maintainer, RegistryRule.Restricts) with { Accepts = UserOrJob },
            Members(Permission.ManagePackageSettings, AccessLevel.Owner, signInFirst: true),
            Server(Permission.ManagePlanLimits, Audience.Administrators),
            Members(Permission.ManagePackageRules, AccessLevel.Maintainer, signInFirst: true),

            Members(Permission.ReadVirtualRegistry, AccessLevel.Guest) with { Accepts = UserOrJob },
            Members(Permission.ManageVirtualRegistry, AccessLevel.Maintainer) with { Accepts = UserOrJob },
            Members(Permission.ManageVirtualRegistryCleanup, AccessLevel.Owner),
            Members(Permission.DownloadFromVirtualRegistry, AccessLevel.Guest, scopes: Scopes.Api | Scopes.ReadVirtualRegistry)
                with { Accepts = Anything },
        ];
        rules = [.. Enum.GetValues<Permission>().Select(permission => rows.Single(row => row.Permission == permission))];
    }

    /// <summary>The row of a permission.</summary>
    public PermissionRule this[Permission permission] => rules[(int)permission];

    private static PermissionRule Server(Permission permission, Audience audience, Scopes scopes = Scopes.Api) =>
        new(permission, audience, AccessLevel.None, scopes, RegistryRule.None, SignInFirst: audience != Audience.Everybody);

    private static PermissionRule Members(
        Permission permission, AccessLevel level, RegistryRule registry = RegistryRule.None, Scopes scopes = Scopes.Api,
        bool signInFirst = false) =>
        new(permission, Audience.Members, level, scopes, registry, signInFirst);

    private static PermissionRule Visitors(
        Permission permission, AccessLevel level, RegistryRule registry = RegistryRule.None, bool signInFirst = false) =>
        new(permission, Audience.MembersAndVisitors, level, Scopes.Api, registry, signInFirst);
}
