namespace Metering.LoadTest.Run;

/// <summary>A run and its verdict.</summary>
internal sealed record LoadReport(LoadPlan Plan, LoadRecord Record, LoadResult Result, LoadCheck Check)
{
    public static readonly IReadOnlyList<double> Percentiles = [50, 75, 90, 95, 99, 99.9, 99.99, 100];

    /// <summary>Whether everything acknowledged is there once, and everything sent has an outcome.</summary>
    public bool IsRight => Check.IsRight && Result.Open == 0;

    /// <summary><c>p99.9</c>, or <c>max</c>.</summary>
    public static string NameOf(double percentile) => percentile == 100 ? "max" : FormattableString.Invariant($"p{percentile}");

    /// <summary>0 when nothing was answered.</summary>
    public double Milliseconds(double percentile) => Record.Latency.TotalCount == 0 ? 0 : Record.Latency.GetValueAtPercentile(percentile) / 1_000d;
}
