using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Data;

namespace Larder.Registry.Namespaces;

/// <summary>
/// Takes users, groups and projects away with everything that is theirs: the one place that knows in which order rows refer
/// to each other. Bytes stay; the sweeper finds that no row names them.
/// </summary>
public sealed class Removals(Database database, AccessCache cache)
{
    /// <summary>A project with its packages, tokens, members and rules.</summary>
    public Task RemoveProjectAsync(long id, CancellationToken cancellationToken) => RemoveAsync(
        session => RemoveProjectsAsync(session, $"select id from projects where id = {Text(id)}"), cancellationToken);

    /// <summary>A group with the groups and projects inside it, its virtual registries, tokens and members.</summary>
    public Task RemoveGroupAsync(Namespace group, CancellationToken cancellationToken) => RemoveAsync(
        session => RemoveNamespacesAsync(session, group.Lineage), cancellationToken);

    /// <summary>
    /// A user with its tokens, memberships, personal namespace and the projects in it. What it published elsewhere stays, and
    /// nobody's. False when it is the only Owner of a group: nobody could manage that any more.
    /// </summary>
    public async Task<bool> RemoveUserAsync(User user, CancellationToken cancellationToken)
    {
        var removed = false;
        await RemoveAsync(async session =>
        {
            removed = false;
            var groups = await session.SingleAsync<long>("""
                select count(*) from members m join namespaces n on n.id = m.namespace_id
                where m.user_id = @Id and m.access_level = 50 and n.parent_id is null and not exists (
                  select 1 from members o where o.namespace_id = m.namespace_id and o.access_level = 50 and o.user_id <> @Id)
                """, new { user.Id });
            if (groups > 0) return;
            if (user.NamespaceId is { } personal) await RemoveNamespacesAsync(session, Text(personal));
            await RemoveUsersAsync(session, $"select id from users where id = {Text(user.Id)}");
            removed = true;
        }, cancellationToken);
        return removed;
    }

    private async Task RemoveAsync(Func<Session, Task> remove, CancellationToken cancellationToken)
    {
        await database.WriteAsync(remove, cancellationToken);
        cache.NamespacesChanged();
        cache.MembersChanged();
        cache.UsersChanged();
    }

    // The sets below are SQL of numbers and of our own words, never text of a client.
    private static async Task RemoveNamespacesAsync(Session session, string lineage)
    {
        var namespaces = $"select id from namespaces where lineage = '{lineage}' or lineage like '{lineage}/%'";
        await RemoveProjectsAsync(session, $"select id from projects where namespace_id in ({namespaces})");
        var upstreams = $"select id from maven_upstreams where group_id in ({namespaces})";
        await session.ExecuteAsync($"delete from maven_registry_upstreams where upstream_id in ({upstreams})");
        await session.ExecuteAsync($"delete from maven_cache_entries where upstream_id in ({upstreams})");
        await session.ExecuteAsync($"delete from maven_absences where upstream_id in ({upstreams})");
        await session.ExecuteAsync($"delete from maven_supplied_artifacts where upstream_id in ({upstreams})");
        await session.ExecuteAsync($"delete from maven_upstream_rules where upstream_id in ({upstreams})");
        await session.ExecuteAsync($"delete from maven_upstreams where group_id in ({namespaces})");
        await session.ExecuteAsync($"delete from maven_registries where group_id in ({namespaces})");
        await session.ExecuteAsync($"delete from members where namespace_id in ({namespaces})");
        await RemoveUsersAsync(session, $"select id from users where bot_namespace_id in ({namespaces})");
        await session.ExecuteAsync($"delete from routes where namespace_id in ({namespaces})");
        await session.ExecuteAsync($"delete from namespaces where id in ({namespaces})");
    }

    private static async Task RemoveProjectsAsync(Session session, string projects)
    {
        var packages = $"select id from packages where project_id in ({projects})";
        await session.ExecuteAsync($"delete from package_files where package_id in ({packages})");
        await session.ExecuteAsync($"delete from packages where project_id in ({projects})");
        await session.ExecuteAsync($"delete from members where project_id in ({projects})");
        await RemoveUsersAsync(session, $"select id from users where bot_project_id in ({projects})");
        await session.ExecuteAsync($"delete from routes where project_id in ({projects})");
        // Deploy tokens, job tokens, and all kinds of rules go with their project.
        await session.ExecuteAsync($"delete from projects where id in ({projects})");
    }

    private static async Task RemoveUsersAsync(Session session, string users)
    {
        if (await session.SingleAsync<long>($"select count(*) from users where id in ({users})") == 0) return;
        await session.ExecuteAsync($"delete from personal_access_tokens where user_id in ({users})");
        await session.ExecuteAsync($"delete from members where user_id in ({users})");
        await session.ExecuteAsync($"update package_files set creator_id = null where creator_id in ({users})");
        await session.ExecuteAsync($"update package_uploads set creator_id = null where creator_id in ({users})");
        await session.ExecuteAsync($"update packages set creator_id = null where creator_id in ({users})");
        await session.ExecuteAsync($"update projects set creator_id = null where creator_id in ({users})");
        await session.ExecuteAsync($"delete from users where id in ({users})");
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
