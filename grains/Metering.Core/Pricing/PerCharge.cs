namespace Metering.Core.Pricing;

/// <summary>
/// Applied to a line's difference, in this order: at least <c>Minimum</c>, at most <c>Maximum</c>, then <c>Flat</c> on top. The only
/// part of a price that depends on how usage was split.
/// </summary>
internal sealed class PerCharge
{
    internal required decimal? Minimum { get; init; }
    internal required decimal? Maximum { get; init; }
    internal required decimal Flat { get; init; }

    internal decimal AtLeast(decimal difference) => Minimum is { } minimum && difference < minimum ? minimum : difference;

    internal decimal AtMost(decimal difference) => Maximum is { } maximum && difference > maximum ? maximum : difference;
}
