namespace Larder.Registry.Data;

/// <summary>
/// The schema could not be brought to this version; the database is as it was. Mostly the tables belong to another user of the
/// database than the one that Larder comes as.
/// </summary>
/// <param name="script">The script that failed; null when the list of those that ran could not be read.</param>
/// <param name="inner">What the database said.</param>
public sealed class MigrationFailedException(string? script, Exception inner) : InvalidOperationException(
    script is null ? $"The list of migrations cannot be read: {inner.Message}" : $"Migration {script} failed: {inner.Message}", inner);
