using System.Diagnostics;
using System.Diagnostics.Metrics;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Telemetry;

/// <summary>
/// What became of charges: how many, by outcome, and of batches how large they were and how long they took. The meter's name is <c>Metering.Gateway</c>. Counted once per call and per batch, and
/// nothing of an account or a meter is in a label.
/// </summary>
internal static class ChargeMetrics
{
    private static readonly Meter Meter = new("Metering.Gateway");

    private static readonly Counter<long> Charges = Meter.CreateCounter<long>(
        "metering.charges", "{charge}", "Charges answered, by outcome: charged, replayed, or the code of the refusal.");

    private static readonly Histogram<double> BatchDuration = Meter.CreateHistogram(
        "metering.charge.batch.duration",
        "s",
        "From a batch that was read to all its answers.",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });

    private static readonly Histogram<long> BatchSize = Meter.CreateHistogram(
        "metering.charge.batch.size",
        "{charge}",
        "Charges of a batch.",
        tags: null,
        new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] });

    private static readonly Histogram<int> MessageSize = Meter.CreateHistogram(
        "metering.lane.message.size",
        "{charge}",
        "Charges of a message to a silo: how well callers share what a message costs.",
        tags: null,
        new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2048] });

    private const int Charged = 0;
    private const int Replayed = 1;
    private const int FirstCode = 2;

    /// <summary>The outcomes as labels, made once.</summary>
    private static readonly KeyValuePair<string, object?>[] Outcomes =
        [.. Enum.GetValues<Code>().Select(WireNames.Of).Prepend("replayed").Prepend("charged").Select(static outcome => KeyValuePair.Create("metering.outcome", (object?)outcome))];

    /// <summary>Counts a message to a silo.</summary>
    public static void Sent(int charges) => MessageSize.Record(charges);

    /// <summary>Counts one charge's answer, and hands it on.</summary>
    public static Answer<ChargeReply> Counted(Answer<ChargeReply> answer)
    {
        Charges.Add(1, Outcomes[OutcomeOf(answer)]);
        return answer;
    }

    /// <summary>Counts a batch's answers.</summary>
    /// <param name="answers">All of them.</param>
    /// <param name="begunAt">When it was read, by <see cref="Stopwatch.GetTimestamp"/>.</param>
    public static void Count(ReadOnlySpan<Answer<ChargeReply>> answers, long begunAt)
    {
        BatchDuration.Record(Stopwatch.GetElapsedTime(begunAt).TotalSeconds);
        BatchSize.Record(answers.Length);
        if (!Charges.Enabled)
        {
            return;
        }

        Span<int> counts = stackalloc int[Outcomes.Length];
        counts.Clear();
        foreach (ref readonly var answer in answers)
        {
            counts[OutcomeOf(answer)]++;
        }

        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] > 0)
            {
                Charges.Add(counts[i], Outcomes[i]);
            }
        }
    }

    private static int OutcomeOf(in Answer<ChargeReply> answer) =>
        answer.Refusal is { } refusal ? FirstCode + (int)refusal.Code : answer.Reply is { Replayed: true } ? Replayed : Charged;
}
