using Larder.Registry.Data;
using Larder.Registry.Namespaces;

namespace Larder.Registry.Access;

/// <summary>The first administrator. There is no default password: the first start makes one token.</summary>
public sealed class RootAccount(Database database, TokenStore tokens, AccessCache cache, LarderOptions options, TimeProvider time)
{
    /// <summary>The file in the data directory that holds a random first token, readable by its owner alone.</summary>
    public const string FileName = "root-token";

    private const string Username = "root";

    /// <summary>
    /// On the very first start of the very first node makes <c>root</c> and its token: the configured one, or else a random one,
    /// which is written to <see cref="FileName"/>. Later starts change nothing.
    /// </summary>
    /// <returns>The random token, if this call has made one.</returns>
    public async Task<string?> EnsureAsync(CancellationToken cancellationToken)
    {
        if (await ExistsAsync(cancellationToken)) return null;
        if (options.InitialRootToken.Length > 0)
        {
            await TryCreateAsync(options.InitialRootToken, cancellationToken);
            return null;
        }
        var token = TokenText.PersonalAccessToken();
        // The file first: were it the other way round, a full disk would leave a root that nobody has the token of.
        var draft = await WriteDraftAsync(token, cancellationToken);
        try
        {
            if (!await TryCreateAsync(token, cancellationToken)) return null;
            File.Move(draft, Path.Combine(options.DataDirectory, FileName), overwrite: true);
            return token;
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private Task<bool> ExistsAsync(CancellationToken cancellationToken) => database.ReadAsync(
        async session => await session.SingleAsync<long>("select count(*) from users where username_key = @Username", new { Username }) > 0,
        cancellationToken);

    /// <summary>False when another node was first.</summary>
    private async Task<bool> TryCreateAsync(string token, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync(async session =>
            {
                var root = new NewUser(Username, "Administrator", "admin@example.com", IsAdmin: true);
                var user = await UserStore.InsertAsync(session, root, time.GetUtcNow().ToUnixTimeMilliseconds());
                await tokens.InsertAsync(session, token, user.Id, "first start", null, "api", expiresAt: null);
            }, cancellationToken);
        }
        catch (DuplicateRowException)
        {
            return false;
        }
        cache.UsersChanged();
        return true;
    }

    private async Task<string> WriteDraftAsync(string token, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.DataDirectory);
        var draft = Path.Combine(options.DataDirectory, $".{FileName}-{Guid.NewGuid():n}");
        var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        // From its first moment: a mode set afterwards comes too late for whoever has opened it by then.
        if (!OperatingSystem.IsWindows()) creation.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var file = new FileStream(draft, creation))
        await using (var writer = new StreamWriter(file))
        {
            await writer.WriteLineAsync(token.AsMemory(), cancellationToken);
            await writer.FlushAsync(cancellationToken);
            file.Flush(flushToDisk: true);
        }
        return draft;
    }
}
