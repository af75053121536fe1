using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Embedded;

internal static partial class Log
{
    [LoggerMessage(2101, LogLevel.Information, "Opened {File}.")]
    public static partial void Opened(ILogger logger, string file);

    [LoggerMessage(2102, LogLevel.Information, "Closed {File}.")]
    public static partial void Closed(ILogger logger, string file);

    [LoggerMessage(2103, LogLevel.Error, "A transaction of {Operations} operations on {File} failed.")]
    public static partial void WriteFailed(ILogger logger, string file, int operations, Exception exception);

    [LoggerMessage(2104, LogLevel.Error, "Rolling back on {File} failed; the connection is opened anew.")]
    public static partial void RollbackFailed(ILogger logger, string file, Exception exception);

    [LoggerMessage(2105, LogLevel.Warning, "The write-ahead log of {File} could not be moved into it, and goes on growing.")]
    public static partial void CheckpointFailed(ILogger logger, string file, Exception exception);

    [LoggerMessage(2106, LogLevel.Warning, "A long read, perhaps of another program, holds the write-ahead log of {File}, which goes on growing.")]
    public static partial void WalHeld(ILogger logger, string file);

    [LoggerMessage(2107, LogLevel.Error, "A write of {Operations} operations into the journal in {Folder} failed.")]
    public static partial void JournalWriteFailed(ILogger logger, string folder, int operations, Exception exception);

    [LoggerMessage(2108, LogLevel.Information, "Moved the journal out of {File} into files of its own: {Records} records.")]
    public static partial void JournalMoved(ILogger logger, string file, long records);
}
