using Microsoft.OpenApi;

namespace Larder.Server;

/// <summary>The chapters of the OpenAPI document.</summary>
internal static class ApiTags
{
    private const string AuditEvents = "Audit events";
    private const string Groups = "Groups";
    private const string Packages = "Packages";
    private const string Projects = "Projects";
    private const string Server = "Server";
    private const string Tokens = "Tokens";
    private const string Users = "Users";
    private const string VirtualRegistries = "Virtual registries";

    private static readonly (string Name, string Description)[] All =
    [
        (Packages, "Publishing, fetching, listing and deleting packages and their files, and the rules for them."),
        (VirtualRegistries, "One URL in front of several Maven repositories: registries, upstreams, rules, caches, and the downloads themselves."),
        (Projects, "What packages live in, and who is a member there."),
        (Groups, "What projects live in, and who is a member there."),
        (Users, "Who may sign in, and one's own account."),
        (Tokens, "Access tokens of users, projects and groups, deploy tokens, and the tokens and rules of CI jobs."),
        (AuditEvents, "Who changed what."),
        (Server, "Version, limits, and GraphQL."),
    ];

    /// <summary>Names them in this order, instead of those that the framework makes of the names of classes.</summary>
    public static void Describe(OpenApiDocument document) =>
        document.Tags = All.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }).ToHashSet();

    /// <summary>That of a path.</summary>
    public static string Of(string path) => path switch
    {
        _ when path.Contains("virtual_registries", StringComparison.Ordinal) => VirtualRegistries,
        _ when path.Contains("packages", StringComparison.Ordinal) || path.Contains("package_", StringComparison.Ordinal) => Packages,
        _ when path.Contains("token", StringComparison.Ordinal) => Tokens,
        _ when path.Contains("audit_events", StringComparison.Ordinal) => AuditEvents,
        _ when path.StartsWith("api/v4/groups", StringComparison.Ordinal) => Groups,
        _ when path.StartsWith("api/v4/projects", StringComparison.Ordinal) => Projects,
        _ when path.StartsWith("api/v4/user", StringComparison.Ordinal) => Users,
        _ => Server,
    };
}
