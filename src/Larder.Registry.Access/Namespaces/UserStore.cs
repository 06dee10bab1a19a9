using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>What a new user is made of.</summary>
public sealed record NewUser(string Username, string Name, string Email, bool IsAdmin)
{
    /// <summary>Of <see cref="Passwords.Hash"/>; null for a user without a password.</summary>
    public string? PasswordHash { get; init; }
}

/// <summary>What a user is to be from now on.</summary>
public sealed record UserChanges(string Username, string Name, string Email, bool IsAdmin)
{
    /// <summary>Of <see cref="Passwords.Hash"/>; null leaves the password as it is.</summary>
    public string? PasswordHash { get; init; }
}

/// <summary>Which users are wanted; null for all.</summary>
public sealed record UserFilter(string? Username, string? Search, string? State = null, bool WithoutBots = false, bool AdminsOnly = false);

/// <summary>Users and their personal namespaces.</summary>
public sealed class UserStore(Database database, AccessCache cache, TimeProvider time)
{
    private const string Select = """
        select u.id, u.username, u.name, u.email, u.state, u.admin, u.created_at, n.id as namespace_id, u.bot_project_id, u.bot_namespace_id
        from users u left join namespaces n on n.owner_id = u.id
        """;

    /// <summary>By id; null when there is none.</summary>
    public Task<User?> FindAsync(long id, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstOrDefaultAsync<User>($"{Select} where u.id = @Id", new { Id = id }), cancellationToken);

    /// <summary>By username, in any case.</summary>
    public Task<User?> FindByNameAsync(string username, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstOrDefaultAsync<User>($"{Select} where u.username_key = @Key", new { Key = IdOrPath.Key(username) }),
        cancellationToken);

    /// <summary>By e-mail address, in any case.</summary>
    public Task<User?> FindByEmailAsync(string email, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstOrDefaultAsync<User>($"{Select} where lower(u.email) = lower(@Email)", new { Email = email }), cancellationToken);

    /// <summary>Whether some user besides one (0 for nobody) has this address, in any case.</summary>
    public Task<bool> EmailIsTakenAsync(string email, long besides, CancellationToken cancellationToken) => database.ReadAsync(
        async session => await session.SingleAsync<long>(
            "select count(*) from users where lower(email) = lower(@Email) and id <> @Besides", new { Email = email, Besides = besides }) > 0,
        cancellationToken);

    /// <summary>A page of users, the newest first, and how many there are.</summary>
    public Task<(IReadOnlyList<User> Users, long Total)> ListAsync(UserFilter filter, Page page, CancellationToken cancellationToken)
    {
        var where = Conditions.All(
            filter.Username is null ? null : "u.username_key = @Username",
            filter.Search is null ? null
                : @"(lower(u.name) like @Search escape '\' or u.username_key like @Search escape '\' or lower(u.email) = @Email)",
            filter.State is null ? null : "u.state = @State",
            filter.WithoutBots ? "u.bot_project_id is null and u.bot_namespace_id is null" : null,
            filter.AdminsOnly ? "u.admin = 1" : null);
        var parameters = new
        {
            filter.State, Username = filter.Username?.ToLowerInvariant(), Search = LikePattern.Containing(filter.Search),
            Email = filter.Search?.ToLowerInvariant(), Limit = page.Size, page.Offset, Page.CountLimit,
        };
        return database.ReadAsync(async session => (
            await session.QueryAsync<User>($"{Select} {where} order by u.id desc limit @Limit offset @Offset", parameters),
            await session.SingleAsync<long>($"select count(*) from (select 1 from users u {where} limit @CountLimit) counted", parameters)),
            cancellationToken);
    }

    /// <summary>Makes a user and the personal namespace of the same path.</summary>
    /// <exception cref="DuplicateRowException">The username (or the path, by a group) or the email has been taken.</exception>
    public async Task<User> CreateAsync(NewUser user, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var created = await database.WriteAsync(session => InsertAsync(session, user, now), cancellationToken);
        cache.UsersChanged();
        cache.NamespacesChanged();
        return created;
    }

