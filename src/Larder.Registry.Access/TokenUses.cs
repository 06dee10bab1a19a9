using System.Collections.Concurrent;
using System.Data.Common;
using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Access;

/// <summary>When each token was last used.</summary>
public sealed class TokenUses(Database database, TimeProvider time, ILogger<TokenUses> logger) : GatheredWrites(time, logger)
{
    // More different tokens than this in ten seconds are not noted, rather than filling the memory.
    private const int MostNoted = 100_000;

    private ConcurrentDictionary<(CallerKind Kind, long Id), long> noted = new();

    /// <summary>This caller's token has been used now. Only access tokens and deploy tokens keep it.</summary>
    internal void Note(Caller caller)
    {
        if (caller.TokenId is not { } id || caller.Kind is not (CallerKind.User or CallerKind.DeployToken)) return;
        var now = Time.GetUtcNow().ToUnixTimeMilliseconds();
        var current = noted;
        if (current.TryGetValue((caller.Kind, id), out var last))
        {
            // To the second: a hot token would otherwise be one contended entry.
            if (now - last < 1000) return;
        }
        else if (current.Count >= MostNoted)
        {
            return;
        }
        current[(caller.Kind, id)] = now;
    }

    /// <inheritdoc/>
    protected override string What => "Times of last use of tokens";

    /// <inheritdoc/>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (noted.IsEmpty) return;
        var taken = Interlocked.Exchange(ref noted, new());
        try
        {
            await database.WriteAsync(async session =>
            {
                // In one order everywhere, so that two nodes cannot lock each other's rows.
                foreach (var ((kind, id), at) in taken.OrderBy(use => use.Key))
                {
                    await session.ExecuteAsync(kind == CallerKind.DeployToken
                        ? "update deploy_tokens set last_used_at = @At where id = @Id and (last_used_at is null or last_used_at < @At)"
                        : "update personal_access_tokens set last_used_at = @At where id = @Id and (last_used_at is null or last_used_at < @At)",
                        new { Id = id, At = at });
                }
            }, cancellationToken);
        }
        catch (Exception e) when (e is DbException or OperationCanceledException)
        {
            foreach (var (key, at) in taken) noted.TryAdd(key, at);
            throw;
        }
    }

}
