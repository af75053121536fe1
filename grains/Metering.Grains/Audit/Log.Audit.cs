using Microsoft.Extensions.Logging;

namespace Metering.Grains;

internal static partial class Log
{
    [LoggerMessage(410, LogLevel.Error, "Entries may not have been written to the audit log; the changes they tell of are not made, or not acknowledged. The activation is given up.")]
    internal static partial void AuditNotWritten(ILogger logger, Exception exception);

    [LoggerMessage(411, LogLevel.Error, "Chunk {Chunk} of the audit log, the last, cannot be read. The log goes on after it; what was in it is missing.")]
    internal static partial void AuditChunkLost(ILogger logger, long chunk);

    [LoggerMessage(412, LogLevel.Warning, "What became of {Count} changes of administrators was not written to the audit log in time; they are noted as unknown")]
    internal static partial void AuditUnknown(ILogger logger, int count);

    [LoggerMessage(413, LogLevel.Information, "The audit log up to entry {Number} has the hash {Hash}")]
    internal static partial void AuditSealed(ILogger logger, long number, string hash);

    [LoggerMessage(414, LogLevel.Warning, "Old entries of the audit log could not be removed; it is tried again")]
    internal static partial void AuditNotRemoved(ILogger logger, Exception exception);
}