    /// <summary>Changes a user, its personal namespace with it, and answers it as it is now; null when it is gone.</summary>
    /// <exception cref="DuplicateRowException">The username (or the path, by a group) or the email has been taken.</exception>
    public async Task<User?> ChangeAsync(User user, UserChanges changes, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var changed = await database.WriteAsync(async session =>
        {
            await session.ExecuteAsync("""
                update users set username = @Username, username_key = @Key, name = @Name, email = @Email, admin = @Admin, updated_at = @Now
                where id = @Id
                """, new
            {
                user.Id, changes.Username, Key = IdOrPath.Key(changes.Username), changes.Name, changes.Email, Admin = changes.IsAdmin ? 1L : 0L, Now = now,
            });
            await session.ExecuteAsync(
                "update namespaces set name = @Name, updated_at = @Now where owner_id = @Id", new { user.Id, changes.Name, Now = now });
            if (changes.PasswordHash is { } hash) await SetPasswordAsync(session, user.Id, hash);
            if (changes.Username != user.Username && user.NamespaceId is { } personal)
            {
                var before = await session.SingleAsync<Namespace>(
                    $"select {NamespaceStore.Columns} from namespaces n where n.id = @Id", new { Id = personal });
                await Routes.RenameAsync(session, before, changes.Username);
            }
            return await session.FirstOrDefaultAsync<User>($"{Select} where u.id = @Id", new { user.Id });
        }, cancellationToken);
        cache.UsersChanged();
        cache.NamespacesChanged();
        return changed;
    }

    /// <summary>Makes a user an administrator or takes that away, but never from the last one who is not blocked: then false.</summary>
    public async Task<bool> SetAdministratorAsync(long id, bool isAdmin, CancellationToken cancellationToken)
    {
        var parameters = new { Id = id, Admin = isAdmin ? 1L : 0L, State = UserState.Active, Now = time.GetUtcNow().ToUnixTimeMilliseconds() };
        var changed = await database.WriteAsync(async session =>
        {
            // The last two may lose it in the same moment: the second waits here and then sees what the first has done.
            if (!isAdmin) await session.ExecuteAsync("update users set updated_at = updated_at where admin = 1 and state = @State", parameters);
            return await session.ExecuteAsync("""
                update users set admin = @Admin, updated_at = @Now where id = @Id
                  and (@Admin = 1 or exists (select 1 from users other where other.admin = 1 and other.state = @State and other.id <> @Id))
                """, parameters);
        }, cancellationToken);
        cache.UsersChanged();
        return changed > 0;
    }

    /// <summary>Blocks a user or lets it in again; false when there is no such user.</summary>
    public async Task<bool> SetStateAsync(long id, string state, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var changed = await database.WriteAsync(session => session.ExecuteAsync(
            "update users set state = @State, updated_at = @Now where id = @Id", new { Id = id, State = state, Now = now }),
            cancellationToken);
        cache.UsersChanged();
        return changed > 0;
    }

    /// <summary>Sets a password, of <see cref="Passwords.Hash"/>, and ends the sessions that the one before has opened.</summary>
    public Task SetPasswordAsync(long id, string hash, CancellationToken cancellationToken) =>
        database.WriteAsync(session => SetPasswordAsync(session, id, hash), cancellationToken);

    private static async Task SetPasswordAsync(Session session, long id, string hash)
    {
        await session.ExecuteAsync("update users set password_hash = @Hash where id = @Id", new { Id = id, Hash = hash });
        // Whoever knew the old one is out.
        await session.ExecuteAsync("delete from sessions where user_id = @Id and token_id is null", new { Id = id });
    }

    internal static async Task<User> InsertAsync(Session session, NewUser user, long now)
    {
        var id = await session.SingleAsync<long>("""
            insert into users (username, username_key, name, email, state, admin, password_hash, created_at, updated_at)
            values (@Username, @Key, @Name, @Email, @State, @Admin, @PasswordHash, @Now, @Now) returning id
            """, new
        {
            user.Username, Key = IdOrPath.Key(user.Username), user.Name, user.Email, State = UserState.Active,
            Admin = user.IsAdmin ? 1L : 0L, user.PasswordHash, Now = now,
        });
        var personal = new NewNamespace(NamespaceKind.User, null, id, user.Name, user.Username, Visibility.Private, "");
        var namespaceId = (await NamespaceStore.InsertAsync(session, personal, now)).Id;
        return new User(id, user.Username, user.Name, user.Email, UserState.Active, user.IsAdmin ? 1 : 0, now, namespaceId, null, null);
    }

    /// <summary>A user that stands for an access token of a project or group; it has no personal namespace.</summary>
    internal static Task<long> InsertBotAsync(Session session, Place place, string username, string name, long now) =>
        session.SingleAsync<long>("""
            insert into users (username, username_key, name, email, state, admin, created_at, updated_at, bot_project_id, bot_namespace_id)
            values (@Username, @Username, @Name, @Email, @State, 0, @Now, @Now, @ProjectId, @NamespaceId) returning id
            """, new
        {
            Username = username, Name = name, Email = $"{username}@noreply.invalid", State = UserState.Active, Now = now,
            place.ProjectId, place.NamespaceId,
        });
}
