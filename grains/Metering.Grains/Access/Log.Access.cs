using Microsoft.Extensions.Logging;

namespace Metering.Grains;

internal static partial class Log
{
    [LoggerMessage(400, LogLevel.Error, "The keys may not have been stored. The activation is given up.")]
    internal static partial void KeysNotWritten(ILogger logger, Exception exception);
}
