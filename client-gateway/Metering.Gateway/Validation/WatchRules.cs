namespace Metering.Gateway.Validation;

/// <summary>From where a watcher may go on.</summary>
internal static class WatchRules
{
    /// <param name="after">The sequence last seen; null for from now on.</param>
    /// <param name="faults">Where faults go.</param>
    public static void Check(long? after, Faults faults) => Shape.WholeNumber(faults, "after", after ?? 0, 0, long.MaxValue);
}
