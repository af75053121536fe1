using Microsoft.Extensions.Logging;

namespace Metering.Silo.Ledger;

internal static partial class Log
{
    [LoggerMessage(2401, LogLevel.Information, "The ledger: {Merged} segments were merged into {Written}, and {Removed} were removed whose entries are in merged ones.")]
    internal static partial void Compacted(ILogger logger, int merged, int written, int removed);

    [LoggerMessage(2402, LogLevel.Information, "The ledger: {Removed} segments were removed, with all that is older than {Age}.")]
    internal static partial void Retired(ILogger logger, int removed, TimeSpan age);

    [LoggerMessage(2403, LogLevel.Error, "Segments of the ledger stay as they are, because they cannot be read: {Reason}. Verify the ledger.")]
    internal static partial void LeftAsTheyAre(ILogger logger, string reason);

    [LoggerMessage(2405, LogLevel.Information, "The ledger: {RolledUp} segments were rolled up into {Written}, and {Removed} were removed whose entries are in rollups.")]
    internal static partial void RolledUp(ILogger logger, int rolledUp, int written, int removed);

    [LoggerMessage(2404, LogLevel.Warning, "The ledger could not be tidied, and will be later: {Reason}")]
    internal static partial void UpkeepFailed(ILogger logger, string reason);

    [LoggerMessage(2406, LogLevel.Warning, "The ledger does not keep the state of account {Account} after entry {Sequence}; it will keep a later one. Until then looking back takes longer, or does not reach so far: {Reason}")]
    internal static partial void StateNotKept(ILogger logger, string account, long sequence, string reason);

    [LoggerMessage(2407, LogLevel.Warning, "The kept state {Name} is passed over for the one before it: {Reason}")]
    internal static partial void StatePassedOver(ILogger logger, string name, string reason);
}
