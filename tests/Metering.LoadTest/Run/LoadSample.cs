using HdrHistogram;

namespace Metering.LoadTest.Run;

/// <summary>What one process saw in about a second.</summary>
internal sealed record LoadSample
{
    public required int Process { get; init; }

    /// <summary>Since the start of the run.</summary>
    public required double FromSeconds { get; init; }

    public required double ToSeconds { get; init; }

    public required long Charged { get; init; }

    public required long Refused { get; init; }

    /// <summary>Whether it is left out of the totals.</summary>
    public required bool IsWarmUp { get; init; }

    /// <summary>Latencies, one for each charge made or not sent: microseconds and how many, in turns.</summary>
    public required long[] Latency { get; init; }
}

/// <summary>What one process counted over its whole run, warm-up included.</summary>
internal sealed record LoadResult
{
    /// <summary>By the server's code.</summary>
    public required IReadOnlyDictionary<string, long> Refused { get; init; }

    /// <summary>Calls sent again because their outcome was unknown.</summary>
    public required long Resent { get; init; }

    /// <summary>Charges answered as a repeat: an attempt before, ours or a gateway's own, had landed.</summary>
    public required long Repeated { get; init; }

    /// <summary>Charges whose outcome stayed unknown.</summary>
    public required long Open { get; init; }

    /// <summary>Charges that were due and not sent by the end.</summary>
    public required long Unsent { get; init; }

    /// <summary>Latencies of refused charges, from sending to the answer: microseconds and how many, in turns.</summary>
    public required long[] RefusalLatency { get; init; }

    /// <summary>Processor time the client itself took.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>How long so many percent of the refusals took at most; 0 when there are none.</summary>
    public double RefusalMilliseconds(double percentile)
    {
        var latency = LoadMeter.NewHistogram();
        LatencyPairs.AddTo(latency, RefusalLatency);
        return latency.TotalCount == 0 ? 0 : latency.GetValueAtPercentile(percentile) / 1_000d;
    }

    public LoadResult Plus(LoadResult other) => new()
    {
        Refused = Refused.Concat(other.Refused).GroupBy(pair => pair.Key).ToDictionary(code => code.Key, code => code.Sum(pair => pair.Value)),
        Resent = Resent + other.Resent,
        Repeated = Repeated + other.Repeated,
        Open = Open + other.Open,
        Unsent = Unsent + other.Unsent,
        RefusalLatency = [.. RefusalLatency, .. other.RefusalLatency],
        CpuSeconds = CpuSeconds + other.CpuSeconds,
    };
}

/// <summary>Histograms between processes: the buckets that hold anything.</summary>
internal static class LatencyPairs
{
    public static long[] Of(HistogramBase histogram) =>
        [.. histogram.RecordedValues().SelectMany(bucket => new[] { bucket.ValueIteratedTo, bucket.CountAtValueIteratedTo })];

    public static void AddTo(HistogramBase histogram, long[] pairs)
    {
        for (var i = 0; i + 1 < pairs.Length; i += 2)
        {
            histogram.RecordValueWithCount(Math.Min(pairs[i], LoadMeter.MaxLatencyMicroseconds), pairs[i + 1]);
        }
    }
}
