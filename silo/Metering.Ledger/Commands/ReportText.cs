using Metering.Ledger.Reading;

namespace Metering.Ledger.Commands;

/// <summary>What the command line says of what it found.</summary>
internal static class ReportText
{
    internal static string Of(ChainBreak broken) => broken.Reason switch
    {
        BreakReason.Missing => $"account {broken.Account}: entries are missing before sequence {broken.Sequence}",
        BreakReason.Changed => $"account {broken.Account}: sequence {broken.Sequence}, line {broken.Line} is not what was written",
    };
}
