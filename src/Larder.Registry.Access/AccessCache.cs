using Larder.Registry.Data;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>
/// What this node remembers for up to five seconds so that a hot request needs no statement for its caller, its project and
/// its membership. Whoever changes users, tokens, members, groups or projects says so here after the commit.
/// </summary>
public sealed class AccessCache(TimeProvider time)
{
    /// <summary>Good tokens (also expired and revoked ones) by digest.</summary>
    internal ShortMemory<TokenDigest, TokenIdentity> Tokens { get; } = new(10_000, time);

    /// <summary>Digests that no token has, apart from the others: a flood of wrong tokens must not drive out good ones.</summary>
    internal ShortMemory<TokenDigest, TokenIdentity> UnknownTokens { get; } = new(10_000, time);

    /// <summary>The level of a user in a project or namespace.</summary>
    internal ShortMemory<MembershipKey, Membership> Memberships { get; } = new(20_000, time);

    /// <summary>Whether jobs of a source may use a project.</summary>
    internal ShortMemory<(long Project, long Source), bool> JobSources { get; } = new(10_000, time);

    /// <summary>Groups and personal namespaces by id (and an empty path) or by path (and id 0).</summary>
    internal ShortMemory<(long Id, string Path), Namespace> Namespaces { get; } = new(10_000, time);

    /// <summary>Projects likewise.</summary>
    internal ShortMemory<(long Id, string Path), Project> Projects { get; } = new(10_000, time);

    /// <summary>Users or their tokens have changed.</summary>
    public void UsersChanged()
    {
        Tokens.Forget();
        UnknownTokens.Forget();
    }

    /// <summary>Members have changed.</summary>
    public void MembersChanged() => Memberships.Forget();

    /// <summary>Groups or projects were made, changed or removed.</summary>
    public void NamespacesChanged()
    {
        Namespaces.Forget();
        Projects.Forget();
        // Visibility and ownership take part in what a user may.
        Memberships.Forget();
        // And tokens of jobs know where their project is.
        Tokens.Forget();
        JobSources.Forget();
    }
}
