using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Identity;

namespace Larder.Registry.Access;

/// <summary>Passwords of users, who may have none. They open a session of a browser and nothing else; the API knows only tokens.</summary>
public sealed class Passwords(Database database)
{
    /// <summary>The shortest password, in characters.</summary>
    public const int Shortest = 8;

    /// <summary>The longest password, in characters.</summary>
    public const int Longest = 128;

    private static readonly PasswordHasher<string> Hasher = new();

    // Checked for whoever does not exist or has no password: time must not tell them from others.
    private static readonly string HashOfNobody = Hasher.HashPassword("", Guid.NewGuid().ToString());

    /// <summary>What is wrong with a new password, in GitLab's words, or null.</summary>
    public static string? Problem(string password) =>
        password.Length < Shortest ? $"is too short (minimum is {Shortest} characters)"
        : password.Length > Longest ? $"is too long (maximum is {Longest} characters)"
        : null;

    /// <summary>What is kept of a password.</summary>
    public static string Hash(string password) => Hasher.HashPassword("", password);

    /// <summary>Whether a user has one.</summary>
    public Task<bool> HasAsync(long userId, CancellationToken cancellationToken) => database.ReadAsync(
        async session => await session.SingleAsync<long>(
            "select count(*) from users where id = @Id and password_hash is not null", new { Id = userId }) > 0, cancellationToken);

    /// <summary>The id of the active user whose password this is; null for every other answer, always after the same work.</summary>
    public async Task<long?> VerifyAsync(string username, string password, CancellationToken cancellationToken)
    {
        var row = await database.ReadAsync(session => session.FirstOrDefaultAsync<Row>(
            "select u.id, u.state, u.password_hash from users u where u.username_key = @Key", new { Key = IdOrPath.Key(username) }),
            cancellationToken);
        var tooLong = password.Length > Longest;
        var result = Hasher.VerifyHashedPassword("", row?.PasswordHash ?? HashOfNobody, tooLong ? "" : password);
        return result != PasswordVerificationResult.Failed && !tooLong && row is { PasswordHash: not null, State: UserState.Active } ? row.Id : null;
    }

    private sealed record Row(long Id, string State, string? PasswordHash);
}
