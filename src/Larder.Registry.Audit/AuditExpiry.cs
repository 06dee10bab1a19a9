using Larder.Registry.Upkeep;

namespace Larder.Registry.Audit;

/// <summary>Removes audit events that are older than <see cref="LarderOptions.AuditDays"/>.</summary>
public sealed class AuditExpiry(AuditLog log, LarderOptions options, TimeProvider time) : IPeriodicWork
{
    private const int RowsPerStep = 1000;

    /// <inheritdoc/>
    public string Name => "audit_expiry";

    /// <inheritdoc/>
    public string About => "Removes audit events that are older than the server keeps them.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        if (options.AuditDays == 0) return null;
        var olderThan = time.GetUtcNow().AddDays(-options.AuditDays).ToUnixTimeMilliseconds();
        for (var removed = 0L; ;)
        {
            var step = await log.RemoveAsync(olderThan, RowsPerStep, cancellationToken);
            removed += step;
            if (step < RowsPerStep) return removed == 0 ? null : $"{removed} events older than {options.AuditDays} days";
        }
    }
}
