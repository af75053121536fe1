using Microsoft.Extensions.Logging;

namespace Metering.Grains.Placement;

/// <summary>What operators hear of partitions changing hands. Event ids 1100 to 1199.</summary>
internal static partial class Log
{
    [LoggerMessage(1100, LogLevel.Information, "Handed over {Partitions} partitions in {Milliseconds:F0} ms.")]
    internal static partial void HandedOver(ILogger logger, int partitions, double milliseconds);

    [LoggerMessage(1101, LogLevel.Warning, "Some partitions could not be handed over in good order; their next owner claims them.")]
    internal static partial void NotHandedOver(ILogger logger, Exception failure);
}
