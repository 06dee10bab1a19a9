using Microsoft.AspNetCore.Builder;

namespace Larder.Registry.Access;

/// <summary>Everything that an endpoint can ask for. Who has it stands in <see cref="PermissionTable"/>.</summary>
public enum Permission
{
    /// <summary>The version of the server.</summary>
    ReadVersion,

    /// <summary>Who the caller is.</summary>
    ReadCurrentUser,

    /// <summary>Other users.</summary>
    ReadUsers,

    /// <summary>Making users and their tokens.</summary>
    ManageUsers,

    /// <summary>Who changed what, anywhere.</summary>
    ReadAuditEvents,

    /// <summary>The deploy tokens of every project and group.</summary>
    ReadAllDeployTokens,

    /// <summary>Listing personal access tokens: one's own, an administrator everybody's.</summary>
    ReadTokens,

    /// <summary>Revoking and replacing them.</summary>
    ManageTokens,

    /// <summary>What the token in use is.</summary>
    ReadOwnToken,

    /// <summary>Revoking the token in use.</summary>
    RevokeOwnToken,

    /// <summary>Replacing the token in use.</summary>
    RotateOwnToken,

    /// <summary>Making tokens for oneself, and changing one's own password.</summary>
    ManageOwnAccount,

    /// <summary>Listing those groups that one may see.</summary>
    ListGroups,

    /// <summary>Making a top-level group.</summary>
    CreateGroup,

    /// <summary>Making a group inside a group.</summary>
    CreateSubgroup,

    /// <summary>Seeing that a group exists, and what it is.</summary>
    ReadGroup,

    /// <summary>Changing a group and its members.</summary>
    ManageGroup,

    /// <summary>The access tokens of a group.</summary>
    ManageGroupAccessTokens,

    /// <summary>The deploy tokens of a group.</summary>
    ReadGroupDeployTokens,

    /// <summary>Making and ending them.</summary>
    ManageGroupDeployTokens,

    /// <summary>Who is a member of a group.</summary>
    ReadGroupMembers,

    /// <summary>Listing those projects that one may see.</summary>
    ListProjects,

    /// <summary>Making a project; where, is decided by <see cref="CreateProjectInGroup"/>.</summary>
    CreateProject,

    /// <summary>Making a project in a group.</summary>
    CreateProjectInGroup,

    /// <summary>Seeing that a project exists, and what it is.</summary>
    ReadProject,

    /// <summary>Changing a project and its members.</summary>
    ManageProject,

    /// <summary>Deleting a project, renaming it, and changing who sees it.</summary>
    AdministerProject,

    /// <summary>The access tokens of a project.</summary>
    ManageProjectAccessTokens,

    /// <summary>The deploy tokens of a project: seeing, making and ending them.</summary>
    ManageProjectDeployTokens,

    /// <summary>Minting and ending job tokens of a project, and which other projects' jobs may use it.</summary>
    ManageJobTokens,

    /// <summary>Who is a member of a project.</summary>
    ReadProjectMembers,

    /// <summary>Asking by GraphQL; what each field takes is asked where it is answered.</summary>
    UseGraph,

    /// <summary>What packages there are in a project.</summary>
    ListPackages,

    /// <summary>What packages there are in a group.</summary>
    ListGroupPackages,

    /// <summary>Downloading a package file.</summary>
    PullPackage,

    /// <summary>Publishing a package file.</summary>
    PublishPackage,

    /// <summary>Deleting a package or one of its files.</summary>
    DestroyPackage,

    /// <summary>What holds for the packages of a group's projects.</summary>
    ManagePackageSettings,

    /// <summary>Looking at the plan limits of the server, and setting them.</summary>
    ManagePlanLimits,

    /// <summary>The protection rules and the cleanup policy of a project.</summary>
    ManagePackageRules,

    /// <summary>Looking at virtual registries, upstreams and cache entries.</summary>
    ReadVirtualRegistry,

    /// <summary>Making, changing, purging and deleting them.</summary>
    ManageVirtualRegistry,

    /// <summary>Saying what is removed from the caches of a group's virtual registries.</summary>
    ManageVirtualRegistryCleanup,

    /// <summary>Downloading through a virtual registry.</summary>
    DownloadFromVirtualRegistry,
}

/// <summary>How credentials may be placed in a request, and how refusals are worded.</summary>
public enum Surface
{
    /// <summary>The ordinary API (generic-packages contract section 1.6).</summary>
    Api,

    /// <summary>GraphQL (generic-packages contract section 5). Fields decide for themselves what the caller may see.</summary>
    Graph,

    /// <summary>Publishing and downloading generic packages (generic-packages contract section 1.5).</summary>
    GenericPackages,

    /// <summary>Managing virtual registries (Maven contract sections 1.2 and 1.4).</summary>
    VirtualRegistryApi,

    /// <summary>The endpoint that Maven and its kin download from (Maven contract sections 1.2 and 1.4).</summary>
    VirtualRegistryDownload,
}

/// <summary>The metadata of an endpoint that says what it asks of its caller.</summary>
public sealed record RequiredPermission(Permission Permission, Surface Surface);

/// <summary>Attaches <see cref="RequiredPermission"/> to endpoints.</summary>
public static class PermissionConventions
{
    /// <summary>Says what the endpoint asks of its caller. The handler still hands its project or group to <see cref="Gate"/>.</summary>
    public static TBuilder Requires<TBuilder>(this TBuilder endpoint, Permission permission, Surface surface)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new RequiredPermission(permission, surface));
}
