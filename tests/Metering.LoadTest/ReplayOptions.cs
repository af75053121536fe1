using System.Globalization;

namespace Metering.LoadTest;

/// <summary>What to replay, where, and how fast.</summary>
internal sealed record ReplayOptions
{
    public required string TraceDirectory { get; init; }

    public required Uri Target { get; init; }

    public required int Accounts { get; init; }

    /// <summary>How many times faster than the trace calls are sent; null sends each as soon as a connection is free.</summary>
    public decimal? SpeedFactor { get; init; }

    /// <summary>Calls under way at once.</summary>
    public required int Concurrency { get; init; }

    /// <summary>Prefix of the ids; made from the trace when null, so that the same replay has the same ids.</summary>
    public string? Run { get; init; }

    /// <summary>The API key; null where none is needed.</summary>
    public string? Key { get; init; }

    /// <summary>How many of the earliest calls; all, when null.</summary>
    public int? Limit { get; init; }

    /// <summary>The sample that travels with this program.</summary>
    public static string SampleTraceDirectory => Path.Combine(AppContext.BaseDirectory, "data", "azure-llm-trace");

    /// <summary>Reads <c>flat</c> or a factor above 0.</summary>
    public static bool TryParseSpeed(string text, out decimal? factor)
    {
        factor = null;
        if (text == "flat")
        {
            return true;
        }

        var parsed = decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value > 0m;
        factor = parsed ? value : null;
        return parsed;
    }
}
