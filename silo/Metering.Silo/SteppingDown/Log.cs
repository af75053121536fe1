using Microsoft.Extensions.Logging;

namespace Metering.Silo.SteppingDown;

/// <summary>What operators hear of silos that step down. Event ids 2300 to 2399.</summary>
internal static partial class Log
{
    [LoggerMessage(2300, LogLevel.Warning, "The journal's store is silent for {Seconds:F1} s, and no other silo hears from it as it should: this silo stays. {Asked} were asked.")]
    internal static partial void Stays(ILogger logger, double seconds, int asked);

    [LoggerMessage(2301, LogLevel.Warning, "Silo {Silo} is cut off from the journal's store and ends its process; it is declared dead.")]
    internal static partial void TookOver(ILogger logger, SiloAddress silo);

    [LoggerMessage(2302, LogLevel.Warning, "Silo {Silo} is cut off from the journal's store and ends its process, but could not be declared dead at once.")]
    internal static partial void NotTakenOver(ILogger logger, SiloAddress silo, Exception failure);
}
