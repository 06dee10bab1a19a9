namespace Larder.Registry.Access;

/// <summary>What a token is limited to, whatever its owner may. The names on the wire are <see cref="ScopeNames"/>.</summary>
[Flags]
public enum Scopes
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>api</c>: everything.</summary>
    Api = 1 << 0,

    /// <summary><c>read_api</c>: GET and HEAD of everything that <c>api</c> may.</summary>
    ReadApi = 1 << 1,

    /// <summary><c>read_user</c>: who the caller is, and other users.</summary>
    ReadUser = 1 << 2,

    /// <summary><c>read_virtual_registry</c>: downloads from virtual registries.</summary>
    ReadVirtualRegistry = 1 << 3,

    /// <summary><c>write_virtual_registry</c>: known to GitLab, needed by no Maven endpoint.</summary>
    WriteVirtualRegistry = 1 << 4,

    /// <summary><c>self_rotate</c>: a token that may replace itself.</summary>
    SelfRotate = 1 << 5,

    /// <summary>Scopes that GitLab knows and nothing here asks for: clients may order them.</summary>
    Other = 1 << 6,

    /// <summary><c>read_package_registry</c> of a deploy token: downloads packages.</summary>
    ReadPackageRegistry = 1 << 7,

    /// <summary><c>write_package_registry</c> of a deploy token: publishes packages, and downloads them.</summary>
    WritePackageRegistry = 1 << 8,

    /// <summary>Any token will do, whatever its scopes.</summary>
    Any = ~0,
}

/// <summary>Scopes as GitLab spells them.</summary>
public static class ScopeNames
{
    // In the order in which GitLab lists what would have sufficed.
    private static readonly (string Name, Scopes Scope)[] Known =
    [
        ("api", Scopes.Api), ("read_api", Scopes.ReadApi), ("read_user", Scopes.ReadUser),
        ("read_virtual_registry", Scopes.ReadVirtualRegistry), ("write_virtual_registry", Scopes.WriteVirtualRegistry),
        ("self_rotate", Scopes.SelfRotate),
        ("read_repository", Scopes.Other), ("write_repository", Scopes.Other), ("read_registry", Scopes.Other),
        ("write_registry", Scopes.Other), ("create_runner", Scopes.Other), ("manage_runner", Scopes.Other),
        ("k8s_proxy", Scopes.Other), ("ai_features", Scopes.Other), ("sudo", Scopes.Other), ("admin_mode", Scopes.Other),
        ("read_service_ping", Scopes.Other),
    ];

    private static readonly (string Name, Scopes Scope)[] KnownOfDeployTokens =
    [
        ("read_repository", Scopes.Other), ("read_registry", Scopes.Other), ("write_registry", Scopes.Other),
        ("read_package_registry", Scopes.ReadPackageRegistry), ("write_package_registry", Scopes.WritePackageRegistry),
        ("read_virtual_registry", Scopes.ReadVirtualRegistry), ("write_virtual_registry", Scopes.WriteVirtualRegistry),
    ];

    /// <summary>Every name that an access token (personal, of a project, of a group) may have been given.</summary>
    public static IReadOnlyCollection<string> All { get; } = [.. Known.Select(known => known.Name)];

    /// <summary>Every name that a deploy token may have been given.</summary>
    public static IReadOnlyCollection<string> OfDeployTokens { get; } = [.. KnownOfDeployTokens.Select(known => known.Name)];

    /// <summary>The names of the scopes that something here asks for.</summary>
    public static IEnumerable<string> Names(Scopes scopes) =>
        Known.Where(known => known.Scope != Scopes.Other && scopes.HasFlag(known.Scope)).Select(known => known.Name);

    /// <summary>
    /// What a token with these scopes may hand on to another one: they themselves, and with <c>api</c> everything but what
    /// GitLab keeps apart from it for administrators.
    /// </summary>
    public static IReadOnlyCollection<string> Within(IReadOnlyCollection<string> scopes) => scopes.Contains("api")
        ? [.. All.Where(name => name is not ("sudo" or "admin_mode") || scopes.Contains(name))]
        : scopes;

    /// <summary>Reads names separated by spaces, as a row keeps them. A name that this version does not know grants nothing.</summary>
    public static Scopes Parse(string names)
    {
        var scopes = Scopes.None;
        foreach (var name in names.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            foreach (var known in Known.Concat(KnownOfDeployTokens))
                if (known.Name == name) scopes |= known.Scope;
        return scopes;
    }
}
