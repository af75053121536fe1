using System.Globalization;
using Metering.Grains.Journal;

namespace Metering.Silo.Health;

/// <summary>What an operator should know of the ledger: charging goes on without it, until the journal is as long as it may be.</summary>
public static class LedgerHealth
{
    /// <summary>Why it is not as it should be; nothing when it is. Each one line.</summary>
    /// <param name="backlog">What the journal has and the ledger has not.</param>
    /// <param name="limit">Bytes of it in one partition at which accounts refuse.</param>
    public static IEnumerable<string> Reasons(ArchiveBacklog backlog, long limit)
    {
        if (backlog.Fault is { } fault)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"The ledger does not take what is committed; {backlog.Bytes} bytes of log wait: {fault}");
        }

        if (backlog.LongestBytes >= limit / 2)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"The ledger is behind: a partition has {backlog.LongestBytes} of {limit} bytes of log that it has not taken, and at all of them its accounts refuse.");
        }
    }
}
