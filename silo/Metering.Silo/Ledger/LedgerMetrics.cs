using System.Diagnostics.Metrics;

namespace Metering.Silo.Ledger;

/// <summary>What comes to the ledger, counted per batch. The meter's name is <c>Metering.Ledger</c>; how far the ledger is behind is told by <c>Metering.Silo</c>.</summary>
/// <remarks>One meter for the process, as a host has one silo.</remarks>
internal static class LedgerMetrics
{
    private static readonly Meter Meter = new("Metering.Ledger");

    private static readonly Counter<long> Entries = Meter.CreateCounter<long>("metering.ledger.entries", "{entry}", "Entries that were put into the ledger, those that a crash repeats included.");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>("metering.ledger.failures", "{failure}", "Times that the ledger could not be opened or could not take a batch.");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "metering.ledger.batch.duration",
        "s",
        "From handing a batch to the ledger until it is durable there.",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] });

    /// <summary>Tells of everything that may ever happen that it has not happened yet.</summary>
    internal static void CountFromZero()
    {
        Entries.Add(0);
        Failures.Add(0);
    }

    internal static void Took(int entries, TimeSpan duration)
    {
        Entries.Add(entries);
        Duration.Record(duration.TotalSeconds);
    }

    internal static void Failed() => Failures.Add(1);
}
