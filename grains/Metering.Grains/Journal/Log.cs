using Microsoft.Extensions.Logging;

namespace Metering.Grains.Journal;

/// <summary>What operators hear of the journal. Event ids 1000 to 1099.</summary>
internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Information, "Opened {Journal}: claimed record {Record}, read {Records} records, {Bytes} bytes not in snapshots.")]
    internal static partial void PartitionOpened(ILogger logger, string journal, long record, long records, long bytes);

    [LoggerMessage(1001, LogLevel.Warning, "Lost {Journal}: {Reason}. Its accounts give up and are read again.")]
    internal static partial void PartitionLost(ILogger logger, Exception? exception, string journal, string reason);

    [LoggerMessage(1002, LogLevel.Information, "Closed {Journal} after record {Record}.")]
    internal static partial void PartitionClosed(ILogger logger, string journal, long record);

    [LoggerMessage(1003, LogLevel.Error, "{Journal} is damaged at record {Record}: {Reason}. All accounts of the partition are quarantined until the log is restored.")]
    internal static partial void PartitionDamaged(ILogger logger, string journal, long record, string reason);

    [LoggerMessage(1004, LogLevel.Error, "Account {Account} is quarantined: {Journal}, record {Record}: {Reason}. Its records stay in the log.")]
    internal static partial void AccountDamaged(ILogger logger, string account, string journal, long record, string reason);

    [LoggerMessage(1005, LogLevel.Warning, "Could not open {Journal}.")]
    internal static partial void OpeningFailed(ILogger logger, Exception exception, string journal);

    [LoggerMessage(1006, LogLevel.Warning, "Account {Account} did not write the snapshot the checkpoint of {Journal} asked for; its records stay in the log.")]
    internal static partial void CheckpointFailed(ILogger logger, Exception exception, string account, string journal);

    [LoggerMessage(1007, LogLevel.Warning, "Could not trim {Journal} through record {Record}; trying again later.")]
    internal static partial void TrimFailed(ILogger logger, Exception exception, string journal, long record);

    [LoggerMessage(1008, LogLevel.Warning, "{Journal} holds {Bytes} bytes that no snapshot covers, its limit: accounts refuse until the checkpoint has caught up.")]
    internal static partial void TailFull(ILogger logger, string journal, long bytes);

    [LoggerMessage(1009, LogLevel.Error, "The store has lost the committed records {First} to {Last} of {Journal}; they are appended again from memory.")]
    internal static partial void TailLost(ILogger logger, string journal, long first, long last);

    [LoggerMessage(1010, LogLevel.Warning, "Records {First} to {Last} of {Journal} are in the log again: nothing was lost.")]
    internal static partial void TailRestored(ILogger logger, string journal, long first, long last);

    [LoggerMessage(1011, LogLevel.Warning, "Could not ask where {Journal} ends: until that works, its accounts answer reads and refusals with unavailable.")]
    internal static partial void CheckFailed(ILogger logger, Exception exception, string journal);

    [LoggerMessage(1012, LogLevel.Error, "Could not archive {Journal}; trying again. Charging goes on, and the journal keeps what is not archived, up to its limit.")]
    internal static partial void ArchiveFailed(ILogger logger, Exception exception, string journal);

    [LoggerMessage(1013, LogLevel.Information, "The archive takes {Journal} again.")]
    internal static partial void ArchiveMended(ILogger logger, string journal);

    [LoggerMessage(1014, LogLevel.Warning, "Records {First} to {Last} of {Journal} were trimmed while nobody archived: what they held is not in the ledger.")]
    internal static partial void ArchiveSkips(ILogger logger, string journal, long first, long last);

    [LoggerMessage(1015, LogLevel.Warning, "The archive is {Bytes} bytes behind {Journal}, its limit: accounts refuse until it has caught up.")]
    internal static partial void ArchiveBehind(ILogger logger, string journal, long bytes);
}
