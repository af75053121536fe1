using Microsoft.Extensions.Logging;

namespace Metering.Grains;

internal static partial class Log
{
    [LoggerMessage(400, LogLevel.Error, "The keys may not have been stored. The activation is given up.")]
    internal static partial void KeysNotWritten(ILogger logger, Exception exception);

    [LoggerMessage(401, LogLevel.Debug, "The stored keys could not be read to compare: {Reason}")]
    internal static partial void KeysNotChecked(ILogger logger, string reason);

    [LoggerMessage(402, LogLevel.Warning, "The keys were written elsewhere; this activation of them gives up")]
    internal static partial void KeysWrittenElsewhere(ILogger logger);
}
