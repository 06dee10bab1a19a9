using Larder.Registry.Audit;
using Larder.Registry.Namespaces;
using Larder.Registry.Upkeep;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Packages;

/// <summary>
/// Does the cleanup policies that are due, one after the other. A policy is taken by the statement that puts its next run off,
/// so what a node that stops in the middle leaves undone waits for that next run.
/// </summary>
public sealed partial class CleanupRuns(
    CleanupPolicyStore policies, Cleanup cleanup, ProjectStore projects, AuditLog audit, ILogger<CleanupRuns> logger) : IPeriodicWork
{
    /// <inheritdoc/>
    public string Name => "package_cleanup_policies";

    /// <inheritdoc/>
    public string About => "Does the cleanup policies of projects that are due; each is every twelve hours.";

    /// <inheritdoc/>
    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var (packages, files) = (0L, 0L);
        while (await policies.TakeDueAsync(cancellationToken) is { } due)
        {
            var removed = await cleanup.RunAsync(due.ProjectId, due.Policy, cancellationToken);
            if (removed.Files + removed.Packages == 0) continue;
            (packages, files) = (packages + removed.Packages, files + removed.Files);
            Cleaned(logger, due.ProjectId, removed.Packages, removed.Files);
            await audit.AddAsync(new AuditEvent
            {
                EventName = AuditEventNames.PackagesCleanedUp, AuthorName = Name, EntityType = EntityTypes.Project, EntityId = due.ProjectId,
                EntityPath = (await projects.FindByIdAsync(due.ProjectId, cancellationToken))?.FullPath ?? "",
                Target = $"{removed.Packages} packages, {removed.Files} package files",
            });
        }
        return packages + files == 0 ? null : $"{packages} packages, {files} package files";
    }

    [LoggerMessage(5101, LogLevel.Information, "The cleanup policy of project {ProjectId} has removed {Packages} packages and {Files} package files")]
    private static partial void Cleaned(ILogger logger, long projectId, long packages, long files);
}
