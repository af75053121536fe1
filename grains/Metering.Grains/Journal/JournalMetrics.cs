using System.Diagnostics.Metrics;

namespace Metering.Grains.Journal;

/// <summary>What happens to the journal, measured per record and per event, never per entry. The meter's name is <c>Metering.Journal</c>; what it measures is listed in <c>k8s/README.md</c>.</summary>
/// <remarks>One meter for the process: a host has one silo, and a meter that nobody listens to costs a look at a field.</remarks>
public static class JournalMetrics
{
    private static readonly Meter Meter = new("Metering.Journal");

    private static readonly Histogram<double> CommitDuration = Meter.CreateHistogram(
        "metering.journal.commit.duration",
        "s",
        "From giving a record to the store until it is durable.",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });

    private static readonly Histogram<long> RecordSize = Meter.CreateHistogram(
        "metering.journal.record.size",
        "By",
        "Bytes of a committed record.",
        tags: null,
        new InstrumentAdvice<long> { HistogramBucketBoundaries = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304] });

    private static readonly Histogram<long> RecordAccounts = Meter.CreateHistogram(
        "metering.journal.record.accounts",
        "{account}",
        "Accounts with entries in a committed record.",
        tags: null,
        new InstrumentAdvice<long> { HistogramBucketBoundaries = [0, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] });

    private static readonly Counter<long> Openings = Meter.CreateCounter<long>("metering.journal.openings", "{opening}", "Partitions that this silo opened.");

    private static readonly Counter<long> Losses = Meter.CreateCounter<long>(
        "metering.journal.losses", "{loss}", "Partitions that this silo gave up, by reason: fenced, uncertain, closed, tail_lost.");

    private static readonly Counter<long> Quarantines = Meter.CreateCounter<long>(
        "metering.journal.quarantines", "{quarantine}", "Accounts, or whole partitions, that were closed because their log is damaged.");

    private static readonly Counter<long> TailLosses = Meter.CreateCounter<long>(
        "metering.journal.tail.losses", "{loss}", "Times that the store had lost committed records and they were appended again.");

    /// <summary>Tells of everything that may ever happen that it has not happened yet: rules ask by how much a count has grown, and one that begins with 1 has not.</summary>
    public static void CountFromZero()
    {
        Openings.Add(0);
        TailLosses.Add(0);
        Array.ForEach(Enum.GetValues<JournalLoss>(), static loss => Losses.Add(0, Reason(loss)));
        Quarantines.Add(0, OfAccount);
        Quarantines.Add(0, OfPartition);
    }

    internal static void Committed(TimeSpan duration, int bytes, int accounts)
    {
        CommitDuration.Record(duration.TotalSeconds);
        RecordSize.Record(bytes);
        RecordAccounts.Record(accounts);
    }

    internal static void Opened() => Openings.Add(1);

    internal static void Lost(JournalLoss loss) => Losses.Add(1, Reason(loss));

    internal static void QuarantinedAccount() => Quarantines.Add(1, OfAccount);

    internal static void QuarantinedPartition() => Quarantines.Add(1, OfPartition);

    internal static void TailLost() => TailLosses.Add(1);

    private static KeyValuePair<string, object?> OfAccount => KeyValuePair.Create("metering.scope", (object?)"account");

    private static KeyValuePair<string, object?> OfPartition => KeyValuePair.Create("metering.scope", (object?)"partition");

    private static KeyValuePair<string, object?> Reason(JournalLoss loss) => KeyValuePair.Create("metering.reason", (object?)Name(loss));

    private static string Name(JournalLoss loss) => loss switch
    {
        JournalLoss.Fenced => "fenced",
        JournalLoss.Uncertain => "uncertain",
        JournalLoss.Closed => "closed",
        JournalLoss.TailLost => "tail_lost",
    };
}
