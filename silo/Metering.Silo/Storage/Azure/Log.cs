using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Azure;

internal static partial class Log
{
    [LoggerMessage(2201, LogLevel.Information, "Using Azure container {Container} for the {Store}.")]
    public static partial void Opened(ILogger logger, string container, string store);

    [LoggerMessage(2202, LogLevel.Warning, "The {Store} in Azure container {Container} cannot be reached at the start; what needs it fails until it can. {Reason}")]
    public static partial void AwayAtStart(ILogger logger, string store, string container, string reason);

    [LoggerMessage(2203, LogLevel.Error, "The {Store} in Azure container {Container} fails: {Reason}")]
    public static partial void Failing(ILogger logger, string store, string container, string reason);

    [LoggerMessage(2204, LogLevel.Information, "The {Store} in Azure container {Container} answers again.")]
    public static partial void Answers(ILogger logger, string store, string container);

    [LoggerMessage(2205, LogLevel.Debug, "Log {Journal} goes on in a new segment from record {First}.")]
    public static partial void Rolled(ILogger logger, string journal, long first);
}
