using Microsoft.Extensions.Logging;

namespace Metering.Grains;

/// <summary>What the account grains tell operators. Event ids are stable. (The journal's are in <c>Journal/</c>.)</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Error, "Account {Account} is quarantined and answers nobody: {Reason}")]
    internal static partial void Quarantined(ILogger logger, string account, string reason);

    [LoggerMessage(2001, LogLevel.Warning, "Account {Account} could not write its snapshot, and {Untold} others since the last line like this; the journal keeps their entries until they can.")]
    internal static partial void SnapshotFailed(ILogger logger, string account, long untold, Exception failure);

    [LoggerMessage(2002, LogLevel.Warning, "Account {Account} could not read its snapshot, and {Untold} others since the last line like this; callers are told to try again.")]
    internal static partial void SnapshotNotRead(ILogger logger, string account, long untold, Exception failure);

    [LoggerMessage(2004, LogLevel.Warning, "Account {Account} could not be reached from its silo's router, and {Untold} others since the last line like this; callers are told to try again.")]
    internal static partial void AccountNotReached(ILogger logger, string account, long untold, Exception failure);

    [LoggerMessage(2005, LogLevel.Warning, "Account {Account} could not remove block {Block} of ids it has forgotten; it tries again with its next snapshot.")]
    internal static partial void IdBlockNotRemoved(ILogger logger, string account, long block, Exception failure);

    [LoggerMessage(2006, LogLevel.Warning, "Account {Account} leaves {Blocks} blocks of forgotten ids behind in the store, which has removed none for a long time.")]
    internal static partial void IdBlocksLeft(ILogger logger, string account, int blocks);

    [LoggerMessage(2003, LogLevel.Warning, "Rate card {Card} could not be loaded for account {Account}, nor {Untold} times since the last line like this; callers are told to try again.")]
    internal static partial void RateCardNotLoaded(ILogger logger, string card, string account, long untold, Exception failure);
}
