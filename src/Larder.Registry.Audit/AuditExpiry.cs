using Larder.Registry.Upkeep;

namespace Larder.Registry.Audit;

/// <summary>Removes audit events that are older than <see cref="LarderOptions.AuditDays"/>.</summary>
public sealed class AuditExpiry(AuditLog log, LarderOptions options, TimeProvider time) : IPeriodicWork
{
    private const int RowsPerStep = 1000;

    /// <inheritdoc/>
    public string Name => "audit_expiry";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.AuditDays == 0) return;
        var olderThan = time.GetUtcNow().AddDays(-options.AuditDays).ToUnixTimeMilliseconds();
        while (await log.RemoveAsync(olderThan, RowsPerStep, cancellationToken) == RowsPerStep) await Task.Yield();
    }
}
