using Microsoft.Extensions.Logging;

namespace Larder.Registry.Data;

/// <summary>Writes the beginning and the end of an outage into the log, and nothing of the thousand requests in between.</summary>
internal sealed partial class OutageLog(ILogger logger)
{
    private int away;

    /// <summary>The database has not answered.</summary>
    public void Began(DatabaseUnavailableException failure)
    {
        if (Interlocked.Exchange(ref away, 1) == 0) DatabaseAway(logger, failure.Message);
    }

    /// <summary>It has.</summary>
    public void Ended()
    {
        if (Volatile.Read(ref away) == 1 && Interlocked.Exchange(ref away, 0) == 1) DatabaseBack(logger);
    }

    [LoggerMessage(6001, LogLevel.Error, "The database does not answer: {Reason}")]
    private static partial void DatabaseAway(ILogger logger, string reason);

    [LoggerMessage(6002, LogLevel.Information, "The database answers again")]
    private static partial void DatabaseBack(ILogger logger);
}
