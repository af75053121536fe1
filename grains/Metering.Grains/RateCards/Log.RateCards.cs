using Microsoft.Extensions.Logging;

namespace Metering.Grains;

internal static partial class Log
{
    [LoggerMessage(300, LogLevel.Information, "Rate card {Card}: version {Version} published, in effect from {EffectiveFrom:O}.")]
    internal static partial void RateCardPublished(ILogger logger, string card, int version, DateTimeOffset effectiveFrom);

    [LoggerMessage(301, LogLevel.Error, "Rate card {Card}: version {Version} may not have been stored. The activation is given up.")]
    internal static partial void RateCardNotWritten(ILogger logger, string card, int version, Exception exception);

    [LoggerMessage(302, LogLevel.Warning, "Rate card {Card} could not be refreshed. When that lasts for the lead time, this silo stops pricing by it.")]
    internal static partial void RateCardNotRefreshed(ILogger logger, string card, Exception exception);
}
