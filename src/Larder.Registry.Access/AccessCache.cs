using Larder.Registry.Data;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>
/// What this node remembers for up to five seconds so that a hot request needs no statement for its caller, its project and
/// its membership. Whoever changes users, tokens, members, groups or projects says so here after the commit.
/// </summary>
public sealed class AccessCache
{
    private readonly ChangeNotices changes;

    /// <summary>Remembers nothing yet.</summary>
    public AccessCache(ChangeNotices changes, TimeProvider time)
    {
        this.changes = changes;
        Tokens = new(10_000, time);
        UnknownTokens = new(10_000, time);
        Memberships = new(20_000, time);
        JobSources = new(10_000, time);
        Namespaces = new(10_000, time);
        Projects = new(10_000, time);
        changes.On(ChangeTopic.Users, _ => ForgetUsers());
        changes.On(ChangeTopic.Members, _ => Memberships.Forget());
        changes.On(ChangeTopic.Namespaces, _ => ForgetNamespaces());
        changes.On(ChangeTopic.JobSources, _ => JobSources.Forget());
    }

    /// <summary>Good tokens (also expired and revoked ones) by digest.</summary>
    internal ShortMemory<TokenDigest, TokenIdentity> Tokens { get; }

    /// <summary>Digests that no token has, apart from the others: a flood of wrong tokens must not drive out good ones.</summary>
    internal ShortMemory<TokenDigest, TokenIdentity> UnknownTokens { get; }

    /// <summary>The level of a user in a project or namespace.</summary>
    internal ShortMemory<MembershipKey, Membership> Memberships { get; }

    /// <summary>Whether jobs of a source may use a project.</summary>
    internal ShortMemory<(long Project, long Source), bool> JobSources { get; }

    /// <summary>Groups and personal namespaces by id (and an empty path) or by path (and id 0).</summary>
    internal ShortMemory<(long Id, string Path), Namespace> Namespaces { get; }

    /// <summary>Projects likewise.</summary>
    internal ShortMemory<(long Id, string Path), Project> Projects { get; }

    /// <summary>Users or their tokens have changed.</summary>
    public void UsersChanged() => changes.Publish(ChangeTopic.Users);

    /// <summary>Members have changed.</summary>
    public void MembersChanged() => changes.Publish(ChangeTopic.Members);

    /// <summary>Groups or projects were made, changed or removed.</summary>
    public void NamespacesChanged() => changes.Publish(ChangeTopic.Namespaces);

    /// <summary>Which projects' jobs may use a project has changed.</summary>
    public void JobSourcesChanged() => changes.Publish(ChangeTopic.JobSources);

    private void ForgetUsers()
    {
        Tokens.Forget();
        UnknownTokens.Forget();
    }

    private void ForgetNamespaces()
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
