namespace Metering.Standalone;

internal static partial class Log
{
    [LoggerMessage(4000, LogLevel.Warning, "The sample could not be published as rate card {Card}: {Reason}")]
    internal static partial void SampleNotPublished(ILogger logger, string card, string reason);
}
