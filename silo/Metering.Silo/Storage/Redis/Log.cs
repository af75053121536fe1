using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Metering.Silo.Storage.Redis;

internal static partial class Log
{
    [LoggerMessage(2201, LogLevel.Information, "Connected to Redis {Addresses} ({Connections} connections).")]
    public static partial void Connected(ILogger logger, string addresses, int connections);

    [LoggerMessage(
        2202,
        LogLevel.Warning,
        "Redis {Address} does not sync its file with every write (appendfsync {Sync}): when its machine dies, about the last second of what was acknowledged can be lost. " +
        "Silos that still run append it again; set appendfsync to always to be safe without them.")]
    public static partial void MayLoseTail(ILogger logger, string address, string sync);

    [LoggerMessage(2203, LogLevel.Warning, "Redis {Address} would forget what was charged, which the settings allow: {Faults}.")]
    public static partial void IsVolatile(ILogger logger, string address, string faults);

    [LoggerMessage(2204, LogLevel.Warning, "The connection to Redis {Address} is lost ({Failure}).")]
    public static partial void ConnectionLost(ILogger logger, string address, ConnectionFailureType failure, Exception? exception);

    [LoggerMessage(2205, LogLevel.Information, "The connection to Redis {Address} is there again.")]
    public static partial void ConnectionRestored(ILogger logger, string address);
}
