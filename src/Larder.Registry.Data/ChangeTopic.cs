namespace Larder.Registry.Data;

/// <summary>
/// The kinds of rows that nodes remember. The names travel between nodes, and those of two versions may run side by side: a name
/// is never given another meaning.
/// </summary>
public static class ChangeTopic
{
    /// <summary>Users and tokens of every kind.</summary>
    public const string Users = "users";

    /// <summary>Who is a member of what.</summary>
    public const string Members = "members";

    /// <summary>Groups and projects.</summary>
    public const string Namespaces = "namespaces";

    /// <summary>Which projects' jobs may use a project.</summary>
    public const string JobSources = "job_sources";

    /// <summary>Protection rules of packages.</summary>
    public const string ProtectionRules = "protection_rules";

    /// <summary>Limits of the plan.</summary>
    public const string PlanLimits = "plan_limits";

    /// <summary>Registries, upstreams, their rules, and which upstreams a registry has.</summary>
    public const string VirtualRegistries = "virtual_registries";

    /// <summary>Cache entries of one path, whatever the upstream; the key is the path.</summary>
    public const string CachedFiles = "cached_files";

    /// <summary>A node no longer asks upstreams for a file, and others need not wait for it; the key is the path.</summary>
    public const string FillsEnded = "fills_ended";
}
